import pytest

from vsa_toolkit.parse import ROOT, ParsedSentence, bigrams


def test_a_parsed_sentence_is_its_tokens() -> None:
    parsed = ParsedSentence(["a", "red", "ball"], [2, 2, ROOT], ["det", "amod", "root"])
    assert list(parsed) == ["a", "red", "ball"]
    assert parsed.heads == (2, 2, -1)
    assert parsed.relations[1] == "amod"


def test_as_many_heads_as_tokens() -> None:
    with pytest.raises(ValueError, match="3 tokens, 2 heads"):
        ParsedSentence(["a", "red", "ball"], [2, 2], ["det", "amod", "root"])


def test_in_bigrams_a_word_hangs_on_the_word_before_it() -> None:
    assert bigrams(["a", "dog", "runs"]).heads == (ROOT, 0, 1)
    assert bigrams([]) == ()
