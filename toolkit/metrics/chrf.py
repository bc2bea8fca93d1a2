"""chrF, from sacrebleu: an F-measure of character n-grams, which forgives inflection and needs no tokeniser.

Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation". With word_order 2 it is chrF++. Of several
references the one with the best F counts, for each segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from ..options import Options
from ..signature import Value
from .metric import Score, TextMetric
from .resampling import RESAMPLES
from .segments import Segment, pair

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF


class ChrfOptions(Options):
    char_order: int = Field(default=6, ge=1, description="the longest character n-gram")
    word_order: int = Field(default=0, ge=0, description="the longest word n-gram; 2 makes it chrF++")
    beta: int = Field(default=2, ge=1, description="how many times recall counts as much as precision")
    lowercase: bool = Field(default=False, description="whether case is ignored")


class Chrf(TextMetric):
    """chrF in percent. Statistics of a segment: for each order n-grams of hypothesis, of reference, and common ones."""

    name = "chrf"
    Options = ChrfOptions
    options: ChrfOptions

    @property
    def keys(self) -> tuple[str, ...]:
        return ("chrf",)

    def fields(self) -> dict[str, Value]:
        from sacrebleu import __version__

        return {
            "metric": "chrf" + "+" * self.options.word_order,
            "char_order": self.options.char_order,
            "word_order": self.options.word_order,
            "beta": self.options.beta,
            "case": "lower" if self.options.lowercase else "mixed",
            "whitespace": False,
            "sacrebleu": __version__,
        }

    @cached_property
    def _peer(self) -> CHRF:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(
            char_order=self.options.char_order,
            word_order=self.options.word_order,
            beta=self.options.beta,
            lowercase=self.options.lowercase,
        )

    def statistics(self, items: Sequence[Segment]) -> np.ndarray:
        # What sacrebleu asks of every metric that subclasses its own; its public methods give scores only.
        prepare, read = self._peer._preprocess_segment, self._peer._extract_reference_info
        count = self._peer._compute_segment_statistics
        return np.array(
            [count(prepare(s.text), read([prepare(reference) for reference in s.references])) for s in items],
            dtype=float,
        )

    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        hypothesis, reference, common = np.moveaxis(sums.reshape(len(sums), -1, 3), 2, 0)
        both = (hypothesis > 0) & (reference > 0)
        orders = np.maximum(1, both.sum(axis=1))
        precision = np.divide(common, hypothesis, out=np.zeros_like(common), where=both).sum(axis=1) / orders
        recall = np.divide(common, reference, out=np.zeros_like(common), where=both).sum(axis=1) / orders
        weight = self.options.beta**2
        below = weight * precision + recall
        above = (1 + weight) * precision * recall
        return {"chrf": 100 * np.divide(above, below, out=np.zeros_like(below), where=below > 0)}


def chrf(
    hypotheses: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    *,
    images: Mapping[str, str] | None = None,
    char_order: int = 6,
    word_order: int = 0,
    beta: int = 2,
    lowercase: bool = False,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """chrF of plain dicts id → text and id → references; with id → image there are intervals by image."""
    options = ChrfOptions(char_order=char_order, word_order=word_order, beta=beta, lowercase=lowercase)
    return Chrf(options).score(pair(hypotheses, references, images), seed=seed, resamples=resamples)
