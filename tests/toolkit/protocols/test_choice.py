from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.protocols.choice import hit_within, share_of_best


def drawn_by_hand(scores: list[int], allowed: list[bool], hit: list[bool], k: int) -> float:
    """The mean over all orders in which ties may stand."""
    regions = [i for i, open_ in enumerate(allowed) if open_]
    orders = [o for o in permutations(regions) if all(scores[a] >= scores[b] for a, b in pairwise(o))]
    return float(np.mean([any(hit[i] for i in order[:k]) for order in orders])) if regions else 0.0


@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=6), st.integers(1, 6)
)  # fmt: skip
def test_ties_are_drawn_at_random_whatever_the_number_of_guesses(regions, k):
    scores, allowed, hit = (list(column) for column in zip(*regions))
    found = hit_within(np.array([scores], float), np.array([allowed]), np.array([hit]), k)[0]
    assert found == pytest.approx(drawn_by_hand(scores, allowed, hit, k))
    if k == 1:
        share = share_of_best(np.array([scores], float), np.array([allowed]))
        assert (share * np.array([hit])).sum() == pytest.approx(found)


def test_more_guesses_never_hit_less():
    rng = np.random.default_rng(0)
    scores, hit = rng.integers(4, size=(50, 12)).astype(float), rng.random((50, 12)) < 0.2
    allowed = rng.random((50, 12)) < 0.8
    within = [hit_within(scores, allowed, hit, k) for k in range(1, 13)]
    assert all((later >= earlier - 1e-12).all() for earlier, later in pairwise(within))
    assert within[-1] == pytest.approx((allowed & hit).any(axis=1).astype(float))
