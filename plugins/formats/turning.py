"""Boxes that were turned, as annotation tools let one draw them."""

from __future__ import annotations

import math

from vsa_toolkit.boxes import enclosing
from vsa_toolkit.records import Box


def around_turned(box: Box, degrees: float, pivot: tuple[float, float]) -> Box:
    """The box around one that was turned clockwise (y points down) around `pivot`."""
    x, y, width, height = box
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    offsets = [(x + dx - pivot[0], y + dy - pivot[1]) for dx in (0, width) for dy in (0, height)]
    return enclosing([(pivot[0] + dx * cos - dy * sin, pivot[1] + dx * sin + dy * cos, 0.0, 0.0) for dx, dy in offsets])
