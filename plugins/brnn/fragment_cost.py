"""The fragment alignment cost of DeFrag (Karpathy, Joulin and Li 2014, section 3.3.1), and its multiple instances."""

from __future__ import annotations

import torch
from torch import Tensor


def fragment_cost(
    products: Tensor, rows: Tensor, image_of: Tensor, counts: Tensor, instances: bool, margin: float = 1.0
) -> Tensor:
    """C_F = Σ_j Σ_i κ_ij max(0, margin − y_ij v_i · s_j) for each fragment j: (total,). The paper's margin is 1.

    products: (distinct fragments, images, R) of v_i · s_j, 0 beyond an image's `counts` (images,). rows: (total,) the
    row of each fragment; image_of: (total,) the image that its sentence describes. Half precision is kept for what is
    as large as `products`.

    y_ij = 1 for the regions of a fragment's own image and −1 for all others. With `instances` (mi-SVM's heuristic,
    "MIL") an own region is positive only where v_i · s_j > 0, or where it is the best of an image without any such.
    κ_ij: the positives of a fragment weigh one over their number, its negatives one over theirs.
    """
    own = products[rows, image_of].float()
    there = torch.arange(own.shape[1], device=own.device)[None, :] < counts[image_of][:, None]
    positive = there & (own > 0) if instances else there
    best = own.masked_fill(~there, float("-inf")).argmax(dim=1, keepdim=True)
    positive = positive | torch.zeros_like(positive).scatter(1, best, ~positive.any(dim=1, keepdim=True))

    absent = (counts.shape[0] * own.shape[1] - counts.sum()) * margin  # each counts as max(0, margin + 0)
    everywhere = (margin + products).relu().sum(dim=2).float().sum(dim=1) - absent
    as_negatives = everywhere[rows] - ((margin + own).relu() * positive).sum(dim=1)
    positives = positive.sum(dim=1)
    negatives = (counts.sum() - positives).clamp(min=1)
    return ((margin - own).relu() * positive).sum(dim=1) / positives + as_negatives / negatives
