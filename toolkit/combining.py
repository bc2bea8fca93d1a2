"""The scores of several models added up: each standardised, with weights that are chosen where nothing is at stake.

    S(I, s) = Σ_k w_k (S_k(I, s) − μ_k) / σ_k

μ_k and σ_k are mean and deviation of model k's scores on the validation split, and the w_k ≥ 0, Σ w_k = 1, are those of
a grid with the highest mean recall there: what is known of the evaluated split is the two models' scores and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from .errors import DataError
from .metrics.ranks import ranks, recall_at

CUTS = (1, 5, 10)
GRIDS = (20, 10, 8, 6, 5, 4, 3, 2)
"""Into how many parts the weights are cut: the first that leaves at most CANDIDATES of them."""
CANDIDATES = 250


@dataclass(frozen=True)
class Mix:
    """How scores are added up: for each model its mean, deviation and weight. recall: what it reached where it was
    chosen, the mean of R@1, 5 and 10 in both directions, percent."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    recall: float

    def apply(self, scores: Sequence[np.ndarray]) -> np.ndarray:
        """The sum of score matrices (images, sentences) of one shape, float32."""
        if len({matrix.shape for matrix in scores}) != 1:
            shapes = ", ".join(" × ".join(map(str, matrix.shape)) for matrix in scores)
            raise DataError(f"scores of different shapes cannot be added up: {shapes}.")
        total = np.zeros(scores[0].shape, np.float32)
        for matrix, mean, deviation, weight in zip(scores, self.means, self.deviations, self.weights, strict=True):
            if weight:
                total += (np.asarray(matrix, np.float32) - np.float32(mean)) * np.float32(weight / deviation)
        return total


def choose_mix(scores: Sequence[np.ndarray], sentence_image: np.ndarray) -> Mix:
    """The weights with the highest mean recall on these score matrices (images, sentences), the most even ones of equal
    recall. sentence_image: (sentences,), the row of each sentence's image.

    Raises:
        DataError: matrices of different shapes, scores that are all the same or not finite.
    """
    moments = [(float(np.mean(matrix, dtype=np.float64)), float(np.std(matrix, dtype=np.float64))) for matrix in scores]
    for number, (_, deviation) in enumerate(moments, start=1):
        if not deviation > 0:
            raise DataError(f"model {number} of {len(scores)} gives every pair the same score, or none that is finite.")
    means, deviations = zip(*moments, strict=True)
    best: Mix | None = None
    for weights in _grid(len(scores)):
        mix = Mix(means, deviations, weights, 0.0)
        reached = mean_recall(mix.apply(scores), sentence_image)
        if best is None or reached > best.recall:
            best = Mix(means, deviations, weights, reached)
    assert best is not None
    return best


def mean_recall(scores: np.ndarray, sentence_image: np.ndarray) -> float:
    """The mean of R@1, 5 and 10 in both directions, percent."""
    found = ranks(scores, sentence_image)
    return float(np.mean([recall_at(r, k) for r in (found.image_to_text, found.text_to_image) for k in CUTS]))


def _grid(models: int) -> list[tuple[float, ...]]:
    """All weights that are multiples of one part and add up to 1, the most even ones first."""
    parts = next((n for n in GRIDS if comb(n + models - 1, models - 1) <= CANDIDATES), 1)
    # Bars between stars: where the bars stand says how many parts each model has.
    bars = combinations(range(parts + models - 1), models - 1)
    counts = [
        tuple(right - left - 1 for left, right in zip((-1, *at), (*at, parts + models - 1), strict=True)) for at in bars
    ]
    counts.sort(key=lambda shares: sum(share**2 for share in shares))
    return [tuple(share / parts for share in shares) for shares in counts]
