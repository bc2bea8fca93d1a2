"""Which of several sentences is most like the others (Devlin et al. 2015, Exploring Nearest Neighbor Approaches)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ORDERS = 4


class NgramSets:
    """The n-grams of sentences, n from 1 to 4, by number; a sentence's likeness to another is the mean over n of
    2 |A ∩ B| / (|A| + |B|), A and B their sets of n-grams."""

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        numbers: dict[tuple[str, ...], int] = {}
        self._orders = [
            [
                np.fromiter(
                    {numbers.setdefault(tuple(s[i : i + n]), len(numbers)) for i in range(len(s) - n + 1)}, np.int64
                )
                for s in sentences
            ]
            for n in range(1, ORDERS + 1)
        ]

    def likeness(self, chosen: Sequence[int]) -> np.ndarray:
        """(chosen, chosen) float32, 0 to 1"""
        total = np.zeros((len(chosen), len(chosen)), np.float32)
        for sets in self._orders:
            own = [sets[number] for number in chosen]
            sizes = np.array([len(ngrams) for ngrams in own])
            _, column = np.unique(np.concatenate(own), return_inverse=True)
            there = np.zeros((len(own), int(column.max(initial=-1)) + 1), np.float32)
            there[np.repeat(np.arange(len(own)), sizes), column] = 1.0
            total += 2 * (there @ there.T) / np.maximum(sizes[:, None] + sizes[None, :], 1)
        return total / ORDERS

    def most_typical(self, chosen: Sequence[int], most_alike: int | None = None) -> int:
        """The one of `chosen` with the highest mean likeness to the `most_alike` others that are most like it (None:
        to all of them); of equals the first."""
        if len(chosen) == 1:
            return chosen[0]
        likeness = self.likeness(chosen)
        np.fill_diagonal(likeness, -1.0)
        likeness = -np.sort(-likeness, axis=1)[:, : len(chosen) - 1]
        return chosen[int(likeness[:, :most_alike].mean(axis=1).argmax())]
