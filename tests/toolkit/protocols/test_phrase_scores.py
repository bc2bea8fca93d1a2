from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.alignment.mrf import smooth
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.protocols.phrase_scores import phrase_scores
from vsa_toolkit.protocols.phrases import read_phrases

from .conftest import make_split

SCORES = np.arange(24, dtype=np.float32).reshape(6, 4) % 7


def test_a_phrase_is_the_sum_mean_or_best_of_its_words(split):
    phrases = read_phrases(split)
    for reduce, function in (("sum", np.sum), ("mean", np.mean), ("max", np.max)):
        table = phrase_scores(SCORES, phrases, reduce)
        assert table == pytest.approx(np.array([function(SCORES[0:2], axis=0), function(SCORES[3:6], axis=0)]))


def test_words_without_a_fragment_count_for_nothing(split):
    scores = SCORES.copy()
    scores[3] = np.nan
    phrases = read_phrases(split)
    assert phrase_scores(scores, phrases, "sum")[1] == pytest.approx(SCORES[4:6].sum(axis=0))
    assert phrase_scores(scores, phrases, "mean")[1] == pytest.approx(SCORES[4:6].mean(axis=0))
    assert phrase_scores(scores, phrases, "max")[1] == pytest.approx(SCORES[4:6].max(axis=0))


def test_a_phrase_without_any_scored_word_gets_no_preference(split):
    scores = SCORES.copy()
    scores[0:2] = np.nan
    for reduce in ("sum", "mean", "max"):
        for beta in (0.0, 1.0):
            assert phrase_scores(scores, read_phrases(split), reduce, beta)[0].tolist() == [0, 0, 0, 0]


LABELLINGS = np.array(list(product(range(4), repeat=6)))


@given(st.lists(st.integers(-9, 9), min_size=24, max_size=24), st.sampled_from([0.0, 0.5, 1.0, 3.0, 50.0]))
def test_smoothed_scores_are_those_of_the_best_labelling_with_the_phrase_on_one_region(values, beta):
    scores = np.array(values, dtype=np.float32).reshape(6, 4)
    phrases = read_phrases(make_split())
    worth = scores[np.arange(6), LABELLINGS].sum(axis=1)
    worth += beta * (LABELLINGS[:, 1:] == LABELLINGS[:, :-1]).sum(axis=1)
    table = phrase_scores(scores, phrases, "sum", beta)
    for row, (start, stop) in enumerate(phrases.tokens):
        best = np.array([worth[(LABELLINGS[:, start:stop] == region).all(axis=1)].max() for region in range(4)])
        assert table[row] - table[row].max() == pytest.approx(best - best.max(), abs=1e-4)


@given(st.lists(st.floats(-9, 9, width=32), min_size=24, max_size=24), st.floats(0, 5), st.integers(0, 5))
def test_a_phrase_of_one_word_goes_where_viterbi_puts_the_word(values, beta, silent):
    split = make_split()
    spans = [(0, 1), (2, 5), (7, 10), (11, 12), (13, 18), (19, 22)]
    one_word = [replace(split.groundings[0], start=a, end=b) for a, b in spans]
    phrases = read_phrases(replace(split, groundings=one_word))
    scores = np.array(values, dtype=np.float32).reshape(6, 4)
    scores[silent] = np.nan
    table = phrase_scores(scores, phrases, "sum", beta)
    for word, label in enumerate(smooth(scores, beta=beta)):
        if word != silent:
            assert table[word, label] == pytest.approx(table[word].max(), abs=1e-4)


def test_smoothing_never_crosses_from_one_sentence_to_the_next():
    scores = np.random.default_rng(0).normal(size=(18, 4))
    three = phrase_scores(scores, read_phrases(make_split(images=3)), beta=0.7)
    for image in range(3):
        own = phrase_scores(scores[6 * image : 6 * image + 6], read_phrases(make_split()), beta=0.7)
        assert three[2 * image : 2 * image + 2] == pytest.approx(own)


def test_no_smoothing_is_the_limit_of_a_small_beta(split):
    phrases = read_phrases(split)
    plain, little = phrase_scores(SCORES, phrases), phrase_scores(SCORES, phrases, beta=1e-6)
    assert little == pytest.approx(plain, abs=1e-4)


def test_word_scores_of_another_split_are_refused(split):
    with pytest.raises(DataError, match=r"6 tokens × 4 regions.*not 5 × 4"):
        phrase_scores(SCORES[:5], read_phrases(split))


def test_infinite_scores_and_holes_are_refused(split):
    bad = SCORES.copy()
    bad[2, 2] = np.inf
    with pytest.raises(DataError, match="1 word scores are infinite"):
        phrase_scores(bad, read_phrases(split))
    bad[2, 2] = np.nan
    with pytest.raises(DataError, match=r"1 of 6 tokens .* the first is token 2"):
        phrase_scores(bad, read_phrases(split))


def test_an_unknown_reduction_and_a_negative_beta_are_refused(split):
    with pytest.raises(UserError, match="not the 'median'"):
        phrase_scores(SCORES, read_phrases(split), "median")
    with pytest.raises(UserError, match="β must be 0 or more"):
        phrase_scores(SCORES, read_phrases(split), beta=-1)
