"""Words and regions: the scoring engine, MRF smoothing, snippets and the losses that train an aligner."""

from __future__ import annotations

from .mrf import smooth, spread
from .scoring import score_matrix
from .snippets import sentence_snippets, stop_words, stretches
from .word_scores import word_region_scores

__all__ = [
    "score_matrix",
    "sentence_snippets",
    "smooth",
    "spread",
    "stop_words",
    "stretches",
    "word_region_scores",
]
