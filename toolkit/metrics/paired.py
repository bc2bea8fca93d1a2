"""Whether two runs differ on the same images: paired bootstrap and paired permutation, both by image.

Unpaired intervals that overlap say little: most of their width is how hard the images are, which both runs share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..errors import DataError
from .resampling import LEVEL, Estimate, OfTotals, Statistic, draws, estimate, observed

POWER = 0.8
_BLOCK = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """The first run's value less the second's.

    `estimate` has the interval of the paired bootstrap, `deviation` is the standard error of that bootstrap.
    p_bootstrap: how often the centred bootstrap differs as much; p_permutation: how often runs that swap their images
    at random do. Both two-sided and never 0: (1 + hits) / (1 + resamples).
    """

    estimate: Estimate
    deviation: float
    p_bootstrap: float
    p_permutation: float

    @property
    def smallest(self) -> float:
        """The smallest true difference that a test at the 5 % level would find in four of five test sets like this."""
        return smallest_difference(self.deviation)


def differences(
    first: Mapping[str, Statistic], second: Mapping[str, Statistic], images: int, seed: int, resamples: int
) -> dict[str, Difference]:
    """The differences of two runs over the same images in the same order, for each statistic that both have and in
    which several images have a part.

    Raises:
        DataError: no resamples, a single image, or statistics of other images than these.
    """
    if resamples < 1:
        raise DataError("a comparison needs resamples: without any there is no p-value.")
    if images < 2:
        raise DataError("a comparison needs two images or more: of one alone no difference can be told.")
    names = [name for name in first if name in second and min(first[name].carrying, second[name].carrying) > 1]
    runs = {"first": first, "second": second}
    both = {f"{name} of the {which} run": run[name] for which, run in runs.items() for name in names}
    drawn = draws(both, images, seed, resamples)
    swapped = permutations(
        {name: (first[name], second[name]) for name in names}, images, np.random.default_rng([seed, 1]), resamples
    )
    found = {}
    for name in names:
        value = observed(first[name]) - observed(second[name])
        drawn_difference = drawn[f"{name} of the first run"] - drawn[f"{name} of the second run"]
        found[name] = Difference(
            estimate(value, drawn_difference, images),
            float(drawn_difference.std(ddof=1)) if resamples > 1 else 0.0,
            centred_p(value, drawn_difference),
            _p(value, swapped[name]),
        )
    return found


def permutations(
    pairs: Mapping[str, tuple[Statistic, Statistic]], images: int, generator: np.random.Generator, resamples: int
) -> dict[str, np.ndarray]:
    """Differences (resamples,) of two runs that swap what they said of each image with probability one half.

    All statistics see the same swaps.
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in pairs}
    beside = {name: one.beside(other) for name, (one, other) in pairs.items() if not isinstance(one, OfTotals)}
    for start in range(0, resamples, _BLOCK):
        stays = generator.integers(2, size=(min(_BLOCK, resamples - start), images)).astype(float)
        for name, (one, other) in pairs.items():
            if isinstance(one, OfTotals) and isinstance(other, OfTotals):
                found[name].append(one.swapped(other, stays))
            else:
                joint = beside[name]
                found[name].append(joint(np.hstack([stays, 1 - stays])) - joint(np.hstack([1 - stays, stays])))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def centred_p(value: float, drawn: np.ndarray) -> float:
    """Two-sided p of a difference from its bootstrap draws, moved to where the runs would be equal."""
    return _p(value, drawn - drawn.mean())


def normal_p(value: float, drawn: np.ndarray) -> float:
    """Two-sided p of a difference by the normal law with the draws' standard error: fit for many comparisons at once,
    where counting draws would need tens of thousands of them."""
    deviation = float(drawn.std(ddof=1)) if len(drawn) > 1 else 0.0
    if deviation == 0:
        return 1.0 if value == 0 else 1 / (1 + len(drawn))
    return 2 * NormalDist().cdf(-abs(value) / deviation)


def smallest_difference(deviation: float, level: float = LEVEL, power: float = POWER) -> float:
    """The smallest true difference that is found with this power, from the standard error of a difference.

    (z(1 − α/2) + z(power)) · standard error: 2.80 of them at 5 % and 80 %.
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * deviation


def _p(value: float, under_null: np.ndarray) -> float:
    # Differences that are equal but for rounding count as equal: the fewer they seem, the smaller p would be.
    reached = np.abs(under_null) >= abs(value) - 1e-9
    return float((1 + np.count_nonzero(reached)) / (1 + len(under_null)))
