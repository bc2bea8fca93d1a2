"""Phrases that say of one region what another phrase says of it already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.near_duplicates import likeness, most_similar, similarity

BOX = (10.0, 10.0, 20.0, 20.0)
NEAR = (11.0, 10.0, 20.0, 20.0)
FAR = (60.0, 60.0, 20.0, 20.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a red ball", "the red ball"), ("red ball", "Red balls!"), ("a dog runs", "runs, a dog"), ("🐕", "🐕"),
        ("棕色的小狗", "棕色的狗"), ("كلب بني", "كلب بني"),
    ],
)  # fmt: skip
def test_the_same_words_or_nearly_are_alike(one: str, other: str) -> None:
    assert similarity(one, other) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a man", "a woman"), ("left hand", "right hand"), ("man in a red shirt", "man in a blue shirt"),
        ("cat", "cut"), ("🐕", "🎾"), ("a", "the"), ("", "x"),
    ],
)  # fmt: skip
def test_other_things_are_not_near_duplicates(one: str, other: str) -> None:
    assert not likeness(one, BOX, other, BOX).is_near_duplicate


def test_the_same_words_elsewhere_are_no_duplicate() -> None:
    assert likeness("a dog", BOX, "the dog", NEAR).is_near_duplicate
    assert not likeness("a dog", BOX, "the dog", FAR).is_near_duplicate


def test_the_most_similar_of_none_is_nothing() -> None:
    assert most_similar("a dog", []) == 0
    assert most_similar("a dog", ["a cat", "the dogs"]) == 1


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_stays_within_bounds_and_is_one_with_itself(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1
