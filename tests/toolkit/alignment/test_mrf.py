"""The chain MRF against brute force, and its limits (MODELS.md 1.6)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.alignment.mrf import UNSCORED, smooth, spread
from vsa_toolkit.errors import DataError, UserError

BETAS = (0.0, 0.1, 0.5, 1.0, 3.0, 100.0)


def energy(scores: np.ndarray, labels, beta: float) -> float:
    unary = sum(scores[j, a] for j, a in enumerate(labels))
    return unary + beta * sum(a == b for a, b in itertools.pairwise(labels))


@pytest.mark.parametrize("seed", range(300))
def test_the_assignment_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    words, regions = rng.integers(1, 7), rng.integers(1, 5)
    scores, beta = rng.normal(size=(words, regions)), BETAS[seed % len(BETAS)]
    best = max(energy(scores, labels, beta) for labels in itertools.product(range(regions), repeat=words))
    assert energy(scores, smooth(scores, beta=beta), beta) == pytest.approx(best)


chains = st.builds(
    lambda seed, words, regions: np.random.default_rng(seed).normal(size=(words, regions)).astype(np.float32),
    st.integers(0, 9999),
    st.integers(1, 12),
    st.integers(1, 8),
)


@given(chains)
def test_without_smoothing_each_word_takes_its_best_region(scores: np.ndarray) -> None:
    np.testing.assert_array_equal(smooth(scores, beta=0), scores.argmax(axis=1))


@given(chains, st.sampled_from([1e4, 1e30, float("inf")]))
def test_with_endless_smoothing_the_sentence_takes_the_region_with_the_largest_sum(
    scores: np.ndarray, beta: float
) -> None:
    region = scores.sum(axis=0, dtype=np.float64).argmax()
    np.testing.assert_array_equal(smooth(scores, beta=beta), region)


@given(chains)
def test_more_smoothing_never_means_more_changes(scores: np.ndarray) -> None:
    changes = [np.count_nonzero(np.diff(smooth(scores, beta=beta))) for beta in (0, 0.25, 0.5, 1, 2, 4, 8)]
    assert changes == sorted(changes, reverse=True)


@given(chains, st.floats(0, 5))
def test_scaling_scores_and_beta_together_changes_nothing(scores: np.ndarray, beta: float) -> None:
    np.testing.assert_array_equal(smooth(scores * 4, beta=beta * 4), smooth(scores, beta=beta))


@settings(max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 9999), st.sampled_from(BETAS))
def test_sentences_together_come_out_as_one_by_one(lengths: list[int], seed: int, beta: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(sum(lengths), 4))
    scores[rng.random(len(scores)) < 0.2] = np.nan
    parts = np.split(scores, np.cumsum(lengths)[:-1])
    alone = np.concatenate([smooth(part, beta=beta) for part in parts])
    np.testing.assert_array_equal(smooth(scores, lengths, beta), alone)


def test_a_weak_word_follows_its_neighbours() -> None:
    scores = np.array([[5.0, 0.0], [0.0, 0.3], [5.0, 0.0]])
    assert smooth(scores, beta=0).tolist() == [0, 1, 0]
    assert smooth(scores, beta=0.2).tolist() == [0, 0, 0]


def test_words_without_a_score_are_passed_over() -> None:
    scores = np.array([[5.0, 0.0], [np.nan, np.nan], [0.0, 0.3], [np.nan, np.nan]])
    assert smooth(scores, beta=0.2).tolist() == [0, UNSCORED, 1, UNSCORED]
    assert smooth(scores, beta=0.4).tolist() == [0, UNSCORED, 0, UNSCORED]


def test_a_sentence_without_any_score_has_no_regions() -> None:
    assert smooth(np.full((3, 2), np.nan), beta=1).tolist() == [UNSCORED] * 3
    assert smooth(np.zeros((0, 2)), [0, 0], beta=1).tolist() == []


def test_regions_that_are_not_there_are_never_chosen() -> None:
    scores = np.array([[-3.0, -1.0, np.nan], [-1.0, -2.0, np.nan], [-9.0, -9.5, -1.0]])
    assert smooth(scores, [2, 1], beta=0).tolist() == [1, 0, 2]
    assert smooth(scores, [2, 1], beta=np.inf).tolist() == [1, 1, 2]


def test_a_tie_stays_and_then_takes_the_lowest_region() -> None:
    assert smooth(np.zeros((4, 3)), beta=0).tolist() == [0, 0, 0, 0]
    assert smooth(np.array([[0.0, 1.0], [1.0, 1.0]]), beta=0).tolist()[0] == 1
    assert smooth(np.array([[2.0, 0.0], [0.0, 1.0]]), beta=1).tolist() == [0, 0]


def test_a_negative_beta_and_infinite_scores_are_refused() -> None:
    with pytest.raises(UserError, match="β must be 0 or more"):
        smooth(np.zeros((2, 2)), beta=-0.1)
    with pytest.raises(UserError, match="β must be 0 or more"):
        smooth(np.zeros((2, 2)), beta=float("nan"))
    with pytest.raises(DataError, match="word 1 has an infinite score"):
        smooth(np.array([[0.0], [np.inf]]), beta=1)
    with pytest.raises(DataError, match="as many tokens"):
        smooth(np.zeros((3, 2)), [2], beta=1)


def test_the_spread_is_the_standard_deviation_of_the_scores_that_are_there() -> None:
    assert spread(np.array([[1.0, 3.0, np.nan], [np.nan] * 3])) == 1.0
    assert spread(np.full((2, 2), np.nan)) == 0.0
