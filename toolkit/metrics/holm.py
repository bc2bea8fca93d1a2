"""Many comparisons in one table: Holm's correction, and letters for the rows that do not differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (Holm 1979): those at most α are significant while the chance of any false one is at most α."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    raised = np.minimum(np.maximum.accumulate(np.asarray(p_values, dtype=float)[order] * factors), 1.0)
    adjusted = np.empty(len(p_values))
    adjusted[order] = raised
    return [float(p) for p in adjusted]


def groups(best_first: Sequence[Any], differ: Mapping[frozenset[Any], bool]) -> dict[Any, str]:
    """Letters such that two rows share one exactly where they do not differ ("compact letter display").

    `best_first`: the rows from best to worst; `differ`: for each pair whether it differs. The first row has A.
    """
    columns: list[set[Any]] = [set(best_first)]
    for pair in (p for p, differs in differ.items() if differs):
        one, other = tuple(pair)
        split = []
        for column in columns:
            split += [column - {one}, column - {other}] if pair <= column else [column]
        columns = [c for c in split if not any(c < o for o in split)]
        columns = [c for i, c in enumerate(columns) if c not in columns[:i]]
    rank = {row: place for place, row in enumerate(best_first)}
    columns.sort(key=lambda column: sorted(rank[row] for row in column))
    letters = {row: "" for row in best_first}
    for number, column in enumerate(columns):
        for row in column:
            letters[row] += chr(ord("A") + number) if number < 26 else f"({number})"
    return letters
