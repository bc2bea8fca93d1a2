"""Smoothing of word-region alignments along a sentence: a chain MRF, decoded exactly (Karpathy & Li, section 3.1.4).

With word scores s and β ≥ 0, the best assignment a of a sentence's words to regions

    maximises  sum_j s[j, a_j] + β sum_j 1[a_j = a_{j+1}]

The paper's printed energy has both signs flipped, the slides' the one of the pair term: taken literally, the first
looks for the worst regions, the second punishes neighbours that agree (MODELS.md 1.6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, UserError

UNSCORED = -1
"""The region of a word without a fragment."""

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]


def smooth(word_scores: ArrayLike, lengths: ArrayLike | None = None, beta: float = 0.0) -> Integers:
    """The best region of each word, for many sentences at once.

    word_scores: (tokens, R), sentence after sentence; NaN where a region is not there, all NaN for a word without a
    fragment: the chain passes over it, from the scored word before to the scored word after.
    lengths: (sentences,), tokens of each sentence, 0 allowed; None for one sentence.
    beta: what it is worth that two neighbours share a region, in the units of the scores (see `spread`); may be inf.

    Returns (tokens,) int64 region indices, `UNSCORED` for words without a score. Of equally good assignments it gives
    the one that stays on a region where it can, then the lowest region.
    O(tokens x R) by back-pointers. Raises UserError for a negative β, DataError for scores that are infinite.
    """
    scores = np.asarray(word_scores)
    sizes = np.array([len(scores)]) if lengths is None else np.asarray(lengths, np.int64)
    _check(scores, sizes, beta)
    labels = np.full(len(scores), UNSCORED, np.int64)
    scored = np.flatnonzero(~np.isnan(scores).all(axis=1)) if scores.shape[1] else np.zeros(0, np.int64)
    if len(scored):
        sentence = np.repeat(np.arange(len(sizes)), sizes)[scored]
        labels[scored] = _decode(scores[scored].astype(np.float64), np.bincount(sentence), beta)
    return labels


def spread(word_scores: ArrayLike) -> float:
    """Standard deviation of the word-region scores that are there: the unit in which β is chosen.

    No β was ever published; as a multiple of this one figure it means the same for models of any scale. 0.0 where
    there are no scores.
    """
    scores = np.asarray(word_scores)
    there = scores[np.isfinite(scores)]
    return float(there.std(dtype=np.float64)) if there.size else 0.0


def _decode(scores: Floats, lengths: Integers, beta: float) -> Integers:
    """All words have a score here; NaN marks regions that are not there. Sentences advance word by word together."""
    lengths = lengths[lengths > 0]
    starts = np.cumsum(lengths) - lengths
    pair = np.minimum(beta, _never_worth_a_change(scores, starts))
    scores = np.where(np.isnan(scores), -np.inf, scores)
    longest_first = np.argsort(-lengths, kind="stable")
    starts, lengths, pair = starts[longest_first], lengths[longest_first], pair[longest_first, None]

    stays = np.zeros(scores.shape, bool)
    best_before = np.zeros(len(scores), np.int64)
    totals = scores[starts]
    for j in range(1, int(lengths[0])):
        active = int(np.count_nonzero(lengths > j))
        words, before = starts[:active] + j, totals[:active]
        best = before.argmax(axis=1)
        move = np.take_along_axis(before, best[:, None], axis=1)
        stay = before + pair[:active]
        stays[words], best_before[words] = stay >= move, best
        totals[:active] = scores[words] + np.maximum(stay, move)

    labels = np.empty(len(scores), np.int64)
    labels[starts + lengths - 1] = totals.argmax(axis=1)
    for j in range(int(lengths[0]) - 1, 0, -1):
        words = starts[: int(np.count_nonzero(lengths > j))] + j
        after = labels[words]
        labels[words - 1] = np.where(stays[words, after], after, best_before[words])
    return labels


def _never_worth_a_change(scores: Floats, starts: Integers) -> Floats:
    """A β for each sentence at which no change of region can pay; larger ones, inf too, would only cost digits."""
    ranges = np.nanmax(scores, axis=1) - np.nanmin(scores, axis=1)
    return np.asarray(2.0 * np.add.reduceat(ranges, starts))


def _check(scores: NDArray[Any], lengths: Integers, beta: float) -> None:
    if not beta >= 0:
        raise UserError(f"β must be 0 or more, not {beta}: a negative one would punish neighbours that agree.")
    if scores.ndim != 2 or int(lengths.sum()) != len(scores):
        raise DataError(
            f"word scores must be (tokens, R) with as many tokens as the lengths add up to ({int(lengths.sum())}), "
            f"not {scores.shape}."
        )
    infinite = np.isinf(scores)
    if infinite.any():
        raise DataError(f"word {int(np.argwhere(infinite)[0, 0])} has an infinite score.")
