"""The grid proposer: the same boxes on every photo, nothing learned. A floor for detectors, and what fills gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from typing import TYPE_CHECKING

from pydantic import Field

from vsa_toolkit.errors import UserError
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.records import Box, RegionBox, Size

if TYPE_CHECKING:
    from PIL.Image import Image as Photo


class Grid(Proposer):
    """Boxes from coarse to fine: four overlapping quarters and the centre, strips, then 3 × 3, 4 × 4 …, until `k`.

    With `rows` and `columns` set, one even grid of that size instead (at most its first `k` cells, row by row).
    """

    name = "grid"

    class Options(BaseOptions):
        rows: int = Field(0, ge=0, description="Rows of one even grid; 0: coarse to fine.")
        columns: int = Field(0, ge=0, description="Columns of one even grid; 0: coarse to fine.")
        overlap: float = Field(1 / 3, ge=0, lt=1, description="The part of a box's side that its neighbour shares.")

    options: Options

    def propose(self, photo: Photo, frame: Size, k: int) -> list[RegionBox]:
        width, height = photo.size
        return [
            RegionBox(f"grid-{index}", (x * width, y * height, w * width, h * height))
            for index, (x, y, w, h) in enumerate(self.layout(k))
        ]

    def layout(self, k: int) -> list[Box]:
        """`k` boxes relative to the photo (0 to 1)."""
        rows, columns, overlap = self.options.rows, self.options.columns, self.options.overlap
        if bool(rows) != bool(columns):
            raise UserError("proposer grid: set both rows and columns, or neither.")
        boxes = even(rows, columns, overlap) if rows else coarse_to_fine(overlap)
        return list(islice(boxes, k))


def coarse_to_fine(overlap: float) -> Iterator[Box]:
    """Without end: quarters and centre, upright and level strips, then ever finer even grids."""
    side = _side(2, overlap)
    centre = ((1 - side) / 2, (1 - side) / 2, side, side)
    strips = chain(even(1, 3, overlap), even(2, 1, overlap))
    finer = (box for n in count(3) for box in even(n, n, overlap))
    return chain(even(2, 2, overlap), [centre], strips, finer)


def even(rows: int, columns: int, overlap: float) -> Iterator[Box]:
    """rows × columns boxes of one size that cover the photo, row by row; neighbours share `overlap` of a side."""
    width, height = _side(columns, overlap), _side(rows, overlap)
    for row in range(rows):
        for column in range(columns):
            yield (column * width * (1 - overlap), row * height * (1 - overlap), width, height)


def _side(cells: int, overlap: float) -> float:
    return 1 / (cells - (cells - 1) * overlap)


@hookimpl
def vsa_proposers(register: Callable[[type[Proposer]], None]) -> None:
    register(Grid)
