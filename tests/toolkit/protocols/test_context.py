from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vsa_toolkit.protocols.context import rival, shares, support
from vsa_toolkit.protocols.phrases import read_phrases

from .conftest import make_split


@pytest.fixture
def phrases():
    return read_phrases(make_split("val", 3))


def test_a_rival_is_the_best_of_the_other_phrases_of_the_sentence(phrases):
    scores = np.random.default_rng(0).normal(size=(6, 4))
    expected = [
        [max(scores[q, r] for q in range(6) if q != p and phrases.sentence[q] == phrases.sentence[p]) for r in range(4)]
        for p in range(6)
    ]
    np.testing.assert_allclose(rival(phrases, scores), expected)


def test_of_equal_phrases_each_is_the_others_rival(phrases):
    np.testing.assert_array_equal(rival(phrases, np.ones((6, 4))), 1)


def test_a_phrase_that_is_alone_in_its_sentence_has_no_rival():
    split = make_split("val", 1)
    alone = read_phrases(replace(split, groundings=split.groundings[:1]))
    np.testing.assert_array_equal(rival(alone, np.full((1, 4), 5.0)), 0)


def test_support_is_the_mean_of_overlapping_regions_by_squared_iou(phrases):
    scores = np.random.default_rng(1).normal(size=(6, 4))
    boxes = phrases.regions.boxes[0]

    def iou(a, b):
        w = max(0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
        h = max(0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
        return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)

    weights = np.array([[iou(a, b) ** 2 for b in boxes] for a in boxes])
    np.testing.assert_allclose(support(phrases, scores)[0], weights @ scores[0] / weights.sum(axis=1))


def test_shares_of_a_phrase_sum_to_one(phrases):
    found = shares(phrases, np.random.default_rng(2).normal(size=(6, 4)))
    np.testing.assert_allclose(found.sum(axis=1), 1)
