"""From a feature map to one vector a region, and from a region to the crop of a photo.

`roi_align` here is torchvision's (aligned, 7 × 7 bins, 2 × 2 samples a bin) followed by the mean over the bins. Both
are linear in the map and separable in x and y, so a region is one row of weights over the map's cells and all regions
of a photo are one matrix product: exact, and many times faster than to sample 1,280 channels for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .records import Box

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

SAMPLES = 14
"""Samples along a side of a region: 7 bins of 2."""
CONTEXT = 16
"""Pixels of its surroundings around a crop, at the encoder's input size (R-CNN, Girshick et al. 2014, appendix A)."""
BEYOND = (127, 127, 127)  # where a crop's context lies outside the photo


def roi_align(feature_map: Tensor, boxes: Tensor) -> Tensor:
    """Mean-pooled features of regions.

    feature_map: (d, h, w) of the whole photo; boxes: (n, 4) xywh relative to the photo (0 to 1) → (n, d).
    """
    _, height, width = feature_map.shape
    boxes = boxes.to(feature_map.device, torch.float32)
    across = _cell_weights(boxes[:, 0], boxes[:, 2], width)
    down = _cell_weights(boxes[:, 1], boxes[:, 3], height)
    weights = (down[:, :, None] * across[:, None, :]).flatten(1).to(feature_map.dtype)  # (n, h·w)
    return weights @ feature_map.flatten(1).T


def _cell_weights(start: Tensor, length: Tensor, cells: int) -> Tensor:
    """How much each cell of one axis gives to each region, (n, cells): the mean of bilinear samples along that axis."""
    steps = (torch.arange(SAMPLES, device=start.device) + 0.5) / SAMPLES
    points = (start[:, None] + length[:, None] * steps) * cells - 0.5  # cell centres are at whole numbers
    inside = ((points >= -1) & (points <= cells)).float()
    points = points.clamp(0, cells - 1)
    low = points.floor()
    part = points - low
    weights = torch.zeros(len(start), cells, device=start.device)
    weights.scatter_add_(1, low.long(), (1 - part) * inside)
    weights.scatter_add_(1, (low.long() + 1).clamp(max=cells - 1), part * inside)
    return weights / SAMPLES


def crop(photo: Photo, box: Box, input_size: int) -> Photo:
    """A region (xywh, pixels of the photo) with so much around it that, warped to `input_size`, `CONTEXT` pixels of
    surroundings are seen on each side; grey where there is no photo."""
    from PIL import Image

    x, y, w, h = box
    grow = CONTEXT / (input_size - 2 * CONTEXT)
    left, top = round(x - w * grow), round(y - h * grow)
    right, bottom = max(left + 1, round(x + w + w * grow)), max(top + 1, round(y + h + h * grow))
    seen = Image.new("RGB", (right - left, bottom - top), BEYOND)
    inside = (max(left, 0), max(top, 0), min(right, photo.width), min(bottom, photo.height))
    seen.paste(photo.crop(inside), (inside[0] - left, inside[1] - top))
    return seen
