"""Texts beside references, as several protocols score them: BLEU in a profile, ROUGE-L and CIDEr-D on the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..metrics.bleu import Bleu, BleuOptions, Profile
from ..metrics.cache import StatisticsCache
from ..metrics.cider import Cider
from ..metrics.metric import Counted, TextMetric
from ..metrics.resampling import RESAMPLES, OfTotals, per_image
from ..metrics.rouge import RougeL
from ..metrics.segments import Segment
from ..signature import Value

ORDERS = 4


@dataclass(frozen=True)
class TextSettings:
    """How texts are scored; all of it is in the signatures. `protocol` and `about`: which table, data and model.

    `cache` keeps what was counted, so that the same texts are counted once.
    """

    protocol: str = "captions"
    profile: Profile = "coco"
    seed: int = 0
    resamples: int = RESAMPLES
    about: Mapping[str, Value] = field(default_factory=dict)
    cache: StatisticsCache | None = None

    def metrics(self) -> list[TextMetric]:
        return [Bleu(BleuOptions(profile=self.profile)), RougeL(), Cider()]

    def fields(self) -> dict[str, Value]:
        """What a signature says of the metrics."""
        bleu, *others = (metric.fields() for metric in self.metrics())
        stated = {name: value for name, value in bleu.items() if name != "metric"}
        for other in others:
            name = str(other.pop("metric"))
            stated[name] = ",".join(f"{key}={value}" for key, value in other.items())
        return {"bleu": stated.pop("profile"), **stated}


def text_statistics(
    segments: Sequence[Segment],
    images: Sequence[str],
    metrics: Sequence[TextMetric],
    weights: np.ndarray | None = None,
    cache: StatisticsCache | None = None,
) -> tuple[dict[str, OfTotals], list[Counted]]:
    """Every value of the metrics as a statistic over `images` (their names, in order), and what was counted.

    `weights`: how much each segment counts, where several stand for one thing that was described. An image without
    segments counts for nothing. BLEU of an order of which there is no n-gram at all is left out: it would be smoothing.

    Raises:
        DataError: an empty text, a segment without references, an id twice.
    """
    place = {name: row for row, name in enumerate(images)}
    owner = np.array([place[segment.image or ""] for segment in segments], dtype=np.int64)
    statistics: dict[str, OfTotals] = {}
    counted = [metric.count(segments, cache) for metric in metrics]
    for each in counted:
        rows = each.rows if weights is None else each.rows * weights[:, None]
        totals = per_image(rows, owner, len(images))
        counts = each.metric.counts(each.rows.sum(axis=0))
        statistics |= {
            key: OfTotals(totals, _value(each, key)) for key in each.metric.keys if counts.get(f"total{key[-1]}") != 0
        }
    return statistics, counted


def ngram_totals(counted: Counted, weights: np.ndarray | None = None) -> tuple[str, ...]:
    """A sentence with the matched and all n-grams behind BLEU: of short texts there are few, and BLEU-4 says little.

    With `weights` they are counted as often as their segments are."""
    sums = counted.rows.sum(axis=0) if weights is None else weights @ counted.rows
    counts = counted.metric.counts(sums)
    matched = [counts[f"matched{n}"] for n in range(1, ORDERS + 1)]
    total = [counts[f"total{n}"] for n in range(1, ORDERS + 1)]
    listed = ", ".join(f"{m:,.0f} of {t:,.0f}" for m, t in zip(matched, total, strict=True))
    return (f"n-grams matched, n = 1 to {ORDERS}: {listed}.",)


def _value(counted: Counted, key: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda sums: counted.metric.values(sums)[key]
