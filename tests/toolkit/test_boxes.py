from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit import boxes
from vsa_toolkit.errors import DataError

side = st.floats(0.5, 500)
box = st.tuples(st.floats(-50, 500), st.floats(-50, 500), side, side)


@given(box, box)
def test_iou_is_symmetric_and_between_0_and_1(a: boxes.Box, b: boxes.Box) -> None:
    assert boxes.iou(a, b) == pytest.approx(boxes.iou(b, a))
    assert 0 <= boxes.iou(a, b) <= 1 + 1e-9


@given(box)
def test_a_box_has_iou_1_with_itself(a: boxes.Box) -> None:
    assert boxes.iou(a, a) == pytest.approx(1)


@given(box, st.tuples(st.integers(1, 900), st.integers(1, 900)), st.tuples(st.integers(1, 900), st.integers(1, 900)))
def test_scaling_there_and_back_gives_the_box(a: boxes.Box, source: boxes.Size, target: boxes.Size) -> None:
    assert boxes.scale(boxes.scale(a, source, target), target, source) == pytest.approx(a, rel=1e-9, abs=1e-9)


@given(st.lists(box, min_size=1, max_size=5), st.lists(box, min_size=1, max_size=5))
def test_pairwise_iou_equals_iou_pair_by_pair(a: list[boxes.Box], b: list[boxes.Box]) -> None:
    table = boxes.pairwise_iou(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            assert table[i, j].item() == pytest.approx(boxes.iou(one, other), abs=1e-9)


def test_an_inclusive_one_based_box_becomes_half_open() -> None:
    assert boxes.from_inclusive(1, 1, 375, 500) == (0, 0, 375, 500)
    assert boxes.from_inclusive(8, 152, 108, 340) == (7, 151, 101, 189)


def test_a_half_open_box_holds_its_first_corner_and_not_its_last() -> None:
    assert boxes.contains((10, 10, 5, 5), (10, 10))
    assert not boxes.contains((10, 10, 5, 5), (15, 12))


def test_enclosing_is_around_all() -> None:
    assert boxes.enclosing([(0, 5, 10, 10), (20, 0, 5, 5)]) == (0, 0, 25, 15)


def test_a_box_that_sticks_out_is_clipped() -> None:
    assert boxes.clip((-5, 10, 20, 100), (100, 50)) == (0, 10, 15, 40)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ((0, 0, 0, 5), "empty"),
        ((0, 0, 5, -1), "empty"),
        ((200, 0, 5, 5), "outside"),
        ((math.nan, 0, 5, 5), "finite"),
        ((0, math.inf, 5, 5), "finite"),
    ],
)
def test_a_box_that_holds_nothing_of_the_image_is_refused(bad: boxes.Box, why: str) -> None:
    with pytest.raises(DataError, match=why):
        boxes.clip(bad, (100, 50))
