"""Which regions a phrase chooses, and whether they are right. Equal scores share: no order of regions decides."""

from __future__ import annotations

import numpy as np


def share_of_best(scores: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """(phrases, R) float: one over the number of best regions for each of them, 0 elsewhere.

    scores: (phrases, R); allowed: (phrases, R) bool, the regions to choose from. Without any the row is 0.
    """
    masked = np.where(allowed, scores, -np.inf)
    best = allowed & (masked == masked.max(axis=1, keepdims=True))
    return np.asarray(best / np.maximum(best.sum(axis=1, keepdims=True), 1))


def hit_within(scores: np.ndarray, allowed: np.ndarray, hit: np.ndarray, k: int) -> np.ndarray:
    """(phrases,): the chance that one of the k best regions hits, where ties at the k-th place are drawn at random.

    With t tied regions for r places, h of which hit: 1 − C(t − h, r) / C(t, r).
    """
    if scores.shape[1] <= k:
        return np.asarray((allowed & hit).any(axis=1).astype(float))
    masked = np.where(allowed, scores, -np.inf)
    border = -np.partition(-masked, k - 1, axis=1)[:, k - 1 : k]  # -inf where there are fewer than k
    above = allowed & (masked > border)
    tied = allowed & (masked == border)
    places = np.minimum(k - above.sum(axis=1), tied.sum(axis=1))
    tied_count, tied_hits = tied.sum(axis=1), (tied & hit).sum(axis=1)
    missed = np.ones(len(scores))
    for place in range(int(places.max(initial=0))):
        drawn = place < places
        left = np.maximum(tied_count - tied_hits - place, 0)
        missed = np.where(drawn, missed * left / np.maximum(tied_count - place, 1), missed)
    return np.asarray(np.where((above & hit).any(axis=1), 1.0, 1 - missed))
