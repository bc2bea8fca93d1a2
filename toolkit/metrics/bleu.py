"""BLEU-1 … 4 in the profiles of the field, which differ by several points on the same captions.

`coco`: coco-caption's, as most captioning papers since 2015. `multibleu`: neuraltalk's multi-bleu.perl, whose brevity
penalty is commented out (forced to 1). `sacrebleu`: its default, 13a tokens and exponential smoothing. `individual`:
the precisions of each order, neither multiplied nor penalised, as some older tables print them.

Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation". The reference length of a
segment is the one closest to the hypothesis, the shorter of two that are equally close.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from ..options import Options
from ..signature import Value
from .metric import Score, TextMetric
from .ngrams import Tokens, count_ngrams, tokenise_segments
from .resampling import RESAMPLES
from .segments import Segment, pair
from .tokenisers import CASE, Tokeniser, tokens_of

Profile = Literal["coco", "multibleu", "sacrebleu", "individual"]

_TOKENISER: dict[str, Tokeniser] = {"coco": "ptb", "multibleu": "words", "sacrebleu": "13a", "individual": "words"}
_TINY, _SMALL = 1e-15, 1e-9  # what coco-caption adds to matched and to all n-grams, instead of smoothing


class BleuOptions(Options):
    profile: Profile = Field(default="coco", description="which BLEU")
    order: int = Field(default=4, ge=1, le=9, description="the longest n-gram")
    tokenise: Tokeniser | None = Field(default=None, description="the tokeniser (default: the profile's)")


class Bleu(TextMetric):
    """BLEU-1 … order, in percent.

    Statistics of a segment: hypothesis length, reference length, matched n-grams (order), n-grams (order).
    """

    name = "bleu"
    Options = BleuOptions
    options: BleuOptions

    @property
    def keys(self) -> tuple[str, ...]:
        stem = "precision" if self.options.profile == "individual" else "bleu"
        return tuple(f"{stem}{n}" for n in range(1, self.options.order + 1))

    @property
    def tokeniser(self) -> Tokeniser:
        return self.options.tokenise or _TOKENISER[self.options.profile]

    def fields(self) -> dict[str, Value]:
        penalised = self.options.profile in ("coco", "sacrebleu")
        smooth = {"coco": f"+{_TINY:g}/+{_SMALL:g}", "sacrebleu": "exp"}.get(self.options.profile, "none")
        return {
            "metric": self.name,
            "profile": self.options.profile,
            "order": self.options.order,
            "tokenise": self.tokeniser,
            "case": CASE[self.tokeniser],
            "penalty": "closest,shorter" if penalised else "none",
            "smooth": smooth,
        }

    def statistics(self, items: Sequence[Segment]) -> np.ndarray:
        tokens = tokenise_segments(items, tokens_of(self.tokeniser))
        lengths = np.stack([tokens.length[tokens.place == 0], closest_lengths(tokens)], axis=1)
        matched, total = matches(tokens, len(items), self.options.order)
        return np.hstack([lengths, matched, total]).astype(float)

    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        order = self.options.order
        made = _FORMULAS[self.options.profile](
            sums[:, 0], sums[:, 1], sums[:, 2 : 2 + order], sums[:, 2 + order : 2 + 2 * order]
        )
        return {key: 100 * made[:, number] for number, key in enumerate(self.keys)}

    def counts(self, sums: np.ndarray) -> dict[str, float]:
        order = self.options.order
        found = {"hypothesis_length": float(sums[0]), "reference_length": float(sums[1])}
        for n in range(order):
            found[f"matched{n + 1}"] = float(sums[2 + n])
            found[f"total{n + 1}"] = float(sums[2 + order + n])
        return found


def bleu(
    hypotheses: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    *,
    images: Mapping[str, str] | None = None,
    profile: Profile = "coco",
    order: int = 4,
    tokenise: Tokeniser | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """BLEU of plain dicts id → text and id → references; with id → image there are intervals by image.

    Raises:
        DataError: ids differ, a text is empty, a segment has no reference.
    """
    metric = Bleu(BleuOptions(profile=profile, order=order, tokenise=tokenise))
    return metric.score(pair(hypotheses, references, images), seed=seed, resamples=resamples)


def closest_lengths(tokens: Tokens) -> np.ndarray:
    """For each segment (segments,) the length of the reference closest to its hypothesis; of two the shorter."""
    reference = tokens.place > 0
    owner, length = tokens.segment[reference], tokens.length[reference]
    distance = np.abs(length - tokens.length[tokens.place == 0][owner])
    order = np.lexsort((length, distance, owner))
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return np.asarray(length[order][first])


def matches(tokens: Tokens, segments: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Clipped matches and all n-grams of the hypotheses, both (segments, order)."""
    matched = np.zeros((segments, order), dtype=np.int64)
    for n, counts in enumerate(count_ngrams(tokens, order)):
        if not len(counts.count):
            continue
        hypothesis = np.maximum.reduceat(np.where(counts.place == 0, counts.count, 0), counts.group)
        most = np.maximum.reduceat(np.where(counts.place == 0, 0, counts.count), counts.group)
        clipped = np.minimum(hypothesis, most)
        matched[:, n] = np.bincount(counts.segment[counts.group], weights=clipped, minlength=segments)
    lengths = tokens.length[tokens.place == 0]
    return matched, np.maximum(0, lengths[:, None] - np.arange(order))


# Formulas: hypothesis and reference lengths (n,), matched and all n-grams (n, order) → values (n, order), 0 … 1 ----


def _coco(length: np.ndarray, reference: np.ndarray, matched: np.ndarray, total: np.ndarray) -> np.ndarray:
    means = _geometric_means((matched + _TINY) / (total + _SMALL))
    ratio = (length + _TINY) / (reference + _SMALL)
    return np.asarray(means * np.exp(np.minimum(0.0, 1 - 1 / ratio))[:, None])


def _multibleu(length: np.ndarray, reference: np.ndarray, matched: np.ndarray, total: np.ndarray) -> np.ndarray:
    return _geometric_means(_individual(length, reference, matched, total))


def _sacrebleu(length: np.ndarray, reference: np.ndarray, matched: np.ndarray, total: np.ndarray) -> np.ndarray:
    missed = (matched == 0) & (total > 0)
    halvings = np.cumsum(missed, axis=1)
    smoothed = np.where(missed, 0.5**halvings, matched)
    precisions = np.divide(smoothed, total, out=np.zeros_like(smoothed), where=total > 0)
    some = np.cumsum(matched, axis=1) > 0
    shortness = np.divide(reference, length, out=np.full(length.shape, np.inf), where=length > 0)
    penalty = np.where(length < reference, np.exp(1 - shortness), 1.0)
    return np.asarray(np.where(some, _geometric_means(precisions) * penalty[:, None], 0.0))


def _individual(length: np.ndarray, reference: np.ndarray, matched: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(matched, total, out=np.zeros(matched.shape), where=total > 0))


def _geometric_means(precisions: np.ndarray) -> np.ndarray:
    """Of the first 1, 2, … orders; zero from the first zero on."""
    with np.errstate(divide="ignore"):
        logarithms = np.cumsum(np.log(precisions), axis=1)
    return np.asarray(np.exp(logarithms / np.arange(1, precisions.shape[1] + 1)))


_FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "coco": _coco,
    "multibleu": _multibleu,
    "sacrebleu": _sacrebleu,
    "individual": _individual,
}
