"""Which rows of a table do not differ: letters in each column, after paired comparisons of all rows of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from ..metrics.holm import groups, holm
from ..metrics.paired import normal_p, smallest_difference
from ..metrics.resampling import Sampled
from ..tables import Column, Row

LEVEL = 0.05


def mark_groups(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[list[Row], list[str]]:
    """The rows with their letters, and the sentences that explain them; unchanged where nothing can be compared.

    Rows of runs are compared pair by pair in every column that has a better end, on the same resampled images; p comes
    from the normal law with the standard error of the paired bootstrap, corrected by Holm over the whole table.
    """
    compared = {number: row.sampled for number, row in enumerate(rows) if row.source == "run" and row.sampled}
    pairs = [
        (column, first, second)
        for column in columns
        if column.best is not None
        for first, second in combinations(compared, 2)
        if _on_same_images(compared[first], compared[second], column.key)
    ]
    if not pairs:
        return list(rows), []
    p_values, smallest = [], dict[str, float]()
    for column, first, second in pairs:
        value = rows[first].values[column.key].value - rows[second].values[column.key].value
        drawn = compared[first].draws[column.key] - compared[second].draws[column.key]
        # What no column can print is no difference: the smoothing of BLEU without matches, say.
        p_values.append(normal_p(value, drawn) if abs(value) >= 0.5 * 10.0**-column.decimals else 1.0)
        error = smallest_difference(float(drawn.std(ddof=1)))
        smallest[column.key] = max(smallest.get(column.key, 0.0), error)
    differs = [p <= LEVEL for p in holm(p_values)]
    marked = list(rows)
    for column in columns:
        differ = {
            frozenset((first, second)): found
            for (of, first, second), found in zip(pairs, differs, strict=True)
            if of is column
        }
        inside = {number for pair in differ for number in pair}
        best_first = sorted(
            inside, key=lambda n: (-1 if column.best == "high" else 1) * rows[n].values[column.key].value
        )
        for number, letters in groups(best_first, differ).items() if differ else ():
            marked[number] = replace(marked[number], groups={**marked[number].groups, column.key: letters})
    return marked, [_explained(len(pairs)), _smallest(columns, smallest)]


def _on_same_images(one: Sampled, other: Sampled, key: str) -> bool:
    same = (one.images, one.seed) == (other.images, other.seed)
    return same and key in one.draws and key in other.draws and 1 < len(one.draws[key]) == len(other.draws[key])


def _explained(comparisons: int) -> str:
    return (
        "Rows of runs that share a capital letter in a column do not differ there: paired bootstrap by image, 5 %, "
        f"Holm's correction over the {comparisons:,} comparisons of this table."
    )


def _smallest(columns: Sequence[Column], smallest: dict[str, float]) -> str:
    listed = ", ".join(
        f"{f'{column.group} {column.title}'.strip()} {smallest[column.key]:.{max(1, column.decimals)}f}"
        for column in columns
        if column.key in smallest
    )
    return (
        f"The smallest true difference that this test set shows in four of five cases (5 %, no correction): {listed}."
    )
