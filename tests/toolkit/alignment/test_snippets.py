"""Runs of words on one region, and their texts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.alignment.mrf import UNSCORED
from vsa_toolkit.alignment.snippets import Stretch, sentence_snippets, stop_words, stretches
from vsa_toolkit.errors import DataError
from vsa_toolkit.records import Sentence
from vsa_toolkit.text import words

U = UNSCORED


def scores_for(labels: list[int], value: float = 1.0) -> np.ndarray:
    scores = np.zeros((len(labels), 5))
    for word, region in enumerate(labels):
        scores[word] = np.nan if region == U else scores[word]
        if region != U:
            scores[word, region] = value
    return scores


def spans(labels: list[int], **options) -> list[tuple[int, int, int]]:
    return [(s.region, s.start, s.end) for s in stretches(scores_for(labels), labels, **options)]


def test_a_run_ends_where_the_region_changes_and_a_region_may_own_several() -> None:
    assert spans([0, 0, 3, 0]) == [(0, 0, 2), (3, 2, 3), (0, 3, 4)]


def test_a_word_without_a_score_belongs_to_a_run_only_between_two_of_its_words() -> None:
    assert spans([U, 1, U, 1, U, 2, U]) == [(1, 1, 4), (2, 5, 6)]


def test_a_sentence_without_scored_words_has_no_snippet() -> None:
    assert spans([U, U]) == []
    assert spans([]) == []


def test_the_score_is_the_mean_of_the_scored_words() -> None:
    scores = np.array([[1.0, 9.0], [np.nan, np.nan], [4.0, 9.0]])
    assert stretches(scores, [0, U, 0]) == [Stretch(0, 0, 3, 2.5)]


def test_short_and_weak_runs_can_be_left_out() -> None:
    assert spans([0, 0, 3, 1, U, 1], min_words=2) == [(0, 0, 2), (1, 3, 6)]
    scores = np.array([[1.0, 0.0], [0.0, -2.0]])
    assert [s.region for s in stretches(scores, [0, 1], min_score=0.0)] == [0]


def test_runs_of_stop_words_can_be_left_out() -> None:
    tokens = ["a", "dog", "on", "the", "grass"]
    assert spans([1, 1, 2, 2, 3], tokens=tokens, drop=stop_words()) == [(1, 0, 2), (3, 4, 5)]
    assert len(spans([1, 1, 2, 2, 3], tokens=tokens)) == 3
    with pytest.raises(DataError, match="takes the sentence's tokens"):
        spans([1, 1], drop=stop_words())


def test_stop_words_are_tokens_that_name_nothing() -> None:
    assert {"a", "the", "of", "is", "with"} <= stop_words()
    assert not {"dog", "red", "man", "two", "standing"} & stop_words()
    assert all(words(word) == [word] for word in stop_words())


@given(st.lists(st.integers(U, 3), max_size=15))
def test_every_scored_word_is_in_exactly_one_run(labels: list[int]) -> None:
    found = spans(labels)
    for word, region in enumerate(labels):
        owners = [r for r, start, end in found if start <= word < end]
        assert owners == [region] if region != U else len(owners) <= 1
    for (before, _, end), (after, start, _) in itertools.pairwise(found):
        assert end <= start
        assert before != after


def test_snippets_are_cut_from_the_sentences_own_text() -> None:
    sentences = [Sentence(11, 1, 0, "A brown dog, on grass."), Sentence(12, 2, 0, "Two men!")]
    labels = [1, 1, 1, 0, 0, 2, 2]
    found = sentence_snippets(scores_for(labels), [5, 2], sentences, {1: [10, 20], 2: [30, 40, 50]})
    assert [(s.sentence_id, s.region_id, s.text) for s in found] == [
        (11, 20, "A brown dog"),
        (11, 10, "on grass"),
        (12, 50, "Two men"),
    ]
    assert all(s.text == t.text[s.start : s.end] for s in found for t in sentences if t.id == s.sentence_id)


def test_smoothing_joins_snippets() -> None:
    scores = np.array([[2.0, 0.0], [0.0, 0.5], [2.0, 0.0]])
    sentence = [Sentence(1, 1, 0, "brown and white")]
    assert len(sentence_snippets(scores, [3], sentence, {1: [7, 8]})) == 3
    assert [s.text for s in sentence_snippets(scores, [3], sentence, {1: [7, 8]}, 1.0)] == ["brown and white"]


def test_word_scores_of_another_tokenising_are_refused_by_sentence() -> None:
    with pytest.raises(DataError, match="sentence 9 has 2 tokens, but word scores for 3"):
        sentence_snippets(np.zeros((3, 1)), [3], [Sentence(9, 1, 0, "two words")], {1: [1]})
