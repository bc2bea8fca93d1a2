"""Drawing a scene: a cluttered background, shadows, textured and shaded objects; and the exact box of each object."""

from __future__ import annotations

import colorsys
from math import ceil, cos, pi, radians, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ..records import Box
from .objects import Part, Point, objects
from .sample import SIZE, Scene, Thing

FINE = 3
"""Outlines are drawn this many times larger and then reduced, for smooth edges."""

Pixels = np.ndarray  # (height, width, 3) float32, 0 to 255


def paint_scene(scene: Scene, rng: np.random.Generator) -> tuple[Image.Image, dict[str, Box]]:
    """The picture (RGB, SIZE) and each object's box: the smallest around the pixels that it covers by half or more."""
    canvas = _background(rng)
    for place in scene.clutter:
        colour = scene.things[int(rng.integers(len(scene.things)))].colour
        _paint_scribble(canvas, place, _rgb(colour, rng), rng)
    boxes = {}
    for thing in scene.things:
        boxes[thing.key] = _paint_thing(canvas, thing, rng)
    canvas += rng.normal(0, 3.0, (*canvas.shape[:2], 1)).astype(np.float32)
    return Image.fromarray(canvas.clip(0, 255).astype(np.uint8)), boxes


def _background(rng: np.random.Generator) -> Pixels:
    """A slanted gradient between two muted colours, blurred patches, strokes and grain."""
    width, height = SIZE
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    angle = rng.uniform(0, 2 * pi)
    along = (x - 0.5) * cos(angle) + (y - 0.5) * sin(angle) + 0.5
    ends = [_muted(rng) for _ in range(2)]
    canvas = ends[0] + (ends[1] - ends[0]) * along[..., None].clip(0, 1)
    layer = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(layer)
    for _ in range(int(rng.integers(5, 11))):
        cx, cy, rx, ry = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(20, 90), rng.uniform(15, 70)
        draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=_tuple(_muted(rng)))
    layer = layer.filter(ImageFilter.GaussianBlur(9))
    draw = ImageDraw.Draw(layer)
    for _ in range(int(rng.integers(8, 18))):
        draw.line(_wandering(rng, width, height), fill=_tuple(_muted(rng)), width=int(rng.integers(1, 4)))
    layer = layer.filter(ImageFilter.GaussianBlur(0.7))
    grain = rng.normal(0, 5, (height, width, 1)) + rng.normal(0, 2, (height, width, 3))
    return (np.asarray(layer, np.float32) + grain).astype(np.float32)


def _wandering(rng: np.random.Generator, width: int, height: int) -> list[tuple[float, float]]:
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    heading, points = rng.uniform(0, 2 * pi), [(x, y)]
    for _ in range(int(rng.integers(3, 9))):
        heading += rng.normal(0, 0.5)
        x, y = x + 26 * cos(heading), y + 26 * sin(heading)
        points.append((x, y))
    return points


def _muted(rng: np.random.Generator) -> Pixels:
    value = rng.uniform(0.42, 0.88)
    rgb = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.02, 0.16), value)
    return np.array(rgb, np.float32) * 255


def _paint_scribble(canvas: Pixels, place: Box, rgb: Pixels, rng: np.random.Generator) -> None:
    """Coloured clutter that no describer has a word for: a scrawl, or a torn scrap."""
    x, y, w, h = place
    mask = Image.new("L", (ceil(w) * FINE, ceil(h) * FINE))
    draw = ImageDraw.Draw(mask)
    points = [(rng.uniform(0.05, 0.95) * w * FINE, rng.uniform(0.05, 0.95) * h * FINE) for _ in range(6)]
    if rng.random() < 0.6:
        draw.line(points, fill=255, width=int(rng.integers(2, 4)) * FINE, joint="curve")
    else:
        draw.polygon(points, fill=255)
    _blend(canvas, _reduce(mask), rgb, round(x), round(y))


def _paint_thing(canvas: Pixels, thing: Thing, rng: np.random.Generator) -> Box:
    width, height = (ceil(v) + 8 for v in thing.place[2:])  # room to turn
    left, top = round(thing.place[0]) - 4, round(thing.place[1]) - 4
    colour = _rgb(thing.colour, rng)
    own = _textured(thing.texture, colour, (height, width), rng) * _light(height, width)
    masks = [(part.paint, _part_mask(part, thing, (width, height))) for part in objects().kinds[thing.kind].parts]
    covered = np.max([mask for _, mask in masks], axis=0)
    _paint_shadow(canvas, covered, left, top)
    for paint, mask in masks:
        _blend(canvas, mask, own if paint == "own" else _paint(paint, colour) * _light(height, width), left, top)
    return _box_of(covered, left, top)


def _part_mask(part: Part, thing: Thing, size: tuple[int, int]) -> Pixels:
    """How much of each pixel the part covers, (height, width), 0 to 1."""
    mask = Image.new("L", (size[0] * FINE, size[1] * FINE))
    draw = ImageDraw.Draw(mask)
    for outline, fill in ((part.outline, 255), (part.hole, 0)):
        if outline:
            draw.polygon([_turned(point, thing, size) for point in outline], fill=fill)
    return _reduce(mask)


def _turned(point: Point, thing: Thing, size: tuple[int, int]) -> Point:
    w, h = thing.place[2:]
    x = (0.5 - point[0] if thing.mirrored else point[0] - 0.5) * w
    y = (point[1] - 0.5) * h
    c, s = cos(radians(thing.turn)), sin(radians(thing.turn))
    return ((size[0] / 2 + c * x - s * y) * FINE, (size[1] / 2 + s * x + c * y) * FINE)


def _textured(texture: str, colour: Pixels, shape: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """A surface of (height, width, 3): the colour, with lighter stripes, pale dots or dark checks."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle, period = rng.uniform(-0.3, 0.3), rng.uniform(8, 10)
    u, v = x * cos(angle) + y * sin(angle), y * cos(angle) - x * sin(angle)
    across, down = (u / period) % 1, (v / period) % 1
    pale, dark = colour + (255 - colour) * 0.62, colour * 0.55
    if texture == "striped":
        marked, other = down < 0.45, pale
    elif texture == "dotted":
        marked, other = (across - 0.5) ** 2 + (down - 0.5) ** 2 < 0.075, colour + (255 - colour) * 0.9
    elif texture == "checked":
        marked, other = (across < 0.5) ^ (down < 0.5), dark
    else:
        marked, other = np.zeros(shape, bool), colour
    return np.where(marked[..., None], other, colour).astype(np.float32)


def _light(height: int, width: int) -> Pixels:
    """Light from the upper left: factors (height, width, 1) around 1."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    factors: Pixels = 1.1 - 0.11 * (x / width + y / height)
    return factors[..., None]


def _paint(name: str, colour: Pixels) -> Pixels:
    return colour * 0.6 if name == "dark" else np.array(objects().paints[name], np.float32)


def _rgb(colour: str, rng: np.random.Generator) -> Pixels:
    hue, saturation, value = objects().colours[colour].numbers
    hsv = (
        ((hue + rng.normal(0, 3.5)) % 360) / 360,
        min(1.0, saturation + rng.normal(0, 0.03)),
        min(1.0, value + rng.normal(0, 0.04)),
    )
    return np.array(colorsys.hsv_to_rgb(*hsv), np.float32) * 255


def _paint_shadow(canvas: Pixels, covered: Pixels, left: int, top: int) -> None:
    soft = Image.fromarray((covered * 110).astype(np.uint8)).filter(ImageFilter.GaussianBlur(2.5))
    _blend(canvas, np.asarray(soft, np.float32) / 255, np.array([40, 40, 48], np.float32), left + 3, top + 4)


def _blend(canvas: Pixels, mask: Pixels, paint: Pixels, left: int, top: int) -> None:
    """Lay `paint` (a colour, or a surface as large as the mask) over the canvas; what hangs over the edge is cut."""
    height, width = mask.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, canvas.shape[1]), min(top + height, canvas.shape[0])
    inner = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    alpha = mask[inner][..., None]
    below = canvas[y0:y1, x0:x1]
    canvas[y0:y1, x0:x1] = below + (np.broadcast_to(paint, (*mask.shape, 3))[inner] - below) * alpha


def _box_of(covered: Pixels, left: int, top: int) -> Box:
    rows, columns = (np.flatnonzero((covered >= 0.5).any(axis=axis)) for axis in (1, 0))
    x0, x1 = max(left + int(columns[0]), 0), min(left + int(columns[-1]) + 1, SIZE[0])
    y0, y1 = max(top + int(rows[0]), 0), min(top + int(rows[-1]) + 1, SIZE[1])
    return (float(x0), float(y0), float(x1 - x0), float(y1 - y0))


def _reduce(mask: Image.Image) -> Pixels:
    small = mask.resize((mask.width // FINE, mask.height // FINE), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


def _tuple(rgb: Pixels) -> tuple[int, int, int]:
    r, g, b = (int(v) for v in rgb)
    return (r, g, b)
