from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.kendall import count_pairs

items = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=3, max_size=40)


@given(items)
def test_pairs_are_those_that_a_look_at_all_of_them_finds(found):
    first, second = (np.array(side, float) for side in zip(*found))
    if len(set(first)) < 2 or len(set(second)) < 2:
        return
    signs = [
        (np.sign(first[i] - first[j]), np.sign(second[i] - second[j])) for i, j in combinations(range(len(first)), 2)
    ]
    pairs = count_pairs(first, second)
    assert pairs.concordant == sum(a * b > 0 for a, b in signs)
    assert pairs.discordant == sum(a * b < 0 for a, b in signs)
    assert (pairs.tied_first, pairs.tied_second) == (sum(a == 0 for a, _ in signs), sum(b == 0 for _, b in signs))
    swapped = count_pairs(second, first)
    assert (swapped.tau_b, swapped.tau_c) == pytest.approx((pairs.tau_b, pairs.tau_c))


def test_both_taus_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed: the other implementation")
    rng = np.random.default_rng(0)
    judged = rng.integers(1, 5, size=500)
    scored = np.round(judged + rng.normal(size=500), 1)
    found = count_pairs(judged, scored)
    assert found.tau_b == pytest.approx(stats.kendalltau(judged, scored, variant="b")[0])
    assert found.tau_c == pytest.approx(stats.kendalltau(judged, scored, variant="c")[0])


def test_the_same_order_is_one_and_the_opposite_minus_one():
    assert count_pairs(np.arange(5), np.arange(5)).tau_b == pytest.approx(1)
    assert count_pairs(np.arange(5), -np.arange(5)).tau_c == pytest.approx(-1)


def test_what_has_no_order_is_refused():
    with pytest.raises(DataError, match="judgements are the same"):
        count_pairs(np.ones(3), np.arange(3))
    with pytest.raises(DataError, match="3 scores and 2 judgements"):
        count_pairs(np.arange(3), np.arange(2))
    with pytest.raises(DataError, match="finite"):
        count_pairs(np.array([1, np.nan]), np.array([1, 2]))
