from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vsa_toolkit.errors import UserError
from vsa_toolkit.plugins.grid import Grid


def grid(**options: float) -> Grid:
    return Grid(Grid.Options(**options))  # type: ignore[arg-type]


def test_five_boxes_are_four_quarters_and_the_centre() -> None:
    boxes = [box for box in grid().layout(5)]
    expected = [(0, 0, 0.6, 0.6), (0.4, 0, 0.6, 0.6), (0, 0.4, 0.6, 0.6), (0.4, 0.4, 0.6, 0.6), (0.2, 0.2, 0.6, 0.6)]
    assert boxes == [pytest.approx(box) for box in expected]


@settings(deadline=None)
@given(st.integers(1, 80), st.floats(0, 0.9))
def test_any_number_of_different_boxes_inside_the_photo(k: int, overlap: float) -> None:
    boxes = grid(overlap=overlap).layout(k)
    assert len(boxes) == len(set(boxes)) == k
    for x, y, w, h in boxes:
        assert min(x, y) >= 0
        assert min(w, h) > 0
        assert max(x + w, y + h) <= 1 + 1e-9


def test_an_even_grid_has_its_rows_and_columns_and_no_more() -> None:
    boxes = grid(rows=2, columns=3, overlap=0).layout(19)
    assert len(boxes) == 6
    assert sum(w * h for _, _, w, h in boxes) == pytest.approx(1)
    with pytest.raises(UserError, match="both rows and columns"):
        grid(rows=2).layout(5)


def test_boxes_are_in_pixels_of_the_photo() -> None:
    regions = grid().propose(Image.new("RGB", (200, 100)), (400, 200), 5)
    assert regions[1].box == pytest.approx((80, 0, 120, 60))
    assert (regions[0].score, regions[0].label) == (None, None)
