"""The product of all regions with all fragments, tile by tile, reduced before a tile leaves the cache.

On a CPU each thread works through tiles of its own, one core a tile, without waiting for the others: a tile stays in
the cache of the core that made it, and on a busy machine no core stands still for another. On CUDA the tiles follow
one another.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

Reduce = Literal["max", "thresholded_sum"]

TILE_FRAGMENTS = {"cpu": 1024, "cuda": 4096}
TILE_COLUMNS = {"cpu": 1280, "cuda": 4096}
"""Regions in a tile, of as many whole images as fit; these sizes ran fastest in benchmarks/scoring.py."""
LONGEST = 16 << 20
"""Bytes that a tile's vectors may take on either side, where they are long."""
MEMORY = 512 << 20
"""Bytes that all threads may take beyond inputs and output."""


@dataclass(frozen=True)
class Tiling:
    """How many images and fragments a tile holds, and how many threads have one at a time."""

    images: int
    fragments: int
    threads: int

    def bytes(self, regions: int, dimension: int) -> int:
        """The most that scoring takes beyond its inputs and its output."""
        return self.threads * _tile_bytes(self.images, self.fragments, regions, dimension)


def choose_tiling(regions: int, dimension: int, device: str = "cpu", threads: int = 1) -> Tiling:
    """The tiles for images of `regions` regions and vectors of length `dimension` on this kind of device."""
    kind = "cpu" if device == "cpu" else "cuda"
    longest = max(1, LONGEST // (4 * max(dimension, 1)))
    images = max(1, min(TILE_COLUMNS[kind], longest) // max(regions, 1))
    fragments = min(TILE_FRAGMENTS[kind], longest)
    affordable = MEMORY // _tile_bytes(images, fragments, regions, dimension)
    return Tiling(images, fragments, max(1, min(threads if kind == "cpu" else 1, affordable)))


def _tile_bytes(images: int, fragments: int, regions: int, dimension: int) -> int:
    columns = images * regions
    vectors = (2 * columns + fragments) * dimension  # two copies while padding is filled in
    return 4 * (vectors + fragments * (columns + 4 * images))


@torch.no_grad()
def add_scores(
    scores: Tensor, regions: Tensor, fragments: Tensor, lengths: Tensor, counts: Tensor, reduce: Reduce
) -> None:
    """Adds the un-normalised scores to `scores` (images, sentences) float32; all inputs are checked.

    regions: (images, R, d), fragments: (total, d), both on the device of `scores`; counts, lengths: on the CPU.
    """
    tiling = choose_tiling(int(counts.max()), regions.shape[2], regions.device.type, torch.get_num_threads())
    work, lock = _work(regions, fragments, lengths, counts, reduce, tiling), Lock()
    jobs = ceil(len(regions) / tiling.images) * ceil(len(fragments) / tiling.fragments)
    threads = min(tiling.threads, jobs)
    if threads == 1:
        _drain(work, scores, reduce, lock)
        return
    with _single_threaded_workers(threads) as workers:
        shares = [workers.submit(_drain, work, scores, reduce, lock) for _ in range(threads)]
        try:
            for share in shares:
                share.result()
        except BaseException:  # Ctrl-C too: the workers end with the tile that they have
            with lock:
                work.close()
            raise


@dataclass(frozen=True)
class _Job:
    """A tile: some images (their rows in the score matrix) and a stretch of fragments.

    The stretch belongs to the sentences `first` to `last` (half-open), each from its offset on. The outer two may
    reach over its edges: their parts are added up.
    """

    planes: Tensor  # (most regions of an image, images, d)
    rows: Tensor  # (images,)
    fragments: Tensor  # (width, d)
    first: int
    last: int
    offsets: Tensor  # (last - first,)


def _work(
    regions: Tensor, fragments: Tensor, lengths: Tensor, counts: Tensor, reduce: Reduce, tiling: Tiling
) -> Generator[_Job, None, None]:
    stretches = list(_stretches(lengths, tiling.fragments))
    # Images of one size side by side need next to no padding.
    for images in torch.split(torch.argsort(counts, descending=True, stable=True), tiling.images):
        planes, rows = _planes(regions, counts, images, reduce), images.to(regions.device)
        for start, end, first, last, offsets in stretches:
            yield _Job(planes, rows, fragments[start:end], first, last, offsets.to(regions.device))


def _stretches(lengths: Tensor, longest: int) -> Iterator[tuple[int, int, int, int, Tensor]]:
    """All fragments in stretches of nearly one size: start, end, first and last sentence, offsets."""
    ends = torch.cumsum(lengths, 0)
    total = int(ends[-1])
    size = ceil(total / ceil(total / longest))
    for start in range(0, total, size):
        end = min(start + size, total)
        first = int(torch.searchsorted(ends, start, right=True))
        last = int(torch.searchsorted(ends, end)) + 1
        yield start, end, first, last, (ends[first:last] - lengths[first:last] - start).clamp_(min=0)


def _planes(regions: Tensor, counts: Tensor, images: Tensor, reduce: Reduce) -> Tensor:
    """(most regions of any of these images, images, d) float32: first regions side by side, then second ones.

    So the reduction over an image's regions runs along whole vectors. Padding is such that it cannot change a score.
    """
    tile_counts = counts[images]
    most = int(tile_counts.max())
    planes = regions[images.to(regions.device), :most].transpose(0, 1).to(torch.float32).contiguous()
    padding = (torch.arange(most)[:, None] >= tile_counts).to(planes.device)
    if not bool((tile_counts < most).any()):
        return planes
    # A second copy of an image's first region is never above its maximum, so that no mask is needed; a zero adds
    # nothing to a sum.
    filling = planes[:1] if reduce == "max" else planes.new_zeros(())
    return torch.where(padding[:, :, None], filling, planes)


# One thread's share ----------------------------------------------------------------------------------------


@contextmanager
def _single_threaded_workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads whose own operations use one core each.

    torch keeps that setting for each thread, and the newest one for threads to come: the latter is put back.
    """
    everyone = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, "scoring", initializer=torch.set_num_threads, initargs=(1,)) as workers:
            yield workers
    finally:
        torch.set_num_threads(everyone)


def _drain(work: Iterator[_Job], scores: Tensor, reduce: Reduce, lock: Lock) -> None:
    """Takes jobs until none is left. Only taking one and adding its result wait for the lock."""
    workspace = _Workspace(scores.device)
    with torch.no_grad():
        while True:
            with lock:
                job = next(work, None)
            if job is None:
                return
            by_fragment = workspace.reduced(job.fragments, job.planes, reduce)
            numbers = torch.arange(len(by_fragment), device=scores.device)
            by_sentence = embedding_bag(numbers, by_fragment, job.offsets, mode="sum")
            with lock:
                scores[job.rows, job.first : job.last] += by_sentence.T


class _Workspace:
    """Memory for one tile, used again for every tile: fresh pages would cost more than the reduction."""

    def __init__(self, device: torch.device) -> None:
        self._products = torch.empty(0, device=device)
        self._reduced = torch.empty(0, device=device)

    def reduced(self, fragments: Tensor, planes: Tensor, reduce: Reduce) -> Tensor:
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
        if reduce == "max":
            return torch.amax(by_plane, 1, out=reduced)
        return torch.sum(by_plane.clamp_(min=0), 1, out=reduced)
