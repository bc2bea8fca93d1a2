"""Two or more runs against each other on the same images: differences, intervals, p-values with Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .collected import CollectedStore
from .errors import UserError
from .evaluation import choose_runs, find_protocol
from .metrics.holm import holm
from .metrics.paired import Difference, differences
from .rows.reader import Announce, Evaluated, Reader
from .rows.request import Request
from .tables import Row

LEVEL = 0.05
RESAMPLES = 10_000


@dataclass(frozen=True)
class Comparison:
    """One figure of two runs. `adjusted` is Holm's p over all figures and pairs that are compared together."""

    first: int
    second: int
    variant: str
    figure: str
    values: tuple[float, float]
    difference: Difference
    adjusted: float

    @property
    def higher(self) -> int | None:
        """The run with the higher figure, where the difference is significant; else None: none is shown."""
        if self.adjusted > LEVEL:
            return None
        return self.first if self.difference.estimate.value > 0 else self.second

    def as_row(self) -> dict[str, Any]:
        """A flat object, as it prints."""
        found = self.difference
        return {
            "first": self.first,
            "second": self.second,
            "row": self.variant,
            "figure": self.figure,
            "first value": self.values[0],
            "second value": self.values[1],
            "difference": found.estimate.value,
            "low": found.estimate.low,
            "high": found.estimate.high,
            "p bootstrap": found.p_bootstrap,
            "p permutation": found.p_permutation,
            "p Holm": self.adjusted,
            "smallest": found.smallest,
            "higher": self.higher,
        }


def compare(
    store: CollectedStore, request: Request, figures: Sequence[str] = (), announce: Announce = lambda line: None
) -> list[Comparison]:
    """All pairs of the requested runs, figure by figure; for `grounding` each of its rows with its like.

    `figures`: only these columns of the protocol; empty: all that have a better end. Holm's correction is over
    everything that is returned, on the p-values of the permutation test.

    Raises:
        UserError: fewer than two runs, runs of several splits, a protocol that is not about runs, rows that are not of
            the same images.
        DataError: as `evaluate`.
    """
    protocol = find_protocol(request.protocol)
    if protocol.needs is None:
        raise UserError(f"--protocol {request.protocol} is not about runs: there is nothing to compare.")
    if len(set(request.runs)) < 2:
        raise UserError("name at least two different runs to compare: vsa compare 3 4")
    if request.resamples < 1:
        raise UserError("a comparison needs resamples: give --resamples 1000 or more.")
    reader = Reader(store, request, protocol, announce)
    runs = choose_runs(reader)
    for run in runs:
        for remark in run.remarks:
            announce(f"run {run.info.id}: {remark}")
    rows = protocol.rows(reader, runs)
    judged = [column.key for column in protocol.columns(request) if column.best is not None]
    figures = [key for key in judged if not figures or key in figures]
    found: list[tuple[Row, Row, str, dict[str, Difference]]] = []
    for one, other in combinations(runs, 2):
        for first, second, variant in _alike(rows, one, other):
            found.append((first, second, variant, _differences(first, second, figures, request)))
    flat = [(*row[:3], key, difference) for row in found for key, difference in row[3].items()]
    adjusted = holm([difference.p_permutation for *_, difference in flat])
    _warn_of_few_resamples(len(flat), request.resamples, announce)
    return [
        Comparison(
            first.run or 0, second.run or 0, variant, key,
            (first.values[key].value, second.values[key].value), difference, p,
        )
        for (first, second, variant, key, difference), p in zip(flat, adjusted, strict=True)
    ]  # fmt: skip


def _alike(rows: Sequence[Row], one: Evaluated, other: Evaluated) -> list[tuple[Row, Row, str]]:
    """The rows of two runs that show the same: alone with alone, with priors with with priors."""
    first, second = (
        {row.name.removeprefix(run.name).lstrip(": "): row for row in rows if row.run == run.info.id}
        for run in (one, other)
    )
    if len(first) == len(second) == 1:  # captions: one row a run, however its sentences were chosen
        (row,), (like,) = first.values(), second.values()
        return [(row, like, "")]
    return [(first[name], second[name], name) for name in first if name in second]


def _differences(
    first: Row, second: Row, figures: Sequence[str], request: Request
) -> dict[str, Difference]:  # fmt: skip
    if first.sampled is None or second.sampled is None:
        return {}
    if first.sampled.images != second.sampled.images:
        raise UserError(
            f"run {first.run} is about {first.sampled.images} images, run {second.run} about {second.sampled.images}: "
            "only runs over the same images are compared."
        )
    one, other = ({key: row.sampled.statistics[key] for key in figures if key in row.sampled.statistics}
                  for row in (first, second) if row.sampled)  # fmt: skip
    return differences(one, other, first.sampled.images, request.seed, request.resamples)


def _warn_of_few_resamples(comparisons: int, resamples: int, announce: Announce) -> None:
    if comparisons and comparisons / (1 + resamples) > LEVEL:
        announce(
            f"with {resamples:,} resamples no p-value is below {1 / (1 + resamples):.2g}, so that none of "
            f"{comparisons:,} comparisons can be significant after Holm's correction: give --resamples "
            f"{20 * comparisons:,} or more."
        )
