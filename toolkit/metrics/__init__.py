"""Metrics on plain data: dicts id → text and id → references, matrices of scores.

    from vsa_toolkit.metrics import bleu
    bleu({"1": "a dog runs"}, {"1": ["a dog is running", "the dog runs"]}, profile="coco").values["bleu1"].value

Each function is also the name of its module, whose class (`Bleu`, `Cider`, …) gives scores of segments and sufficient
statistics.
"""

from __future__ import annotations

from .bleu import bleu
from .chrf import chrf
from .cider import cider
from .diversity import copied, distinct
from .perplexity import perplexity
from .retrieval import retrieval
from .rouge import rouge

__all__ = ["bleu", "chrf", "cider", "copied", "distinct", "perplexity", "retrieval", "rouge"]
