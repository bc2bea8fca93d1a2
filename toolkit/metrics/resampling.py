"""Intervals by resampling whole images: regions and sentences of one photo are not independent.

A statistic is a function of how often each image was drawn: from weights (resamples, images) to values (resamples,).
It keeps what was counted once for each image, so that a resample costs a matrix product and no second look at scores
or texts. Two runs are compared on the same weights (`paired`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Protocol, Self

import numpy as np

from ..errors import DataError

RESAMPLES = 1000
LEVEL = 0.95
INTERVAL = "percentile95,expanded"
"""What signatures say of an interval: see `estimate`."""
_BLOCK = 100  # resamples at a time, to bound the memory


class Statistic(Protocol):
    """A figure of a set of images, as a function of how often each image counts."""

    @property
    def images(self) -> int: ...

    @property
    def carrying(self) -> int:
        """How many of the images have a part in it: of one alone no interval can be told."""

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """From weights (resamples, images), not negative, to values (resamples,)."""

    def beside(self, other: Self) -> Statistic:
        """The statistic over this one's images followed by the other's, as if they were different images."""


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


@dataclass(frozen=True)
class Sampled:
    """Statistics of one row, and their draws (resamples,) by name: what a comparison of rows needs.

    Those in which a single image has a part have no draws.
    Rows with equal `seed`, images and resamples have drawn the same images.
    """

    statistics: Mapping[str, Statistic]
    draws: Mapping[str, np.ndarray]
    images: int
    seed: int

    def estimates(self) -> dict[str, Estimate]:
        """Each statistic on the images as they are, with its interval."""
        return {
            name: estimate(observed(value), self.draws.get(name, np.empty(0)), self.images)
            for name, value in self.statistics.items()
        }


def sample(
    statistics: Mapping[str, Statistic], images: int, seed: int, resamples: int = RESAMPLES
) -> Sampled:  # fmt: skip
    """Draw each statistic in which several images have a part `resamples` times."""
    several = {name: statistic for name, statistic in statistics.items() if statistic.carrying > 1}
    return Sampled(statistics, draws(several, images, seed, resamples), images, seed)


def bootstrap(
    statistics: Mapping[str, Statistic], images: int, seed: int, resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """Each statistic on the images as they are, with its interval over resampled images.

    All statistics see the same resamples, drawn with `seed`. With `resamples=0` there are no intervals, nor for
    statistics in which a single image has a part.
    """
    return sample(statistics, images, seed, resamples).estimates()


def draws(
    statistics: Mapping[str, Statistic], images: int, seed: int, resamples: int = RESAMPLES
) -> dict[str, np.ndarray]:
    """The values (resamples,) of each statistic on the same resamples: equal seeds and images draw the same ones."""
    if images < 1:
        raise DataError("there is no image to resample.")
    for name, statistic in statistics.items():
        if statistic.images != images:
            raise DataError(f"{name} is about {statistic.images} images, but {images} are to be resampled.")
    blocks = [
        [statistic(weights) for statistic in statistics.values()]
        for weights in image_weights(images, resamples, np.random.default_rng(seed))
    ]
    return {name: np.concatenate([np.empty(0), *(b[i] for b in blocks)]) for i, name in enumerate(statistics)}


def observed(statistic: Statistic) -> float:
    """The statistic on the images as they are."""
    return float(statistic(np.ones((1, statistic.images)))[0])


def estimate(value: float, drawn: np.ndarray, images: int, level: float = LEVEL) -> Estimate:
    """A value with the expanded percentile interval of its draws over `images` images; without draws, or of one image,
    it has none.

    A plain percentile interval is too narrow: a resample varies by (n − 1) / n of what a new sample would, and the
    normal law has thinner tails than Student's. Its ends are moved out so that, for a mean, it equals the interval by
    Student's t (Hesterberg 2015, "What teachers should know about the bootstrap", section 4.3).
    """
    if not len(drawn) or images < 2:
        return Estimate(value)
    tail = NormalDist().cdf(-math.sqrt(images / (images - 1)) * student_t((1 + level) / 2, images - 1))
    low, high = np.quantile(drawn, [tail, 1 - tail], method="weibull")  # the k-th of B draws leaves k / (B + 1) below
    return Estimate(value, float(low), float(high))


def student_t(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, for probabilities above a half.

    Exact for one and two degrees of freedom, else by Fisher and Cornish's expansion (Abramowitz and Stegun 26.7.5): at
    the 97.5 % point within .004 for three degrees and .0003 for six and more.
    """
    p, n = probability, freedom
    if n == 1:
        return math.tan(math.pi * (p - 0.5))
    if n == 2:
        return (2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p)))
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / n**power for power, term in enumerate(terms, start=1))


def image_weights(images: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each image is drawn in each resample, in blocks (up to 100, images); a row sums to `images`."""
    for start in range(0, resamples, _BLOCK):
        count = min(_BLOCK, resamples - start)
        drawn = generator.integers(images, size=(count, images)) + images * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * images).reshape(count, images).astype(float)


@dataclass(frozen=True)
class OfTotals:
    """A function of sums over images, as BLEU is of matched and counted n-grams.

    totals: (images, k). value: sums (resamples, k) → (resamples,).
    """

    totals: np.ndarray
    value: Callable[[np.ndarray], np.ndarray]

    @property
    def images(self) -> int:
        return len(self.totals)

    @property
    def carrying(self) -> int:
        return int(self.totals.any(axis=1).sum())

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        return self.value(weights @ self.totals)

    def beside(self, other: OfTotals) -> OfTotals:
        return replace(self, totals=np.vstack([self.totals, other.totals]))

    def swapped(self, other: OfTotals, stays: np.ndarray) -> np.ndarray:
        """The difference of two runs (resamples,) where each keeps the images with a 1 in `stays` (resamples, images)
        and gives the other the rest; what `beside` makes of it, at a quarter of the work."""
        moved = stays @ (self.totals - other.totals)
        return np.asarray(self.value(other.totals.sum(axis=0) + moved) - self.value(self.totals.sum(axis=0) - moved))


@dataclass(frozen=True)
class Median:
    """The median over items that belong to images; `ascending` values and the image row of each."""

    ascending: np.ndarray
    image: np.ndarray
    images: int

    @property
    def carrying(self) -> int:
        return len(np.unique(self.image))

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        passed = np.cumsum(weights[:, self.image], axis=1)
        total = passed[:, -1:]
        lower = (passed > (total - 1) // 2).argmax(axis=1)
        upper = (passed > total // 2).argmax(axis=1)
        return np.where(total[:, 0] > 0, (self.ascending[lower] + self.ascending[upper]) / 2, 0.0)

    def beside(self, other: Median) -> Median:
        image = np.concatenate([self.image, other.image + self.images])
        return median_of(np.concatenate([self.ascending, other.ascending]), image, self.images + other.images)


@dataclass(frozen=True)
class MeanOf:
    """The mean of several statistics of the same images: over folds, over the choice of a reference."""

    parts: Sequence[Statistic]

    @property
    def images(self) -> int:
        return self.parts[0].images

    @property
    def carrying(self) -> int:
        return min(part.carrying for part in self.parts)

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        return np.asarray(np.mean([part(weights) for part in self.parts], axis=0))

    def beside(self, other: MeanOf) -> MeanOf:
        return MeanOf([mine.beside(theirs) for mine, theirs in zip(self.parts, other.parts, strict=True)])


def mean_of(values: np.ndarray, image: np.ndarray, images: int) -> OfTotals:
    """The mean over items (sentences, phrases) that belong to images: item `i` to row `image[i]`."""
    sums = np.bincount(image, weights=values, minlength=images)
    counts = np.bincount(image, minlength=images).astype(float)
    return OfTotals(np.stack([sums, counts], axis=1), ratio)


def ratio(sums: np.ndarray) -> np.ndarray:
    """Sums (resamples, 2) → the first over the second, 0 where the second is 0."""
    return np.asarray(np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0))


def median_of(values: np.ndarray, image: np.ndarray, images: int) -> Median:
    """The median over items that belong to images; the mean of the middle two where their number is even."""
    order = np.argsort(values, kind="stable")
    return Median(np.asarray(values)[order], np.asarray(image)[order], images)


def per_image(values: np.ndarray, image: np.ndarray, images: int) -> np.ndarray:
    """Sums of the rows of items (items, k) over their images: (images, k)."""
    summed = np.zeros((images, values.shape[1]))
    np.add.at(summed, image, values)
    return summed
