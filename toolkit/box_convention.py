"""What the four numbers of a box mean in a format: stated by the format, never guessed; and doubts about it, said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .boxes import from_inclusive
from .records import Box, Size

OFTEN = 0.1  # of the boxes must speak for another convention before it is said
NEARLY_ALL = 0.99


@dataclass(frozen=True, slots=True)
class BoxConvention:
    """`says`: the convention in words. Corners are x1 y1 x2 y2, otherwise the numbers are x y width height."""

    says: str
    corners: bool = False
    from_one: bool = False
    percent: bool = False

    def box(self, a: float, b: float, c: float, d: float, frame: Size | None = None) -> Box:
        """The box that the four numbers mean; `frame` is what percents are of."""
        if self.from_one:
            return from_inclusive(a, b, c, d)
        if self.corners:
            return (a, b, c - a, d - b)
        if self.percent and frame is not None:
            across, down = frame[0] / 100, frame[1] / 100
            # To a millionth of a pixel, so that the pixels that a percentage was made from come back.
            return (round(a * across, 6), round(b * down, 6), round(c * across, 6), round(d * down, 6))
        return (a, b, c, d)

    def numbers(self, box: Box, frame: Size | None = None) -> tuple[float, float, float, float]:
        """The four numbers that mean a box: the inverse of `box`."""
        x, y, w, h = box
        if self.from_one:
            return (x + 1, y + 1, x + w, y + h)
        if self.corners:
            return (x, y, x + w, y + h)
        if self.percent and frame is not None:
            return (100 * x / frame[0], 100 * y / frame[1], 100 * w / frame[0], 100 * h / frame[1])
        return box


XYWH = BoxConvention("x y width height in pixels, from 0 at the top left")
CORNERS = BoxConvention("x1 y1 x2 y2 in pixels, from 0 at the top left, the second corner just outside", corners=True)
INCLUSIVE = BoxConvention(
    "x1 y1 x2 y2 in whole pixels, from 1 at the top left, both corners inside", corners=True, from_one=True
)
PERCENT = BoxConvention("x y width height in percent of the photo, from 0 at the top left", percent=True)


class BoxDoubts:
    """Counts what the boxes of a source say against the convention of its format."""

    def __init__(self, convention: BoxConvention) -> None:
        self._convention = convention
        self.boxes = 0
        self._leave = 0  # reach beyond their photo, or end before they begin
        self._unlike_other = 0  # cannot be what the other order of numbers would mean
        self._tiny = 0  # all four numbers at most 1
        self._at_zero = 0

    def see(self, box: Box, frame: Size) -> None:
        """A box as the convention has it, in pixels of `frame`, before anything is clipped."""
        self.boxes += 1
        a, b, c, d = box if not (self._convention.corners or self._convention.percent) else self._raw(box, frame)
        if c <= 1 and d <= 1 and a <= 1 and b <= 1:
            self._tiny += 1
        width, height = (100.0, 100.0) if self._convention.percent else frame
        if self._convention.corners:
            self._leave += c < a or d < b
            self._unlike_other += c <= 0 or d <= 0 or a + c > width or b + d > height
            self._at_zero += a == 0 or b == 0
        else:
            self._leave += a + c > width + 1 or b + d > height + 1
            self._unlike_other += c <= a or d <= b or c > width + 1 or d > height + 1

    def _raw(self, box: Box, frame: Size) -> tuple[float, float, float, float]:
        return self._convention.numbers(box, frame)

    def warnings(self) -> Iterator[str]:
        """Whole sentences: which other convention the numbers look like, and why."""
        if not self.boxes:
            return
        convention = self._convention
        if convention.percent and self._leave > OFTEN * self.boxes:
            yield self._sentence("pixels", f"{self._leave:,} of {self.boxes:,} are beyond 100 percent")
        elif self._tiny >= NEARLY_ALL * self.boxes:
            yield self._sentence("fractions of the photo", "no number is above 1")
        elif self._leave > OFTEN * self.boxes and self._unlike_other <= (1 - NEARLY_ALL) * self.boxes:
            other = XYWH if convention.corners else CORNERS
            how = "end before they begin" if convention.corners else "reach beyond their photo"
            reason = f"{self._leave:,} of {self.boxes:,} {how}, and the numbers fit as that"
            yield self._sentence(other.says.partition(" in ")[0], reason)
        if convention.from_one and self._at_zero:
            yield self._sentence("counted from 0", f"{self._at_zero:,} of {self.boxes:,} begin at 0")

    def _sentence(self, other: str, reason: str) -> str:
        return (
            f"the boxes look like {other}, because {reason}; they are read as {self._convention.says}. "
            "Look at one of them, and correct the file if so"
        )
