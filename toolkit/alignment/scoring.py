"""The score of every image with every sentence: one tiled matrix product, reduced while a tile is still in cache.

For image k with regions v_i and sentence l with fragments s_t (Karpathy & Li 2015; MODELS.md 1.3):

    max               S_kl = sum_t max_i v_i · s_t              (eq. 8)
    thresholded_sum   S_kl = sum_t sum_i max(0, v_i · s_t)      (eq. 7)

A tile (tiles.py) is the product of a stretch of fragments (in rows) with the regions of a few images (in columns). It
is reduced over the regions of each image, then over the fragments of each sentence, and overwritten by the next:
memory beyond inputs and output does not grow with either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..backend import Scoring
from ..errors import DataError
from .tiles import add_scores

CHECKED = 1 << 22
"""Numbers looked at together in search of one that is not finite."""

Array = Tensor | np.ndarray[Any, Any]


@torch.no_grad()
def score_matrix(
    regions: Array,
    fragments: Array,
    lengths: Array,
    region_counts: Array | None = None,
    *,
    scoring: Scoring = Scoring(),  # noqa: B008 (frozen)
    image_ids: Sequence[object] | None = None,
    sentence_ids: Sequence[object] | None = None,
) -> Tensor:
    """The score of each image with each sentence.

    regions: (images, R, d), any float type; rows beyond an image's count are padding and never looked at.
    fragments: (total, d), sentence after sentence. lengths: (sentences,), fragments of each sentence.
    region_counts: (images,), regions of each image; all R where it is None.
    image_ids, sentence_ids: names for messages; row numbers where they are None.

    Returns (images, sentences) float32 on the device of `regions`. No gradient is kept: losses have their own way.
    Raises DataError, by id, for an image without regions, a sentence without fragments or a value that is not finite.
    """
    regions, fragments = torch.as_tensor(regions), torch.as_tensor(fragments)
    lengths = torch.as_tensor(lengths).to("cpu", torch.int64)
    counts = as_counts(regions, region_counts)
    _check_shapes(regions, fragments, lengths, counts)
    _refuse_empty(counts, lengths, image_ids, sentence_ids)
    fragments = fragments.to(regions.device)
    _refuse_non_finite_regions(regions, counts, image_ids)
    _refuse_non_finite_fragments(fragments, lengths, sentence_ids)

    scores = torch.zeros(len(regions), len(lengths), device=regions.device)
    if scores.numel() == 0:
        return scores
    add_scores(scores, regions, fragments, lengths, counts, scoring.reduce)
    return _normalise(scores, lengths, scoring)


def _normalise(scores: Tensor, lengths: Tensor, scoring: Scoring) -> Tensor:
    if scoring.normalise == "none":
        return scores
    divisor = lengths.to(scores.device, torch.float32)
    if scoring.normalise == "smoothed":
        divisor = divisor + scoring.smoothing
    return scores.div_(divisor)


# Refusals --------------------------------------------------------------------------------------------------


def as_counts(regions: Tensor, region_counts: Array | None) -> Tensor:
    """(images,) int64 on the CPU: `region_counts`, or all regions of each image."""
    if region_counts is None:
        return torch.full((len(regions),), regions.shape[1] if regions.ndim > 1 else 0)
    return torch.as_tensor(region_counts).to("cpu", torch.int64)


def _check_shapes(regions: Tensor, fragments: Tensor, lengths: Tensor, counts: Tensor) -> None:
    if regions.ndim != 3 or fragments.ndim != 2 or regions.shape[2] != fragments.shape[1]:
        raise DataError(
            "regions must be (images, R, d) and fragments (total, d) with one d, "
            f"not {tuple(regions.shape)} and {tuple(fragments.shape)}."
        )
    if lengths.ndim != 1 or int(lengths.sum()) != len(fragments):
        raise DataError(f"lengths must add up to the {len(fragments)} fragments, not to {int(lengths.sum())}.")
    if counts.shape != (len(regions),):
        raise DataError(f"region_counts must have one number for each of {len(regions)} images, not {len(counts)}.")
    if len(counts) and int(counts.max()) > regions.shape[1]:
        raise DataError(f"region_counts says {int(counts.max())} where regions holds {regions.shape[1]} an image.")


def _refuse_empty(
    counts: Tensor, lengths: Tensor, image_ids: Sequence[object] | None, sentence_ids: Sequence[object] | None
) -> None:
    if bool((counts < 1).any()):
        raise DataError(f"image {_name(int(torch.nonzero(counts < 1)[0]), image_ids)} has no regions.")
    if bool((lengths < 1).any()):
        raise DataError(f"sentence {_name(int(torch.nonzero(lengths < 1)[0]), sentence_ids)} has no fragments.")


def _refuse_non_finite_regions(regions: Tensor, counts: Tensor, image_ids: Sequence[object] | None) -> None:
    step = max(1, CHECKED // max(regions[:1].numel(), 1))
    for start in range(0, len(regions), step):
        part = regions[start : start + step].to(torch.float32)
        if _all_finite(part):
            continue
        there = (torch.arange(part.shape[1]) < counts[start : start + step, None]).to(part.device)
        broken = torch.nonzero((~torch.isfinite(part).all(2) & there).any(1))
        if len(broken):
            name = _name(start + int(broken[0]), image_ids)
            raise DataError(f"image {name}: a region vector holds a value that is not finite.")


def _refuse_non_finite_fragments(fragments: Tensor, lengths: Tensor, sentence_ids: Sequence[object] | None) -> None:
    step = max(1, CHECKED // max(fragments.shape[1], 1))
    for start in range(0, len(fragments), step):
        part = fragments[start : start + step].to(torch.float32)
        if _all_finite(part):
            continue
        fragment = start + int(torch.nonzero(~torch.isfinite(part).all(1))[0])
        name = _name(int(torch.searchsorted(torch.cumsum(lengths, 0), fragment, right=True)), sentence_ids)
        raise DataError(f"sentence {name}: a fragment vector holds a value that is not finite.")


def _all_finite(values: Tensor) -> bool:
    """In one pass: NaN comes through minimum and maximum."""
    if values.numel() == 0:
        return True
    lowest, highest = torch.aminmax(values)
    return bool(torch.isfinite(lowest) & torch.isfinite(highest))


def _name(row: int, ids: Sequence[object] | None) -> object:
    return row if ids is None else ids[row]
