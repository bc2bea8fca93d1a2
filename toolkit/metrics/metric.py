"""The triad: a `Metric` counts, its counts become a `Score`, and a signature says exactly how.

A metric turns each item (a segment with its references) into one row of numbers, its sufficient statistics, whose sum
over items gives the score of them all. So a score over resampled images is a matrix product with what was counted
once, and the same form holds for every metric: BLEU sums n-gram counts, a mean over segments sums (score, 1).

A metric of your own subclasses `Metric` and comes by the hook `vsa_metrics`, entry-point group `vsa.metrics`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from ..errors import DataError
from ..options import Options as BaseOptions
from ..signature import Value, signature
from .cache import StatisticsCache
from .resampling import INTERVAL, RESAMPLES, Estimate, OfTotals, bootstrap, per_image, ratio
from .segments import Segment, check_segments, reference_counts, some


class Scored(Protocol):
    """What is common to everything that can be scored."""

    @property
    def id(self) -> str: ...
    @property
    def image(self) -> str | None: ...


Item = TypeVar("Item", bound=Scored)


@dataclass(frozen=True)
class Score:
    """Values by name (percent, unless the metric says otherwise), the counts behind them, and the signature."""

    values: Mapping[str, Estimate]
    signature: str
    counts: Mapping[str, float] = field(default_factory=dict)

    def values_as_json(self) -> dict[str, dict[str, Any]]:
        return {name: estimate.as_json() for name, estimate in self.values.items()}


class Metric(ABC, Generic[Item]):
    """A measure whose score over many items is a function of the sum of one row of numbers for each."""

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    higher_is_better: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    """False where rows only sum up to the values of all items together: then no intervals, no scores of segments."""
    version: ClassVar[int] = 1
    """Raised when equal options give other statistics than before, so that cached ones are not read again."""

    def __init__(self, options: BaseOptions | None = None) -> None:
        self.options: Any = self.Options() if options is None else options

    @property
    @abstractmethod
    def keys(self) -> tuple[str, ...]:
        """The names of the values, such as bleu1 … bleu4."""

    @abstractmethod
    def statistics(self, items: Sequence[Item]) -> np.ndarray:
        """Items → (items, k) float64; column sums over any of them must determine the values."""

    @abstractmethod
    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Summed rows (n, k) → each value (n,), of n sets of items at once. With nothing in a set, zero."""

    def fields(self) -> dict[str, Value]:
        """Everything in this metric that changes a value, for the signature."""
        return {"metric": self.name, **self.options.model_dump(mode="json")}

    def counts(self, sums: np.ndarray) -> dict[str, float]:
        """The counts of one summed row (k,) that a reader should see beside the values; none by default."""
        return {}

    def about(self, items: Sequence[Item]) -> dict[str, Value]:
        """What the signature says of the items."""
        return {"segments": len(items)}

    @classmethod
    @abstractmethod
    def read(cls, line: Mapping[str, Any], where: str) -> Item:
        """The item of one JSON line; `where` (file and line) begins the sentence of an error."""

    def check(self, items: Sequence[Item]) -> None:
        """Refuse items that would make the score wrong or meaningless, with a `DataError` that says which and why."""

    def count(self, items: Sequence[Item], cache: StatisticsCache | None = None) -> Counted:
        """The sufficient statistics of all items, from which scores and intervals cost next to nothing.

        With a cache they are counted only where they were not before.
        """
        self.check(items)
        rows = self.statistics(items) if cache is None else cache.rows(self, items)
        if rows.shape[:1] != (len(items),) or rows.ndim != 2:
            raise ValueError(f"{self.name} made statistics of shape {rows.shape} for {len(items)} items")
        return Counted(self, rows, tuple(item.id for item in items), _images(items), self.about(items))

    def score(self, items: Sequence[Item], *, seed: int = 0, resamples: int = RESAMPLES) -> Score:
        """Values with intervals by image (where the items name their images) and the signature."""
        return self.count(items).score(seed=seed, resamples=resamples)


class TextMetric(Metric[Segment]):
    """A metric of texts beside references."""

    needs_references: ClassVar[bool] = True

    def about(self, items: Sequence[Segment]) -> dict[str, Value]:
        return {"nrefs": reference_counts(items) if self.needs_references else None, "segments": len(items)}

    def check(self, items: Sequence[Segment]) -> None:
        check_segments(items, references=self.needs_references)

    @classmethod
    def read(cls, line: Mapping[str, Any], where: str) -> Segment:
        for key in ("id", "text", *(["references"] if cls.needs_references else [])):
            if key not in line:
                raise DataError(f'{where}: there is no "{key}".')
        references = line.get("references", [])
        if not isinstance(line["text"], str):
            raise DataError(f'{where}: "text" must be a string, not {type(line["text"]).__name__}.')
        if not isinstance(references, list) or not all(isinstance(reference, str) for reference in references):
            raise DataError(f'{where}: "references" must be a list of strings.')
        image = line.get("image")
        return Segment(str(line["id"]), line["text"], tuple(references), None if image is None else str(image))


class MeanMetric(TextMetric):
    """A metric that is the mean over segments of a score of each, in percent."""

    value: ClassVar[str]
    """The name of its one value."""

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.value,)

    @abstractmethod
    def scores(self, items: Sequence[Segment]) -> np.ndarray:
        """The score of each segment (segments,), 1 for the best of most metrics."""

    def statistics(self, items: Sequence[Segment]) -> np.ndarray:
        return np.stack([self.scores(items), np.ones(len(items))], axis=1)

    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        return {self.value: 100 * ratio(sums)}


@dataclass(frozen=True, eq=False)
class Counted:
    """What a metric counted: `rows` (items, k), the items' ids, and their images (None: they name none).

    Counted once, it gives the score, the scores of segments, and statistics for resampling; two runs are compared by
    their `statistics` over the same images.
    """

    metric: Metric[Any]
    rows: np.ndarray
    ids: tuple[str, ...]
    images: tuple[str, ...] | None
    about: Mapping[str, Value]

    @cached_property
    def image_names(self) -> tuple[str, ...]:
        """The distinct images in order of appearance; items without images are each their own."""
        return tuple(dict.fromkeys(self.ids if self.images is None else self.images))

    def sums(self, images: Sequence[str] | None = None) -> np.ndarray:
        """Rows summed by image: (images, k), in the order of `images` (default: `image_names`).

        Raises:
            DataError: `images` are not exactly those of the items.
        """
        names = self.image_names if images is None else images
        if images is not None and (len(names) != len(self.image_names) or set(names) != set(self.image_names)):
            raise DataError(f"{self.metric.name} was counted over other images than those asked for.")
        place = {name: number for number, name in enumerate(names)}
        owner = np.array([place[name] for name in (self.ids if self.images is None else self.images)])
        return per_image(self.rows, owner, len(names))

    def statistics(self, images: Sequence[str] | None = None) -> dict[str, OfTotals]:
        """Each value as a function of how often each image was drawn, for `resampling`; `images` as in `sums`."""
        self._check_additive()
        summed = self.sums(images)

        def value(key: str) -> Callable[[np.ndarray], np.ndarray]:
            return lambda sums: self.metric.values(sums)[key]

        return {key: OfTotals(summed, value(key)) for key in self.metric.keys}

    def segment_scores(self) -> dict[str, np.ndarray]:
        """Each value of each item alone: (items,)."""
        self._check_additive()
        return self.metric.values(self.rows)

    def score(self, *, seed: int = 0, resamples: int = RESAMPLES, about: Mapping[str, Value] | None = None) -> Score:
        """The values; with intervals by image where the items name their images and there are at least two.

        `about` (dataset, split, run …) goes into the signature.
        """
        images = len(self.image_names)
        resamples = resamples if self.images is not None and images > 1 and self.metric.additive else 0
        line = signature(
            **self.metric.fields(),
            **dict(about or {}),
            **self.about,
            images=images if self.images is not None else None,
            resample=f"image×{resamples}" if resamples else "none",
            interval=INTERVAL if resamples else None,
            seed=seed if resamples else None,
        )
        total = self.rows.sum(axis=0)
        values = {key: Estimate(float(value[0])) for key, value in self.metric.values(total[None]).items()}
        for key, estimate in values.items():
            if not np.isfinite(estimate.value):
                raise DataError(f"{self.metric.name} gives {key} the value {estimate.value}: no figure to print.")
        if resamples:
            values = bootstrap(self.statistics(), images, seed, resamples)
        return Score(values, line, self.metric.counts(total))

    def _check_additive(self) -> None:
        if not self.metric.additive:
            raise DataError(
                f"{self.metric.name} is a figure of all texts together: a part of them cannot be resampled."
            )


def _images(items: Sequence[Scored]) -> tuple[str, ...] | None:
    """The image of each item, or None where none names its own."""
    without = [item.id for item in items if item.image is None]
    if without and len(without) < len(items):
        raise DataError(f"{some(without, len(items), 'segments')} no image, the others have one: name all or none.")
    return None if without else tuple(str(item.image) for item in items)
