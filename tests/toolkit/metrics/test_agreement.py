from __future__ import annotations

import numpy as np
import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.agreement import alpha
from vsa_toolkit.metrics.resampling import bootstrap, observed


def differ(one: int, other: int) -> float:
    return float(one != other)


def nominal_alpha(units: list[list[int]]) -> float:
    """Krippendorff's α for nominal data straight from the coincidence matrix."""
    values = sorted({v for unit in units for v in unit})
    place = {v: i for i, v in enumerate(values)}
    table = np.zeros((len(values), len(values)))
    for unit in units:
        for i, a in enumerate(unit):
            for j, b in enumerate(unit):
                if i != j:
                    table[place[a], place[b]] += 1 / (len(unit) - 1)
    counts = table.sum(axis=1)
    total = counts.sum()
    expected = (total**2 - (counts**2).sum()) / (total * (total - 1))
    return float(1 - (1 - np.trace(table) / total) / expected)


def test_for_nominal_values_it_is_the_textbooks_alpha():
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=400)
    units = [[int(t if rng.random() < 0.7 else rng.integers(4)) for _ in range(rng.integers(2, 4))] for t in truth]
    found = observed(alpha(units, differ, seed=1, pairs=20_000))
    assert found == pytest.approx(nominal_alpha(units), abs=0.015)


def test_agreement_is_one_and_chance_is_nothing():
    rng = np.random.default_rng(0)
    same = [[int(v)] * 3 for v in rng.integers(5, size=50)]
    drawn = [[int(v) for v in rng.integers(5, size=3)] for _ in range(400)]
    assert observed(alpha(same, differ)) == 1
    assert observed(alpha(drawn, differ, pairs=10_000)) == pytest.approx(0, abs=0.05)


def test_units_with_one_value_say_nothing():
    units = [[1, 1], [2, 3], [4, 4]]
    assert observed(alpha([*units, [5], []], differ)) == observed(alpha(units, differ))


def test_it_is_resampled_by_unit():
    rng = np.random.default_rng(0)
    units = [[int(v), int(v if rng.random() < 0.6 else rng.integers(5))] for v in rng.integers(5, size=200)]
    found = bootstrap({"alpha": alpha(units, differ)}, 200, seed=0)["alpha"]
    assert found.low < found.value < found.high
    assert 0.05 < found.high - found.low < 0.3


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="two photos that two annotators"):
        alpha([[1, 1], [2]], differ)
    with pytest.raises(DataError, match="said the same of every photo"):
        alpha([[1, 1], [1, 1]], differ)
