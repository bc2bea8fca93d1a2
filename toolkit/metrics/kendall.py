"""Kendall's τ between a score and people's judgements, which have few levels and therefore many ties.

τ-b divides by the pairs that are not tied on either side; τ-c (Stuart 1953) by what a table of this shape allows, so
that it can reach 1 where one side has fewer levels. Kendall 1945, "The treatment of ties in ranking problems".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DataError


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs of n items: in the same order on both sides, in opposite order, and tied on each side."""

    items: int
    concordant: int
    discordant: int
    tied_first: int
    tied_second: int
    fewest_levels: int

    @property
    def tau_b(self) -> float:
        total = self.items * (self.items - 1) // 2
        untied = (total - self.tied_first) * (total - self.tied_second)
        return (self.concordant - self.discordant) / float(np.sqrt(float(untied)))

    @property
    def tau_c(self) -> float:
        levels = self.fewest_levels
        return 2 * (self.concordant - self.discordant) * levels / (self.items**2 * (levels - 1))


def count_pairs(first: np.ndarray, second: np.ndarray) -> Pairs:
    """The pairs of two lists of values (items,), in O(items · log items · levels of the side with fewer).

    Raises:
        DataError: lists of different length, values that are not finite, or a side without two different values.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape or first.ndim != 1:
        raise DataError(f"{first.size} scores and {second.size} judgements: each judgement needs one score.")
    if not np.isfinite(first).all() or not np.isfinite(second).all():
        raise DataError("scores and judgements must be finite numbers.")
    sizes = [np.unique(side, return_counts=True)[1].astype(np.int64) for side in (first, second)]
    if min(len(size) for size in sizes) < 2:
        raise DataError("all scores or all judgements are the same: there is no order to compare.")
    few, many = (first, second) if len(sizes[0]) <= len(sizes[1]) else (second, first)
    concordant = discordant = 0
    order = np.argsort(many, kind="stable")
    few, many = few[order], many[order]
    below = np.searchsorted(many, many, side="left")
    beyond = np.searchsorted(many, many, side="right")
    for level in np.unique(few):
        # Items of lower levels come before those of this one in a concordant pair, after them in a discordant one.
        lower = np.concatenate([[0], np.cumsum(few < level)])
        here = few == level
        concordant += int(lower[below[here]].sum())
        discordant += int((lower[-1] - lower[beyond[here]]).sum())
    tied = [int((size * (size - 1) // 2).sum()) for size in sizes]
    return Pairs(len(first), concordant, discordant, tied[0], tied[1], min(len(size) for size in sizes))
