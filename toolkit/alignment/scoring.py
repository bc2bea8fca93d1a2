"""The score of every image with every sentence: one tiled matrix product, reduced while a tile is still in cache.

For image k with regions v_i and sentence l with fragments s_t (Karpathy & Li 2015; MODELS.md 1.3):

    max               S_kl = sum_t max_i v_i · s_t              (eq. 8)
    thresholded_sum   S_kl = sum_t sum_i max(0, v_i · s_t)      (eq. 7)

A tile is the product of a stretch of fragments (in rows) with the regions of a few images (in columns, side by side).
It is reduced over the regions of each image, then over the fragments of each sentence, and overwritten by the next:
memory beyond inputs and output does not grow with either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..backend import Fragments, Scoring
from ..errors import DataError

TILE_FRAGMENTS = {"cpu": 1024, "cuda": 4096}
TILE_ROWS = {"cpu": 1280, "cuda": 4096}
"""Regions in a tile, of as many whole images as fit; these sizes ran fastest in benchmarks/scoring.py."""
TILE_BYTES = 64 << 20
"""The most that the copies of one tile's regions or fragments may take, where vectors are long."""

Array = Tensor | np.ndarray[Any, Any]


@dataclass(frozen=True)
class Tiling:
    """How many images and fragments a tile holds."""

    images: int
    fragments: int

    def bytes(self, regions: int, dimension: int) -> int:
        """The most that scoring takes beyond its inputs and its output."""
        rows = self.images * regions
        products = rows * self.fragments
        return 4 * ((rows + self.fragments) * dimension + products + 4 * self.images * self.fragments)


def choose_tiling(regions: int, dimension: int, device: str = "cpu") -> Tiling:
    """The tile for images of `regions` regions and vectors of length `dimension` on this kind of device."""
    kind = "cpu" if device == "cpu" else "cuda"
    longest = max(1, TILE_BYTES // (4 * max(dimension, 1)))
    return Tiling(
        images=max(1, min(TILE_ROWS[kind], longest) // max(regions, 1)),
        fragments=min(TILE_FRAGMENTS[kind], longest),
    )


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
    counts = _counts(regions, region_counts)
    _check_shapes(regions, fragments, lengths, counts)
    _refuse_empty(counts, lengths, image_ids, sentence_ids)
    fragments = fragments.to(regions.device)
    _refuse_non_finite(fragments, lengths, sentence_ids)

    scores = torch.zeros(len(regions), len(lengths), device=regions.device)
    if scores.numel() == 0:
        return scores
    tiling = choose_tiling(int(counts.max()), regions.shape[2], regions.device.type)
    stretches = _stretches(lengths, tiling.fragments, regions.device)
    workspace = _Workspace(regions.device)
    # Images of one size side by side need next to no padding.
    for images in torch.split(torch.argsort(counts, descending=True, stable=True), tiling.images):
        planes = _planes(regions, counts, images, scoring, image_ids)
        rows = images.to(scores.device)
        for stretch in stretches:
            by_fragment = workspace.reduced(fragments[stretch.start : stretch.end], planes, scoring)
            by_sentence = embedding_bag(stretch.numbers, by_fragment, stretch.offsets, mode="sum")
            scores[rows, stretch.first : stretch.last] += by_sentence.T
    return _normalise(scores, lengths, scoring)


@dataclass(frozen=True)
class _Stretch:
    """Fragments `start` to `end`, of sentences `first` to `last` (half-open), each from its offset on.

    The first and the last sentence may reach over the edge: their parts are added up.
    """

    start: int
    end: int
    first: int
    last: int
    offsets: Tensor
    numbers: Tensor


def _stretches(lengths: Tensor, longest: int, device: torch.device) -> list[_Stretch]:
    """All fragments in stretches of nearly one size."""
    ends = torch.cumsum(lengths, 0)
    total = int(ends[-1])
    size = ceil(total / ceil(total / longest))
    stretches = []
    for start in range(0, total, size):
        end = min(start + size, total)
        first = int(torch.searchsorted(ends, start, right=True))
        last = int(torch.searchsorted(ends, end)) + 1
        offsets = (ends[first:last] - lengths[first:last] - start).clamp_(min=0)
        numbers = torch.arange(end - start, device=device)
        stretches.append(_Stretch(start, end, first, last, offsets.to(device), numbers))
    return stretches


class _Workspace:
    """Memory for one tile, used again for every tile: fresh pages would cost more than the reduction."""

    def __init__(self, device: torch.device) -> None:
        self._products = torch.empty(0, device=device)
        self._reduced = torch.empty(0, device=device)

    def reduced(self, fragments: Tensor, planes: Tensor, scoring: Scoring) -> Tensor:
        """(fragments, images), valid until the next call."""
        width, (most, images, dimension) = len(fragments), planes.shape
        if self._products.numel() < width * most * images:
            self._products = self._products.new_empty(width * most * images)
        if self._reduced.numel() < width * images:
            self._reduced = self._reduced.new_empty(width * images)
        products = self._products[: width * most * images].view(width, most * images)
        reduced = self._reduced[: width * images].view(width, images)
        torch.mm(fragments.to(torch.float32), planes.view(most * images, dimension).T, out=products)
        by_plane = products.view(width, most, images)
        if scoring.reduce == "max":
            return torch.amax(by_plane, 1, out=reduced)
        return torch.sum(by_plane.clamp_(min=0), 1, out=reduced)


def _planes(
    regions: Tensor, counts: Tensor, images: Tensor, scoring: Scoring, image_ids: Sequence[object] | None
) -> Tensor:
    """(most regions of any of these images, images, d) float32: first regions side by side, then second ones.

    So the reduction over an image's regions runs along whole vectors. Padding is such that it cannot change a score.
    """
    tile_counts = counts[images]
    most = int(tile_counts.max())
    tile = regions[images.to(regions.device), :most].transpose(0, 1).to(torch.float32).contiguous()
    padding = (torch.arange(most)[:, None] >= tile_counts).to(tile.device)
    if bool((tile_counts < most).any()):
        # A second copy of an image's first region is never above its maximum, so that no mask is needed; a zero
        # adds nothing to a sum.
        filling = tile[:1] if scoring.reduce == "max" else tile.new_zeros(())
        tile = torch.where(padding[:, :, None], filling, tile)
    if not _all_finite(tile):
        broken = ~torch.isfinite(tile).all(2).all(0)
        row = int(images[int(torch.nonzero(broken)[0])])
        raise DataError(f"image {_name(row, image_ids)}: a region vector holds a value that is not finite.")
    return tile


def _normalise(scores: Tensor, lengths: Tensor, scoring: Scoring) -> Tensor:
    if scoring.normalise == "none":
        return scores
    divisor = lengths.to(scores.device, torch.float32)
    if scoring.normalise == "smoothed":
        divisor = divisor + scoring.smoothing
    return scores.div_(divisor)


# Word by word ----------------------------------------------------------------------------------------------


@torch.no_grad()
def word_region_scores(
    regions: Array,
    fragments: Fragments,
    sentence_image: Array,
    token_counts: Array,
    region_counts: Array | None = None,
) -> Tensor:
    """The score of each word with each region of its sentence's own image.

    regions: (images, R, d). fragments: of the sentences, in order. sentence_image: (sentences,), the row of each
    sentence's image. token_counts: (sentences,), tokens of each sentence, with or without a fragment.
    region_counts: (images,), as for `score_matrix`.

    Returns (tokens, R) float32, the sum over the fragments of a token (fragments of the whole sentence, token −1, are
    left out); NaN beyond the image's regions and in the rows of tokens without a fragment.
    """
    regions = torch.as_tensor(regions)
    device = regions.device
    counts = _counts(regions, region_counts)
    lengths = fragments.lengths.to("cpu", torch.int64)
    token_counts = torch.as_tensor(token_counts).to("cpu", torch.int64)
    sentence_image = torch.as_tensor(sentence_image).to("cpu", torch.int64)
    token_index = fragments.token_index.to("cpu", torch.int64)
    _check_words(regions, fragments, lengths, sentence_image, token_counts, token_index)

    sentence = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    tied = torch.nonzero(token_index >= 0).flatten()
    by_image = tied[torch.argsort(sentence_image[sentence[tied]], stable=True)]
    image = sentence_image[sentence[by_image]]
    token = (torch.cumsum(token_counts, 0) - token_counts)[sentence[by_image]] + token_index[by_image]

    scores = torch.zeros(int(token_counts.sum()), regions.shape[1], device=device)
    own, sizes = torch.unique_consecutive(image, return_counts=True)
    for row, members, tokens in zip(
        own.tolist(), torch.split(by_image, sizes.tolist()), torch.split(token, sizes.tolist()), strict=True
    ):
        vectors = fragments.vectors[members.to(fragments.vectors.device)].to(device, torch.float32)
        scores.index_add_(0, tokens.to(device), vectors @ regions[row].to(torch.float32).T)

    unscored = torch.ones(len(scores), dtype=torch.bool)
    unscored[token] = False
    token_image = torch.repeat_interleave(sentence_image, token_counts)
    beyond = torch.arange(regions.shape[1]) >= counts[token_image][:, None]
    return scores.masked_fill_((beyond | unscored[:, None]).to(device), torch.nan)


# Refusals --------------------------------------------------------------------------------------------------


def _counts(regions: Tensor, region_counts: Array | None) -> Tensor:
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


def _check_words(
    regions: Tensor,
    fragments: Fragments,
    lengths: Tensor,
    sentence_image: Tensor,
    token_counts: Tensor,
    token_index: Tensor,
) -> None:
    if not len(lengths) == len(sentence_image) == len(token_counts):
        raise DataError(
            f"{len(lengths)} sentences have fragments, {len(sentence_image)} an image, {len(token_counts)} tokens: "
            "these must be one number."
        )
    if not int(lengths.sum()) == len(fragments.vectors) == len(token_index):
        raise DataError(
            f"lengths add up to {int(lengths.sum())} fragments, but there are {len(fragments.vectors)} vectors "
            f"and {len(token_index)} token numbers."
        )
    if len(sentence_image) and not 0 <= int(sentence_image.min()) <= int(sentence_image.max()) < len(regions):
        raise DataError(f"sentence_image names rows outside the {len(regions)} images.")
    wrong = torch.nonzero(token_index >= torch.repeat_interleave(token_counts, lengths)).flatten()
    if len(wrong):
        raise DataError(f"fragment {int(wrong[0])} belongs to token {int(token_index[wrong[0]])}, beyond its sentence.")


def _refuse_empty(
    counts: Tensor, lengths: Tensor, image_ids: Sequence[object] | None, sentence_ids: Sequence[object] | None
) -> None:
    if bool((counts < 1).any()):
        raise DataError(f"image {_name(int(torch.nonzero(counts < 1)[0]), image_ids)} has no regions.")
    if bool((lengths < 1).any()):
        raise DataError(f"sentence {_name(int(torch.nonzero(lengths < 1)[0]), sentence_ids)} has no fragments.")


def _refuse_non_finite(fragments: Tensor, lengths: Tensor, sentence_ids: Sequence[object] | None) -> None:
    step = max(1, TILE_BYTES // (4 * max(fragments.shape[1], 1)))
    for start in range(0, len(fragments), step):
        part = fragments[start : start + step].to(torch.float32)
        if not _all_finite(part):
            fragment = start + int(torch.nonzero(~torch.isfinite(part).all(1))[0])
            sentence = int(torch.searchsorted(torch.cumsum(lengths, 0), fragment, right=True))
            raise DataError(
                f"sentence {_name(sentence, sentence_ids)}: a fragment vector holds a value that is not finite."
            )


def _all_finite(values: Tensor) -> bool:
    """In one pass: NaN comes through minimum and maximum."""
    if values.numel() == 0:
        return True
    lowest, highest = torch.aminmax(values)
    return bool(torch.isfinite(lowest) & torch.isfinite(highest))


def _name(row: int, ids: Sequence[object] | None) -> object:
    return row if ids is None else ids[row]
