"""What a protocol gives for one row: values with intervals, the signature, and what comparisons need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..metrics.resampling import INTERVAL, Estimate, Sampled, Statistic, sample
from ..signature import Value, signature


@dataclass(frozen=True)
class Result:
    """One row of a table, before it has a name; `values` in percent, but for ranks, counts and perplexity."""

    values: Mapping[str, Estimate]
    signature: str
    sampled: Sampled | None = None
    notes: tuple[str, ...] = ()

    def values_as_json(self) -> dict[str, dict[str, Any]]:
        return {name: estimate.as_json() for name, estimate in self.values.items()}


def resampled(
    statistics: Mapping[str, Statistic],
    images: int,
    seed: int,
    resamples: int,
    fields: Mapping[str, Value],
    exact: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
) -> Result:
    """A result from statistics over images; `fields` begin its signature, `exact` are values without an interval. One
    image alone is not resampled."""
    resamples = resamples if images > 1 else 0
    sampled = sample(statistics, images, seed, resamples)
    line = signature(
        **dict(fields),
        resample=f"image×{resamples}" if resamples else "none",
        interval=INTERVAL if resamples else None,
        seed=seed if resamples else None,
    )
    values = sampled.estimates() | {name: Estimate(value) for name, value in (exact or {}).items()}
    return Result(values, line, sampled if resamples else None, notes)
