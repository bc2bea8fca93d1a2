from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.box_convention import CORNERS, INCLUSIVE, PERCENT, XYWH, BoxConvention, BoxDoubts
from vsa_toolkit.records import Box

FRAME = (640, 480)
ALL = [XYWH, CORNERS, INCLUSIVE, PERCENT]


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """Whole pixels inside the frame."""
    x, y = draw(st.integers(0, 639)), draw(st.integers(0, 479))
    return (float(x), float(y), float(draw(st.integers(1, 640 - x))), float(draw(st.integers(1, 480 - y))))


@pytest.mark.parametrize("convention", ALL, ids=lambda c: c.says)
@given(box=boxes())
def test_numbers_and_boxes_are_inverse(convention: BoxConvention, box: Box) -> None:
    assert convention.box(*convention.numbers(box, FRAME), FRAME) == pytest.approx(box, abs=1e-6)


def test_each_convention_says_where_the_same_box_is() -> None:
    box = (64.0, 48.0, 128.0, 96.0)
    assert XYWH.numbers(box) == (64, 48, 128, 96)
    assert CORNERS.numbers(box) == (64, 48, 192, 144)
    assert INCLUSIVE.numbers(box) == (65, 49, 192, 144)
    assert PERCENT.numbers(box, FRAME) == (10, 10, 20, 20)


@given(box=boxes())
def test_percents_of_pixels_give_the_pixels_back_exactly(box: Box) -> None:
    assert PERCENT.box(*PERCENT.numbers(box, FRAME), FRAME) == box


# Doubts


def warnings(stated: BoxConvention, numbers: list[tuple[float, float, float, float]]) -> list[str]:
    doubts = BoxDoubts(stated)
    for four in numbers:
        doubts.see(stated.box(*four, FRAME), FRAME)
    return list(doubts.warnings())


def some(convention: BoxConvention, count: int = 200) -> list[tuple[float, float, float, float]]:
    """Boxes all over the photo, as a convention writes them."""
    chance = random.Random(0)
    made = []
    for _ in range(count):
        width, height = chance.randint(20, 300), chance.randint(20, 300)
        box = (chance.randint(0, 640 - width), chance.randint(0, 480 - height), width, height)
        made.append(convention.numbers(tuple(map(float, box)), FRAME))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("convention", ALL, ids=lambda c: c.says)
def test_boxes_as_stated_raise_no_doubt(convention: BoxConvention) -> None:
    assert warnings(convention, some(convention)) == []


def test_corners_read_as_sizes_are_said_to_look_like_corners_and_why() -> None:
    (said,) = warnings(XYWH, some(CORNERS))
    assert "look like x1 y1 x2 y2" in said
    assert "of 200 reach beyond their photo, and the numbers fit as that" in said
    assert "they are read as x y width height in pixels" in said


def test_sizes_read_as_corners_are_said_to_look_like_sizes() -> None:
    (said,) = warnings(CORNERS, some(XYWH))
    assert "look like x y width height" in said
    assert "end before they begin" in said


@pytest.mark.parametrize("convention", [XYWH, CORNERS, PERCENT], ids=lambda c: c.says)
def test_fractions_are_said_to_look_like_fractions(convention: BoxConvention) -> None:
    fractions = [(a / 640, b / 480, c / 640, d / 480) for a, b, c, d in some(CORNERS if convention.corners else XYWH)]
    (said,) = warnings(convention, fractions)
    assert "look like fractions of the photo, because no number is above 1" in said


def test_pixels_read_as_percents_are_said_to_look_like_pixels() -> None:
    (said,) = warnings(PERCENT, some(XYWH))
    assert "look like pixels" in said
    assert "beyond 100 percent" in said


def test_a_corner_at_0_is_said_where_counting_is_from_1() -> None:
    (said,) = warnings(INCLUSIVE, [*some(INCLUSIVE), (0, 5, 10, 20)])
    assert "look like counted from 0, because 1 of 201 begin at 0" in said


def test_a_few_boxes_over_the_edge_are_no_reason_to_doubt() -> None:
    assert warnings(XYWH, [*some(XYWH), (600, 400, 100, 100)]) == []


def test_no_boxes_no_doubts() -> None:
    assert warnings(XYWH, []) == []
