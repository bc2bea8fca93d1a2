"""The proposer `blobs` finds what stands out, and nothing in an empty picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from vsa_toolkit.boxes import iou
from vsa_toolkit.plugins.blobs import Blobs, components
from vsa_toolkit.scenes import Counts
from vsa_toolkit.scenes.folder import generate


def _flooded(mask: np.ndarray) -> set[tuple[int, int, int, int]]:
    """Boxes of 8-connected groups by plain flood filling: slow and obvious."""
    left, boxes = {(int(y), int(x)) for y, x in np.argwhere(mask)}, set()
    while left:
        stack, group = [left.pop()], []
        while stack:
            y, x = stack.pop()
            group.append((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            stack += near
        ys, xs = [p[0] for p in group], [p[1] for p in group]
        boxes.add((min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1))
    return boxes


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_components_are_those_of_a_flood_fill(height: int, width: int, seed: int, density: float) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < density
    assert {tuple(int(v) for v in box) for box in components(mask)} == _flooded(mask)


def test_a_square_on_grey_is_found_exactly_enough() -> None:
    photo = Image.new("RGB", (400, 300), (128, 128, 128))
    ImageDraw.Draw(photo).rectangle((100, 80, 179, 149), fill=(210, 30, 30))
    best = Blobs(Blobs.Options()).propose(photo, photo.size, 5)[0]
    assert iou(best.box, (100, 80, 80, 70)) > 0.85


def test_a_grey_picture_has_no_blobs() -> None:
    assert Blobs(Blobs.Options()).propose(Image.new("RGB", (64, 48), (90, 90, 90)), (64, 48), 5) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (500, 2)])
def test_tiny_and_thin_pictures_are_no_trouble(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    for region in Blobs(Blobs.Options()).propose(Image.fromarray(noise), size, 5):
        x, y, w, h = region.box
        assert x >= 0
        assert y >= 0
        assert x + w <= size[0] + 1e-6
        assert y + h <= size[1] + 1e-6


def test_most_objects_of_generated_scenes_are_found_among_false_boxes() -> None:
    proposer = Blobs(Blobs.Options())
    found = total = false = 0
    for generated in generate(Counts(train=20, val=0, test=10), seed=1):
        proposed = [region.box for region in proposer.propose(generated.picture, generated.picture.size, 16)]
        assert len(proposed) <= 16
        total += len(generated.boxes)
        found += sum(any(iou(box, b) >= 0.5 for b in proposed) for box in generated.boxes.values())
        false += sum(all(iou(box, b) < 0.5 for box in generated.boxes.values()) for b in proposed)
    assert found / total >= 0.95
    assert false >= 30
