"""Intervals by resampling whole images: regions and sentences of one photo are not independent.

A statistic here is a function of how often each image was drawn: from weights (resamples, images) to values
(resamples,). It closes over what was counted once for each image, so that a resample costs a matrix product and no
second look at scores or texts. Two runs are compared on the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import DataError

RESAMPLES = 1000
LEVEL = 0.95
_BLOCK = 100  # resamples at a time, to bound the memory

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the ends of its interval (None: there is none, as in published rows).

    `deviation` is the sample standard deviation where the value is a mean over seeds.
    """

    value: float
    low: float | None = None
    high: float | None = None
    deviation: float | None = None

    def as_json(self) -> dict[str, float | None]:
        known = {"value": self.value, "low": self.low, "high": self.high}
        return known if self.deviation is None else known | {"deviation": self.deviation}


def bootstrap(
    statistics: Mapping[str, Statistic], images: int, seed: int, resamples: int = RESAMPLES, level: float = LEVEL
) -> dict[str, Estimate]:
    """Each statistic on the images as they are, with its percentile interval over resampled images.

    All statistics see the same resamples, drawn with `seed`. With `resamples=0` there are no intervals.
    """
    if images < 1:
        raise DataError("there is no image to resample.")
    whole = np.ones((1, images))
    values = {name: float(statistic(whole)[0]) for name, statistic in statistics.items()}
    if resamples == 0:
        return {name: Estimate(value) for name, value in values.items()}
    blocks = [
        [statistic(weights) for statistic in statistics.values()]
        for weights in image_weights(images, resamples, np.random.default_rng(seed))
    ]
    estimates = {}
    for name, parts in zip(statistics, zip(*blocks)):
        ends = np.quantile(np.concatenate(parts), [(1 - level) / 2, (1 + level) / 2])
        estimates[name] = Estimate(values[name], float(ends[0]), float(ends[1]))
    return estimates


def image_weights(images: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each image is drawn in each resample, in blocks (up to 100, images); a row sums to `images`."""
    for start in range(0, resamples, _BLOCK):
        count = min(_BLOCK, resamples - start)
        drawn = generator.integers(images, size=(count, images)) + images * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * images).reshape(count, images).astype(float)


def mean_of(values: np.ndarray, image: np.ndarray, images: int) -> Statistic:
    """The mean over items (sentences, phrases) that belong to images: item `i` to row `image[i]`."""
    sums = np.bincount(image, weights=values, minlength=images)
    counts = np.bincount(image, minlength=images).astype(float)

    def statistic(weights: np.ndarray) -> np.ndarray:
        total = weights @ counts
        return np.asarray(np.divide(weights @ sums, total, out=np.zeros(len(weights)), where=total > 0))

    return statistic


def median_of(values: np.ndarray, image: np.ndarray, images: int) -> Statistic:
    """The median over items that belong to images; the mean of the middle two where their number is even."""
    order = np.argsort(values, kind="stable")
    ascending, owner = np.asarray(values)[order], np.asarray(image)[order]

    def statistic(weights: np.ndarray) -> np.ndarray:
        medians = np.zeros(len(weights))
        for row, weight in enumerate(weights):
            passed = np.cumsum(weight[owner])
            middle = (np.array([passed[-1] - 1, passed[-1]]) // 2).astype(int)
            medians[row] = ascending[np.searchsorted(passed, middle, side="right")].mean()
        return medians

    return statistic
