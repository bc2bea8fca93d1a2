from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.metrics.holm import groups, holm


def test_holm_adjusts_as_in_the_paper():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_no_correction_and_bonferroni(p_values):
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        assert p <= adjusted <= min(1, p * len(p_values)) + 1e-12


@given(st.sets(st.sampled_from([frozenset(p) for p in combinations("abcde", 2)])))
def test_rows_share_a_letter_exactly_where_they_do_not_differ(different):
    differ = {frozenset(p): frozenset(p) in different for p in combinations("abcde", 2)}
    letters = groups("abcde", differ)
    for pair, differs in differ.items():
        one, other = pair
        assert differs == (not set(letters[one]) & set(letters[other]))
    assert "A" in letters["a"]
