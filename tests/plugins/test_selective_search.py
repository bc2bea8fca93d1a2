from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vsa_toolkit.plugins.selective_search import SelectiveSearch, largest_apart

cv2 = pytest.importorskip("cv2", reason="the extra [selective-search] is not installed")


def proposer(**options: object) -> SelectiveSearch:
    return SelectiveSearch(SelectiveSearch.Options.model_validate(options))


def scene() -> Image.Image:
    photo = Image.new("RGB", (160, 120), "white")
    draw = ImageDraw.Draw(photo)
    draw.rectangle((20, 30, 59, 89), fill="red")
    draw.ellipse((90, 40, 139, 89), fill="blue")
    return photo


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    w = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def test_things_that_stand_out_are_found() -> None:
    boxes = [region.box for region in proposer().propose(scene(), (160, 120), 19)]
    for thing in ((20, 30, 40, 60), (90, 40, 50, 50)):
        assert max(overlap(box, thing) for box in boxes) > 0.7


def test_a_photo_gives_the_same_boxes_every_time_the_largest_first() -> None:
    first, second = (proposer().propose(scene(), (160, 120), 10) for _ in range(2))
    assert first == second
    areas = [region.box[2] * region.box[3] for region in first]
    assert areas == sorted(areas, reverse=True)


def test_a_squashed_photo_is_searched_in_its_own_aspect() -> None:
    whole = [np.array(r.box) for r in proposer().propose(scene(), (160, 120), 8)]
    squashed = proposer().propose(scene().resize((80, 120)), (160, 120), 8)
    halved = [np.array(r.box) * (2, 1, 2, 1) for r in squashed]
    for thing in ((20, 30, 40, 60), (90, 40, 50, 50)):
        assert max(overlap(tuple(b), thing) for b in whole) > 0.7
        assert max(overlap(tuple(b), thing) for b in halved) > 0.7


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 3)])
def test_a_photo_too_small_to_segment_has_no_boxes(size: tuple[int, int]) -> None:
    assert proposer().propose(Image.new("RGB", size, "red"), size, 5) == []


def test_of_overlapping_boxes_the_larger_stays() -> None:
    boxes = np.array(
        [[0.1, 0.1, 0.4, 0.4], [0.1, 0.1, 0.4, 0.5], [0.6, 0.6, 0.2, 0.2], [0, 0, 1, 1], [0, 0, 0.01, 0.01]]
    )
    np.testing.assert_allclose(largest_apart(boxes, 0.5), boxes[[1, 2]])
