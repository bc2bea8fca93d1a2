"""For training: the best region of each image for each fragment, with a gradient to that region only."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


def best_region_scores(fragments: Tensor, regions: Tensor, counts: Tensor) -> Tensor:
    """max_i v_i · s_t for every fragment and image (Karpathy and Li 2015, eq. 8); ties go to the first region.

    fragments: (fragments, h); regions: (images, R, h), rows beyond `counts` are never the maximum.
    Returns (fragments, images) float32. The products are made in the type of `fragments`, bfloat16 included.
    """
    scores: Tensor = _BestRegion.apply(fragments, regions, counts)
    return scores


def sum_over_fragments(best: Tensor, rows: Tensor, lengths: Tensor, weights: Tensor | None = None) -> Tensor:
    """Scores of images with sentences from `best` (fragments, images): Σ_t w_t best[rows_t].

    rows: (total,) int64, the row of `best` for each word, sentence after sentence (words of one kind may share
    one). lengths: (sentences,) int64, all ≥ 1. weights: (total,). Returns (images, sentences).
    """
    starts = lengths.cumsum(0) - lengths
    return embedding_bag(rows, best, starts, mode="sum", per_sample_weights=weights).t()


class _BestRegion(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, fragments: Tensor, regions: Tensor, counts: Tensor) -> Tensor:
        images, most, h = regions.shape
        flat = regions.to(fragments.dtype).reshape(images * most, h)
        products = (fragments @ flat.t()).view(-1, images, most)
        absent = torch.arange(most, device=counts.device)[None, :] >= counts[:, None]
        best, where = products.masked_fill_(absent[None], float("-inf")).max(dim=2)
        ctx.save_for_backward(fragments, flat, where)
        ctx.shape = (images, most, h)
        return best.float()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        fragments, flat, where = ctx.saved_tensors
        images, most, h = ctx.shape
        # Two dense products with a nearly empty matrix are faster here than gathering a million vectors.
        sent = fragments.new_zeros(len(fragments), images, most)
        sent.scatter_(2, where[..., None], gradient.to(sent.dtype)[..., None])
        sent = sent.view(len(fragments), images * most)
        return sent @ flat, (sent.t() @ fragments).view(images, most, h), None
