"""From word-region scores to phrase-region scores, with or without the smoothing of the sentence around the phrase."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from ..errors import DataError, UserError
from .phrases import Phrases

Reduce = Literal["sum", "mean", "max"]
REDUCES: tuple[str, ...] = get_args(Reduce)


def phrase_scores(word_scores: np.ndarray, phrases: Phrases, reduce: Reduce = "sum", beta: float = 0.0) -> np.ndarray:
    """(phrases, R) float64: how well each region of its image fits each phrase.

    word_scores: (tokens of the split, R), NaN beyond an image's regions and for tokens without a fragment, as a run
    keeps them. The phrase's words are summed, averaged or the best is taken; 0 for all regions where no word of it
    has a score. With `beta` (in the units of the scores, not relative) the score is that of the best labelling of the
    whole sentence which puts the phrase on that region: neighbours that share a region gain `beta`, as in
    `vsa_toolkit.alignment.mrf.smooth`, whose labelling a phrase of one word gets. β = 0 gives the unsmoothed scores.

    Raises:
        DataError: the shapes do not fit, or a score is infinite or missing where a region is.
        UserError: an unknown reduction or a negative β.
    """
    if reduce not in REDUCES:
        raise UserError(f"a phrase's score is the {', '.join(REDUCES)} of its words' scores, not the {reduce!r}.")
    if not 0 <= beta < np.inf:
        raise UserError(f"β must be 0 or more and finite, not {beta}.")
    scored = _check(word_scores, phrases)
    unary = np.nan_to_num(np.asarray(word_scores, dtype=np.float64), nan=0.0)
    table = _reduce(unary, scored, phrases, reduce)
    if beta:
        forward, backward = _messages(unary, scored, phrases, beta)
        following = np.concatenate([[0], np.cumsum(scored)])
        first, stop = following[phrases.tokens[:, 0]], following[phrases.tokens[:, 1]]
        inside = stop > first
        table[inside] += forward[first[inside]] + backward[stop[inside] - 1]
    return table


def _check(word_scores: np.ndarray, phrases: Phrases) -> np.ndarray:
    """Which tokens have scores. (tokens,) bool"""
    tokens, width = int(phrases.sentence_tokens[-1]), phrases.regions.exists.shape[1]
    if word_scores.shape != (tokens, width):
        raise DataError(
            f"word scores must be {tokens} tokens × {width} regions for split {phrases.split!r}, "
            f"not {' × '.join(map(str, word_scores.shape))}: the run is of other sentences or another region set."
        )
    if np.isinf(word_scores).any():
        raise DataError(f"{int(np.isinf(word_scores).sum())} word scores are infinite.")
    known = ~np.isnan(word_scores)
    scored = np.asarray(known.any(axis=1))
    exists = _token_exists(phrases)
    wrong = np.flatnonzero(scored & (known != exists).any(axis=1))
    if len(wrong):
        raise DataError(
            f"{len(wrong)} of {tokens} tokens have scores for other regions than their image has; the first is token "
            f"{wrong[0]}, counted from 0. NaN belongs only beyond an image's regions."
        )
    return scored


def _token_exists(phrases: Phrases) -> np.ndarray:
    """(tokens, R) bool: the regions of each token's image."""
    per_sentence = np.diff(phrases.sentence_tokens)
    return np.asarray(phrases.regions.exists[np.repeat(phrases.sentence_image, per_sentence)])


def _reduce(unary: np.ndarray, scored: np.ndarray, phrases: Phrases, reduce: Reduce) -> np.ndarray:
    start, stop = phrases.tokens[:, 0], phrases.tokens[:, 1]
    if reduce == "max":
        low = np.where(scored[:, None], unary, -np.inf)
        # reduceat of pairs (start, stop) gives the phrases at even places; one more row lets a phrase end the table.
        ends = np.vstack([low, np.full((1, low.shape[1]), -np.inf)])
        best = np.maximum.reduceat(ends, np.stack([start, stop], axis=1).ravel(), axis=0)[::2]
        return np.asarray(np.where(np.isfinite(best), best, 0.0))
    sums = np.vstack([np.zeros((1, unary.shape[1])), np.cumsum(unary, axis=0)])
    table = sums[stop] - sums[start]
    if reduce == "mean":
        counts = np.concatenate([[0], np.cumsum(scored)])
        table /= np.maximum(counts[stop] - counts[start], 1)[:, None]
    return np.asarray(table)


def _messages(unary: np.ndarray, scored: np.ndarray, phrases: Phrases, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """What the words before and after each scored word say of its region. Both (scored tokens, R).

    Each is shifted by a constant a word, which no arg-max over regions sees.
    """
    per_sentence = np.diff(phrases.sentence_tokens)
    sentence = np.repeat(np.arange(len(per_sentence)), per_sentence)[scored]
    lengths = np.bincount(sentence, minlength=len(per_sentence))
    scores = np.where(_token_exists(phrases)[scored], unary[scored], -np.inf)
    starts = np.cumsum(lengths) - lengths
    forward, backward = np.zeros_like(scores), np.zeros_like(scores)
    for j in range(1, int(lengths.max(initial=0))):
        longer = lengths > j
        here = starts[longer] + j
        forward[here] = _pass(scores[here - 1] + forward[here - 1], beta)
        here = starts[longer] + lengths[longer] - 1 - j
        backward[here] = _pass(scores[here + 1] + backward[here + 1], beta)
    return forward, backward


def _pass(totals: np.ndarray, beta: float) -> np.ndarray:
    """One step of the chain: stay for `beta`, or come from the best region; relative to the latter."""
    return np.asarray(np.maximum(totals - totals.max(axis=1, keepdims=True) + beta, 0.0))
