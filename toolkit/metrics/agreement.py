"""Krippendorff's α for values between which only a distance is known: here, what a person drew and wrote on a photo.

Krippendorff 2004, "Content analysis", chapter 11; with set-valued units as Passonneau 2006, "Measuring agreement on
set-valued items". docs/decisions says why this distance, and simulated annotators show that it comes out right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np

from ..errors import DataError
from .resampling import OfTotals

Value = TypeVar("Value")
PAIRS = 2000


def alpha(
    units: Sequence[Sequence[Value]],
    distance: Callable[[Value, Value], float],
    seed: int = 0,
    pairs: int = PAIRS,
) -> OfTotals:
    """1 − observed / expected disagreement as a statistic over units (images); `units`: the values of each, one an
    annotator. 1: all agree; 0: as much as by chance.

    A unit of m values counts m, its disagreement is the mean distance between them. The expected one is the mean
    distance between values of different units, over `pairs` drawn ones; it is not resampled. `distance` is symmetric,
    0 to 1.

    Raises:
        DataError: no two units with two values each, or values that are all the same.
    """
    compared = [unit for unit in units if len(unit) > 1]
    if len(compared) < 2:
        raise DataError("agreement beyond chance needs two photos that two annotators each have finished.")
    observed = np.array(
        [
            (len(unit) * np.mean([distance(a, b) for a, b in combinations(unit, 2)]), len(unit))
            if len(unit) > 1
            else (0.0, 0.0)
            for unit in units
        ]
    )
    expected = _by_chance(compared, distance, np.random.default_rng(seed), pairs)
    if expected == 0:
        raise DataError("everybody said the same of every photo: chance cannot be told from agreement.")

    def value(sums: np.ndarray) -> np.ndarray:
        disagreement = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
        return np.asarray(1 - disagreement / expected)

    return OfTotals(observed, value)


def _by_chance(
    units: Sequence[Sequence[Value]],
    distance: Callable[[Value, Value], float],
    generator: np.random.Generator,
    pairs: int,
) -> float:
    """The mean distance between values of different units, each value as likely as any other."""
    place = [(row, number) for row, unit in enumerate(units) for number in range(len(unit))]
    found: list[float] = []
    while len(found) < pairs:
        (one, first), (other, second) = (place[i] for i in generator.integers(len(place), size=2))
        if one != other:
            found.append(distance(units[one][first], units[other][second]))
    return float(np.mean(found))
