"""Simulated photos to try encoders and proposers on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image as Photo


def photo(seed: int = 0, size: tuple[int, int] = (120, 90)) -> Photo:
    """A background with a few rectangles of other colours."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed)
    colours = [tuple(int(value) for value in colour) for colour in rng.integers(0, 256, (4, 3))]
    made = Image.new("RGB", size, colours[0])
    draw = ImageDraw.Draw(made)
    for colour in colours[1:]:
        x, y = (rng.uniform(0, 0.5, 2) * size).tolist()
        w, h = (rng.uniform(0.2, 0.5, 2) * size).tolist()
        draw.rectangle((x, y, x + w, y + h), fill=colour)
    return made


def odd_photos() -> dict[str, Photo]:
    """Photos that are rare and do happen, by what they are."""
    from PIL import Image

    return {
        "a photo of one pixel": Image.new("RGB", (1, 1), "red"),
        "a photo of 400 × 2 pixels": photo(size=(400, 2)),
        "a photo of one grey": Image.new("RGB", (64, 48), (127, 127, 127)),
        "a black photo": Image.new("RGB", (48, 64), "black"),
    }
