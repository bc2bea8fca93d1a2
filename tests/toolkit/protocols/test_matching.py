from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.boxes import iou
from vsa_toolkit.errors import DataError
from vsa_toolkit.protocols.matching import assign, check_boxes, match, merge, overlaps

sides = st.floats(0.5, 40, allow_nan=False)
boxes = st.tuples(sides, sides, sides, sides)


@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, min_size=1, max_size=4))
def test_overlaps_are_those_of_each_pair(one, other):
    table = overlaps(np.array(one), np.array(other))
    assert table == pytest.approx(np.array([[iou(a, b) for b in other] for a in one]))


@settings(max_examples=150)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10_000))
def test_no_other_assignment_is_worth_more(rows, columns, seed):
    benefit = np.random.default_rng(seed).integers(0, 6, size=(rows, columns)) / 5
    found = assign(benefit)
    assert len(found) == min(rows, columns)
    assert len({a for a, _ in found}) == len({b for _, b in found}) == len(found)
    small, large = min(rows, columns), max(rows, columns)
    table = benefit if rows <= columns else benefit.T
    best = max(sum(table[i, c] for i, c in enumerate(chosen)) for chosen in permutations(range(large), small))
    assert sum(benefit[a, b] for a, b in found) == pytest.approx(best)


def test_a_greedy_choice_that_costs_the_others_is_not_made():
    assert assign(np.array([[0.9, 0.8], [0.8, 0.1]])) == [(0, 1), (1, 0)]


def test_boxes_below_the_threshold_stay_alone():
    one, other = [(0, 0, 10, 10), (50, 50, 10, 10)], [(0, 0, 10, 12), (80, 80, 10, 10)]
    assert [(a, b) for a, b, _ in match(one, other, 0.5)] == [(0, 0)]
    assert match(one, other, 0.9) == []
    assert match([], other, 0.5) == []


def test_the_box_with_most_neighbours_takes_them_with_it():
    chain = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [2, 0, 10, 10], [40, 40, 5, 5]], float)
    assert merge(chain, 0.7) == [[0, 1, 2], [3]]  # the middle one is near both
    assert merge(chain, 0.95) == [[0], [1], [2], [3]]
    assert merge(np.empty((0, 4)), 0.7) == []


def test_boxes_of_another_convention_are_refused_saying_which():
    sizes = [(200, 100)] * 20
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 60, size=(20, 2))
    corners = np.hstack([low, low + rng.uniform(10, 40, size=(20, 2))])
    with pytest.raises(DataError, match=r"of 20 regions are empty, not finite or beyond their photo.*look like x1 y1"):
        check_boxes([tuple(box) for box in np.hstack([low + 20, low + 38])], sizes, "regions")
    with pytest.raises(DataError, match="look like fractions"):
        check_boxes([tuple(box / 200) for box in corners], sizes, "regions")
    with pytest.raises(DataError, match=r"1 of 1 regions.*the first is \(5, 5, nan, 5\)"):
        check_boxes([(5, 5, float("nan"), 5)], [(200, 100)], "regions")
    check_boxes([(0, 0, 200, 100)], [(200, 100)], "regions")
