"""Proposer `blobs`: connected groups of pixels that are strongly coloured or lie on strong edges.

It knows no objects. It suits pictures of separate coloured things on a dull ground, such as generated scenes, and
finds their clutter too. On photos of people and streets a trained detector does better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import Field

from vsa_toolkit.boxes import iou, pairwise_iou
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.records import Box, RegionBox, Size

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

WORKING_WIDTH = 160
"""Photos are reduced to this width first: blobs are coarse, and grain goes away."""


class BlobOptions(Options):
    colourful: tuple[float, ...] = Field(
        (0.13, 0.18, 0.24, 0.32, 0.42), description="Thresholds of chroma, 0 to 1; a blob of many is ranked high."
    )
    edges: tuple[float, ...] = Field((0.14, 0.2, 0.3), description="Strengths of edges, 0 to 1, that join blobs.")
    smallest: float = Field(0.0025, gt=0, lt=1, description="The smallest box, as a part of the image's area.")
    largest: float = Field(0.6, gt=0, le=1, description="The largest box, as a part of the image's area.")
    overlap: float = Field(0.7, gt=0, le=1, description="Of boxes with a larger IoU only the best is kept.")


class Blobs(Proposer):
    """Groups of pixels by colour alone and by colour with edges; boxes ranked by how much of them stands out."""

    name = "blobs"
    Options = BlobOptions
    options: BlobOptions

    def digest(self) -> str:
        return "blobs 1"

    def propose(self, photo: Photo, frame: Size, k: int) -> list[RegionBox]:
        factor = min(1.0, WORKING_WIDTH / photo.width)
        size = (max(1, round(photo.width * factor)), max(1, round(photo.height * factor)))
        pixels = np.asarray(photo.resize(size), np.float32) / 255
        chosen = _distinct(_ranked(list(self._candidates(pixels))), self.options.overlap, k)
        sx, sy = photo.width / size[0], photo.height / size[1]
        return [
            RegionBox(str(i), (box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy), score=score)
            for i, (score, box) in enumerate(chosen)
        ]

    def _candidates(self, pixels: np.ndarray) -> Iterator[Box]:
        height, width = pixels.shape[:2]
        smooth = _blurred(pixels)
        chroma = smooth.max(-1) - smooth.min(-1)
        edges = _edges(smooth)
        for threshold in self.options.colourful:
            coloured = chroma > threshold
            yield from self._fitting(components(coloured), width * height)
            for edge in self.options.edges:
                yield from self._fitting(components(coloured | (edges > edge)), width * height)

    def _fitting(self, boxes: list[Box], total: int) -> Iterator[Box]:
        for box in boxes:
            if self.options.smallest <= box[2] * box[3] / total <= self.options.largest:
                yield box


def components(mask: np.ndarray) -> list[Box]:
    """The boxes (x, y, width, height) of the 8-connected groups of true pixels of a (height, width) mask."""
    runs: list[tuple[int, int, int]] = []  # row, first column, column after the last
    parent: list[int] = []

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    above: list[int] = []
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    turns = np.diff(padded, axis=1)
    for row in range(mask.shape[0]):
        here: list[int] = []
        for start, end in zip(np.flatnonzero(turns[row] == 1), np.flatnonzero(turns[row] == -1)):
            i = len(runs)
            runs.append((row, int(start), int(end)))
            parent.append(i)
            here.append(i)
            for j in above:
                if runs[j][1] <= end and start <= runs[j][2]:  # touching at a corner counts
                    parent[find(j)] = find(i)
        above = here
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for i, run in enumerate(runs):
        groups.setdefault(find(i), []).append(run)
    return [_around(group) for group in groups.values()]


def _around(runs: list[tuple[int, int, int]]) -> Box:
    left, right = min(run[1] for run in runs), max(run[2] for run in runs)
    top, bottom = runs[0][0], runs[-1][0] + 1
    return (float(left), float(top), float(right - left), float(bottom - top))


def _ranked(boxes: list[Box]) -> list[tuple[float, Box]]:
    """Boxes with their support, best first: a thing that stands out is found at many thresholds (as in MSER)."""
    if not boxes:
        return []
    overlaps = pairwise_iou(torch.tensor(boxes), torch.tensor(boxes))
    support = (overlaps * (overlaps >= 0.6)).sum(1).tolist()
    return sorted(zip(support, boxes), reverse=True)


def _distinct(candidates: list[tuple[float, Box]], overlap: float, k: int) -> list[tuple[float, Box]]:
    """Greedy non-maximum suppression of candidates, best first."""
    chosen: list[tuple[float, Box]] = []
    for score, box in candidates:
        if len(chosen) == k:
            break
        if all(iou(box, other) <= overlap for _, other in chosen):
            chosen.append((score, box))
    return chosen


def _blurred(pixels: np.ndarray) -> np.ndarray:
    """The mean of each pixel's 3 × 3 neighbourhood, (height, width, channels)."""
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    means: np.ndarray = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return means


def _edges(pixels: np.ndarray) -> np.ndarray:
    """The strongest difference over two pixels, in any channel, (height, width)."""
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = np.abs(padded[1:-1, 2:] - padded[1:-1, :-2])
    down = np.abs(padded[2:, 1:-1] - padded[:-2, 1:-1])
    strongest: np.ndarray = np.maximum(across, down).max(-1)
    return strongest


@hookimpl
def vsa_proposers(register: Callable[[type[Proposer]], None]) -> None:
    register(Blobs)
