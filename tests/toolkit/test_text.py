from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.text import letters_and_digits, tokenise, words


def test_words_are_lower_case_letters_and_digits() -> None:
    assert words("A black-and-white dog's 2nd ball .") == ["a", "black", "and", "white", "dogs", "2nd", "ball"]


def test_underscores_and_punctuation_separate() -> None:
    assert words('a_b "c", (d)!') == ["a", "b", "c", "d"]


@given(st.text())
def test_spans_are_in_order_and_hold_their_token(sentence: str) -> None:
    end = 0
    for token in tokenise(sentence):
        assert token.start >= end
        assert sentence[token.start : token.end].replace("'", "").lower() == token.text
        end = token.end


def test_letters_and_digits_forget_spacing_case_and_punctuation() -> None:
    assert letters_and_digits("A T-shirt , red .") == letters_and_digits("a tshirt, Red")


def test_other_scripts_have_words_too() -> None:
    assert words("Ein Mädchen läuft, собака лежит") == ["ein", "mädchen", "läuft", "собака", "лежит"]
