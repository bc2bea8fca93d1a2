"""ROUGE-L as coco-caption has it: an F-measure of the longest common subsequence, averaged over segments.

Lin 2004, "ROUGE: a package for automatic evaluation of summaries", with β = 1.2 in place of the summaries' large β, and
with the best precision and the best recall over the references, which need not be of the same reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from ..options import Options
from ..signature import Value
from .metric import MeanMetric, Score
from .resampling import RESAMPLES
from .segments import Segment, pair
from .tokenisers import CASE, Tokeniser, tokens_of


class RougeOptions(Options):
    beta: float = Field(default=1.2, gt=0, description="how many times recall counts as much as precision")
    tokenise: Tokeniser = Field(default="ptb", description="the tokeniser")


class RougeL(MeanMetric):
    """ROUGE-L in percent."""

    name = "rouge"
    value = "rouge_l"
    Options = RougeOptions
    options: RougeOptions

    def fields(self) -> dict[str, Value]:
        tokeniser = self.options.tokenise
        return {
            "metric": "rouge-l",
            "beta": self.options.beta,
            "best": "precision,recall",
            "tokenise": tokeniser,
            "case": CASE[tokeniser],
        }

    def scores(self, items: Sequence[Segment]) -> np.ndarray:
        tokens = tokens_of(self.options.tokenise)
        return np.array([self._score(tokens(s.text), [tokens(r) for r in s.references]) for s in items])

    def _score(self, hypothesis: Sequence[str], references: Sequence[Sequence[str]]) -> float:
        if not hypothesis:
            return 0.0
        common = [common_subsequence(reference, hypothesis) for reference in references]
        precision = max(common) / len(hypothesis)
        recall = max((length / len(reference) for length, reference in zip(common, references) if reference), default=0)
        if not precision or not recall:
            return 0.0
        weight = self.options.beta**2
        return (1 + weight) * precision * recall / (recall + weight * precision)


def rouge(
    hypotheses: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    *,
    images: Mapping[str, str] | None = None,
    beta: float = 1.2,
    tokenise: Tokeniser = "ptb",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """ROUGE-L of plain dicts id → text and id → references; with id → image there are intervals by image."""
    metric = RougeL(RougeOptions(beta=beta, tokenise=tokenise))
    return metric.score(pair(hypotheses, references, images), seed=seed, resamples=resamples)


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence of two token lists.

    Bits of one number stand for the tokens of `one`, so that a row of the dynamic program is one sum (Hyyrö 2004,
    "Bit-parallel LCS-length computation revisited").
    """
    places: dict[str, int] = {}
    for number, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << number
    everything = (1 << len(one)) - 1
    row = everything
    for token in other:
        match = row & places.get(token, 0)
        row = (row + match | row - match) & everything
    return len(one) - row.bit_count()
