"""Ranking losses on a batch's score matrix: each true image-sentence pair against the wrong pairs around it.

All take `scores` (images, sentences) and `image_of` (sentences,) int64, the row of each sentence's image, and give
a scalar. An image may have several sentences; they are never each other's negatives, so that a batch must hold
distinct images (two rows of one photo would be).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def hinge(scores: Tensor, image_of: Tensor, margin: float = 1.0) -> Tensor:
    """Two-sided hinge, summed over the batch (Karpathy and Li, eq. 9), without the constant of the true pairs.

    C = Σ_k [ Σ_l max(0, S_kl − S_kk + margin) + Σ_l max(0, S_lk − S_kk + margin) ], where k runs over true pairs.
    """
    image_cost, sentence_cost = _costs(scores, image_of, margin)
    return image_cost.sum() + sentence_cost.sum()


def hardest(scores: Tensor, image_of: Tensor, margin: float = 0.2) -> Tensor:
    """As `hinge`, but of the wrong pairs only the worst counts (VSE++), averaged over the true pairs.

    It collapses from a random start; train with `hinge` or `contrastive` first.
    """
    image_cost, sentence_cost = _costs(scores, image_of, margin)
    pairs = scores.shape[1]
    return (image_cost.amax(dim=1).sum() + sentence_cost.amax(dim=0).sum()) / pairs


def contrastive(scores: Tensor, image_of: Tensor) -> Tensor:
    """Symmetric cross-entropy (InfoNCE); `scores` are already divided by the temperature. Averaged over sentences.

    sentence → image: softmax over the batch's images.
    image → sentence: each true sentence against the sentences of all other images; its siblings stand aside.
    """
    to_image = F.cross_entropy(scores.t(), image_of)
    wrong = scores.masked_fill(_own(scores, image_of), float("-inf"))
    true = _true(scores, image_of)
    to_sentence = F.softplus(torch.logsumexp(wrong, dim=1)[image_of] - true).mean()
    return to_image + to_sentence


def _costs(scores: Tensor, image_of: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Violations, (pairs, sentences) for a fixed image and (images, pairs) for a fixed sentence; own cells are 0."""
    own = _own(scores, image_of)
    true = _true(scores, image_of)
    image_cost = (scores[image_of] - true[:, None] + margin).clamp(min=0)
    sentence_cost = (scores - true[None, :] + margin).clamp(min=0)
    return image_cost.masked_fill(own[image_of], 0.0), sentence_cost.masked_fill(own, 0.0)


def _own(scores: Tensor, image_of: Tensor) -> Tensor:
    """(images, sentences) bool: the cells of true pairs."""
    return torch.arange(scores.shape[0], device=scores.device)[:, None] == image_of[None, :]


def _true(scores: Tensor, image_of: Tensor) -> Tensor:
    """(sentences,) the score of each sentence with its own image."""
    return scores.gather(0, image_of[None, :]).squeeze(0)
