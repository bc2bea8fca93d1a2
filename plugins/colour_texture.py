"""Encoder `colour-texture`: local colours and edges, counted. Made by hand, no learned weights.

Each pixel falls softly into bins: of colour (hue by lightness, and greys), of edge direction at two scales, and of
pairs of edge directions a few pixels apart, which tell round things from cornered ones (co-occurrence of gradients,
Watanabe et al. 2009). The mean over a region is its histogram. It is for tests and for generated scenes: it needs no
download, always gives the same, and names no object in a photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

CODE_VERSION = 1
CELL = 8
"""Pixels of a side of a map's cell."""
HUES, LIGHTS, GREYS = 12, 2, 4
DIRECTIONS = 8
PAIRED_DIRECTIONS = 4
OFFSETS = ((0, 2), (2, 0), (2, 2), (2, -2), (0, 5), (5, 0), (4, 4), (4, -4))
"""Where the second edge of a pair is, in pixels of the halved photo down and right."""
FAINT = 0.08  # an edge of this strength counts half


class ColourTexture(Encoder):
    """Histograms of colours, edges and pairs of edges; the whole photo is warped to size × size."""

    name = "colour-texture"

    class Options(BaseOptions):
        size: int = Field(
            256, ge=64, le=1024, multiple_of=16, description="The photo is resized to size × size pixels."
        )

    options: Options

    @property
    def dimension(self) -> int:
        return HUES * LIGHTS + GREYS + 2 * DIRECTIONS + len(OFFSETS) * PAIRED_DIRECTIONS**2

    def spec(self) -> dict[str, Any]:
        return {"size": self.options.size, "resize": "bilinear, whole photo", "code": CODE_VERSION}

    def preprocess(self, photo: Photo) -> Tensor:
        from PIL.Image import Resampling

        size = self.options.size
        return torch.from_numpy(np.array(photo.resize((size, size), Resampling.BILINEAR))).permute(2, 0, 1)

    @torch.inference_mode()
    def feature_map(self, batch: Tensor) -> Tensor:
        return torch.cat([self._one(pixels[None]) for pixels in batch])  # photo by photo: the bins take much room

    def _one(self, pixels: Tensor) -> Tensor:
        rgb = pixels.to(self.dtype) / 255
        grey = rgb.mean(1, keepdim=True)
        coarse = F.avg_pool2d(grey, 2)
        paired = edges(coarse, PAIRED_DIRECTIONS)
        fine = torch.cat([colours(rgb), edges(grey, DIRECTIONS)], dim=1)
        halved = torch.cat([edges(coarse, DIRECTIONS), *(pairs(paired, offset) for offset in OFFSETS)], dim=1)
        return torch.cat([F.avg_pool2d(fine, CELL), F.avg_pool2d(halved, CELL // 2)], dim=1)


def colours(rgb: Tensor) -> Tensor:
    """(1, 3, h, w) in 0 to 1 → (1, HUES · LIGHTS + GREYS, h, w): how much each pixel is of each colour, sum 1."""
    high, low = rgb.amax(1, keepdim=True), rgb.amin(1, keepdim=True)
    chroma = high - low
    red, green, blue = rgb[:, 0:1], rgb[:, 1:2], rgb[:, 2:3]
    angle = torch.atan2(math.sqrt(3) * (green - blue), 2 * red - green - blue) / (2 * math.pi) % 1
    hue = _circular(angle, HUES)
    light = torch.cat([1 - high, high], dim=1)
    colourful = (chroma / (high + 0.1) * 1.5).clamp(max=1)
    hues = (hue[:, :, None] * light[:, None]).flatten(1, 2) * colourful
    places = torch.linspace(0, 1, GREYS, device=rgb.device, dtype=rgb.dtype).view(1, -1, 1, 1)
    greys = (1 - (rgb.mean(1, keepdim=True) - places).abs() * (GREYS - 1)).clamp(min=0) * (1 - colourful)
    return torch.cat([hues, greys], dim=1)


def edges(grey: Tensor, directions: int) -> Tensor:
    """(1, 1, h, w) → (1, directions, h, w): strength of the edge at each pixel in each direction (unsigned)."""
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    across = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    strength = (across**2 + down**2).sqrt()
    angle = torch.atan2(down, across) / math.pi % 1
    return _circular(angle, directions) * (strength / (strength + FAINT))


def pairs(edge: Tensor, offset: tuple[int, int]) -> Tensor:
    """(1, d, h, w) → (1, d · d, h, w): an edge of one direction here and of another one `offset` (down, right) away."""
    down, right = offset
    there = torch.roll(edge, (-down, -right), dims=(2, 3))
    both: Tensor = (edge[:, :, None] * there[:, None]).flatten(1, 2)
    both[:, :, both.shape[2] - down :] = 0  # roll brings the other border round
    if right > 0:
        both[:, :, :, both.shape[3] - right :] = 0
    elif right < 0:
        both[:, :, :, :-right] = 0
    return both


def _circular(angle: Tensor, bins: int) -> Tensor:
    """(1, 1, h, w) in 0 to 1 round a circle → (1, bins, h, w): linear weights of the two nearest bins, sum 1."""
    centres = torch.arange(bins, device=angle.device, dtype=angle.dtype).view(1, -1, 1, 1) / bins
    distance = (angle - centres).abs()
    return (1 - torch.minimum(distance, 1 - distance) * bins).clamp(min=0)


@hookimpl
def vsa_encoders(register: Callable[[type[Encoder]], None]) -> None:
    register(ColourTexture)
