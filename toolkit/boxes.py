"""Geometry of boxes: `(x, y, width, height)`, float pixels, origin top left, half-open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import DataError
from .records import Box, Size

if TYPE_CHECKING:
    import torch


def frame_box(size: Size) -> Box:
    """The box that covers a whole image of `size` (width, height)."""
    return (0.0, 0.0, float(size[0]), float(size[1]))


def area(box: Box) -> float:
    return box[2] * box[3]


def centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2] / 2, box[1] + box[3] / 2)


def contains(box: Box, point: tuple[float, float]) -> bool:
    """Whether the half-open box holds the point."""
    x, y, w, h = box
    return x <= point[0] < x + w and y <= point[1] < y + h


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1; 0 where both are empty."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (area(a) + area(b) - shared)


def enclosing(boxes: Sequence[Box]) -> Box:
    """The smallest box around all of `boxes` (at least one)."""
    left = min(b[0] for b in boxes)
    top = min(b[1] for b in boxes)
    right = max(b[0] + b[2] for b in boxes)
    bottom = max(b[1] + b[3] for b in boxes)
    return (left, top, right - left, bottom - top)


def scale(box: Box, source: Size, target: Size) -> Box:
    """A box drawn in a frame of size `source`, in the pixels of the same photo at size `target`."""
    sx, sy = target[0] / source[0], target[1] / source[1]
    return (box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy)


def from_inclusive(xmin: float, ymin: float, xmax: float, ymax: float) -> Box:
    """From 1-based inclusive corners, as Flickr30k Entities and Pascal VOC write them."""
    return (xmin - 1, ymin - 1, xmax - xmin + 1, ymax - ymin + 1)


def clip(box: Box, size: Size) -> Box:
    """The part of a box inside an image.

    Raises:
        DataError: a number is not finite, the box has no area, or it lies wholly outside the image.
    """
    x, y, w, h = box
    if x >= 0 and y >= 0 and x < (right := x + w) <= size[0] and y < (bottom := y + h) <= size[1]:
        return (x, y, right - x, bottom - y)  # nearly all are: a million boxes are clipped in a second
    if not all(math.isfinite(v) for v in box):
        raise DataError(f"box {box} has a number that is not finite")
    if w <= 0 or h <= 0:
        raise DataError(f"box {_short(box)} is empty: width and height must be above 0")
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + w, float(size[0])), min(y + h, float(size[1]))
    if right <= left or bottom <= top:
        raise DataError(f"box {_short(box)} lies outside the image of {size[0]} × {size[1]} pixels")
    return (left, top, right - left, bottom - top)


def pairwise_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """IoU of every box of `a` (n, 4) with every box of `b` (m, 4), both xywh → (n, m)."""
    import torch

    top_left = torch.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = torch.minimum((a[:, :2] + a[:, 2:])[:, None], (b[:, :2] + b[:, 2:])[None])
    shared = (bottom_right - top_left).clamp(min=0).prod(-1)
    union = a[:, 2:].prod(-1)[:, None] + b[:, 2:].prod(-1)[None] - shared
    return torch.where(union > 0, shared / union.clamp(min=1e-12), torch.zeros_like(shared))


def _short(box: Box) -> str:
    return "(" + ", ".join(f"{v:g}" for v in box) + ")"
