"""Stacked cross attention (Lee et al., ECCV 2018, section 3): words attend to regions, or regions to words.

x_ti = cos(s_t, v_i) is made for all words and regions by one matrix product. What a word attends to,
a_t = Σ_i α_ti v_i, is never made: its cosine with the word needs only products that are there, since

    a_t · s_t = Σ_i α_ti x_ti     and     |a_t|² = Σ_ij α_ti α_tj (v_i · v_j),

the latter from the products of an image's regions with each other; with words and regions exchanged likewise. So the
work grows with the number of regions and not with the length of vectors. It is done for some sentences at a time, few
enough to stay in cache, many enough for matrix products; sums over a sentence's words are products with zeros and ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu
from torch.utils.checkpoint import checkpoint

VALUES = {"cpu": 1 << 18, "cuda": 1 << 25}
"""Word-region pairs that are worked on at a time, about: on a CPU 1 MiB of float32, which stays in its cache."""
WORDS = {"cpu": 256, "cuda": 2048}
"""The most words at a time: sums over sentences grow with the square."""
TINY = 1e-12


@dataclass(frozen=True)
class Attention:
    """direction: `t2i`, words attend to regions; `i2t`, regions to words. sharpness: λ_1, of the attention.

    pool: over the words (or regions) that attend, the mean of their cosines with what they attend to (eq. 8, 11: AVG),
    or 1/λ_2 log Σ exp(λ_2 …) (eq. 4, 10: LSE) with λ_2 = pool_sharpness.
    """

    direction: Literal["t2i", "i2t"] = "t2i"
    sharpness: float = 9.0
    pool: Literal["mean", "logsumexp"] = "mean"
    pool_sharpness: float = 6.0


def attention_scores(
    x: Tensor, words: Tensor, lengths: Tensor, regions: Tensor, counts: Tensor, how: Attention
) -> Tensor:
    """The score of every image with every sentence, (images, sentences).

    x: (total, images, R) float32, the cosine of each word with each region. words: (total, h), sentence after sentence,
    regions: (images, R, h), both of unit length, zero beyond `counts`. lengths: (sentences,) int64, all ≥ 1.
    """
    there = torch.arange(regions.shape[1], device=x.device)[None, :] < counts[:, None]
    between = regions @ regions.transpose(1, 2) if how.direction == "t2i" else None
    counted, sizes = _groups(lengths.tolist(), x.shape[1] * x.shape[2], x.device.type)
    groups = torch.split(lengths, counted)
    parts = []
    # `split`, where slices would each have a gradient of the whole.
    for group, own_x, own_words in zip(groups, torch.split(x, sizes), torch.split(words, sizes), strict=True):
        own = _own_words(group)
        if between is not None:
            step = partial(_words_attend, own_x, own, between, there, how)
        else:
            block = own.t() @ own * (own_words @ own_words.t())
            step = partial(_regions_attend, own_x, own, block, there, how)
        # What lies between x and the scores is made again for the gradient: kept, it would leave the cache.
        again = torch.is_grad_enabled() and x.requires_grad
        parts.append(checkpoint(step, use_reentrant=False, preserve_rng_state=False) if again else step())
    return torch.cat(parts).t()


def attention_logits(x: Tensor, lengths: Tensor) -> Tensor:
    """The positive part of x_ti, divided by its norm over the sentence's words: what a softmax over regions turns into
    attention, up to λ_1 (eq. 6, 7). x: (total, R) → (total, R)"""
    sentence = torch.arange(len(lengths), device=x.device).repeat_interleave(lengths)
    positive = leaky_relu(x, 0.1)
    squares = x.new_zeros(len(lengths), x.shape[1]).index_add(0, sentence, positive**2)
    return positive * (squares + TINY).rsqrt()[sentence]


def _words_attend(x: Tensor, own: Tensor, between: Tensor, there: Tensor, how: Attention) -> Tensor:
    """(words, images, R) → (sentences, images). own: (sentences, words) ones and zeros; between: (images, R, R)."""
    positive = leaky_relu(x, 0.1)  # the paper cuts at 0, its code leaves a tenth
    squares = own @ (positive**2).flatten(1)
    norms = (own.t() @ (squares + TINY).rsqrt()).view_as(x)
    logits = (how.sharpness * positive * norms).masked_fill(~there, float("-inf"))
    weights = logits.softmax(dim=2)
    along = (weights * x).sum(dim=2)
    size = ((weights.transpose(0, 1) @ between).transpose(0, 1) * weights).sum(dim=2)
    cosines = along * (size.clamp(min=0) + TINY).rsqrt()  # opposite regions can round to less than nothing
    if how.pool == "mean":
        return own @ cosines / own.sum(dim=1, keepdim=True)
    return (own @ (how.pool_sharpness * cosines).exp()).log() / how.pool_sharpness


def _regions_attend(x: Tensor, own: Tensor, block: Tensor, there: Tensor, how: Attention) -> Tensor:
    """(words, images, R) → (sentences, images). block: (words, words), products of words, 0 between sentences."""
    positive = leaky_relu(x, 0.1)
    normed = positive * ((positive**2).sum(dim=2, keepdim=True) + TINY).rsqrt()
    weights = (how.sharpness * normed).exp().flatten(1)  # not divided by their sum: cosines do not change by it
    along = own @ (weights * x.flatten(1))
    size = own @ (weights * (block @ weights))
    cosines = (along * (size.clamp(min=0) + TINY * (own @ weights) ** 2).rsqrt()).view(len(own), *x.shape[1:])
    if how.pool == "mean":
        return (cosines * there).sum(dim=2) / there.sum(dim=1)
    return (how.pool_sharpness * cosines).masked_fill(~there, float("-inf")).logsumexp(dim=2) / how.pool_sharpness


def _groups(lengths: Sequence[int], columns: int, device: str) -> tuple[list[int], list[int]]:
    """How many sentences are worked on at a time, and how many words they have; `columns` regions beside each word."""
    most = max(1, min(WORDS.get(device, WORDS["cuda"]), VALUES.get(device, VALUES["cuda"]) // max(columns, 1)))
    sentences, words = [0], [0]
    for length in lengths:
        if sentences[-1] and words[-1] + length > most:
            sentences.append(0)
            words.append(0)
        sentences[-1] += 1
        words[-1] += length
    return sentences, words


def _own_words(lengths: Tensor) -> Tensor:
    """(sentences, words) float32: 1 where the word is the sentence's."""
    sentence = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
    return (torch.arange(len(lengths), device=lengths.device)[:, None] == sentence).float()
