"""Words and regions: the scoring engine, MRF smoothing, snippets and the losses that train an aligner."""

from __future__ import annotations

from .scoring import score_matrix, word_region_scores

__all__ = ["score_matrix", "word_region_scores"]
