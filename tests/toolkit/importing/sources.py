"""What the tests of imports import: small made-up formats and their bundles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from sqlalchemy import select

from vsa_toolkit.db.base import Base
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.format import Format, Report
from vsa_toolkit.importing import ImportSummary
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, RegionBox, RegionPhrase, SentenceText

SIZE = (40, 30)


class Photos(Format):
    name = "photos"
    bundles: ClassVar[Sequence[ImageBundle]] = ()

    def count(self, path: Path) -> int | None:
        return len(self.bundles)

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        yield from self.bundles


class Additions(Photos):
    """Adds to images by the part of their key before "_"."""

    name = "additions"
    creates_images = False

    def match_key(self, image_key: str) -> str:
        return image_key.partition("_")[0]


def photo(number: int, split: str | None = "train") -> ImageBundle:
    key = f"{number}_abc"
    sentences = tuple(SentenceText(n, text) for n, text in enumerate(("A grey dog runs .", "Two men", "the ball")))
    return ImageBundle(key, ImageFile(key, Path(f"{key}.png"), split), sentences=sentences)


def addition(number: int, **changed: object) -> ImageBundle:
    """The same sentences in another order and spelling; drawn in a frame twice as wide and four times as high."""
    bundle = ImageBundle(
        str(number),
        frame=(80, 120),
        sentences=(SentenceText(0, "The ball."), SentenceText(1, "A gray dog runs."), SentenceText(2, "Two men")),
        regions=(RegionBox("1", (20, 40, 20, 40)), RegionBox("2", (0, 0, 80, 120))),
        groundings=(
            GroundingSpan(1, 0, 10, ("1",), chain="5", categories=("animals",)),
            GroundingSpan(2, 0, 7, ("1", "2"), chain="6"),
            GroundingSpan(0, 0, 8, (), chain="7", no_box=True),
        ),
        raw_boxes={"1": (21, 41, 40, 80)},
    )
    return replace(bundle, **changed)  # type: ignore[arg-type]


def source(kind: type[Photos], bundles: Sequence[ImageBundle]) -> Photos:
    made = kind(kind.Options())
    made.bundles = bundles  # type: ignore[misc]
    return made


def problems(summary: ImportSummary) -> dict[str, int]:
    return {problem.kind: problem.count for problem in summary.problems}


Importer = Callable[..., ImportSummary]


class Killed(BaseException):
    """Not an Exception: nothing may catch it on the way."""


def stopping(kind: type[Photos], bundles: Sequence[ImageBundle], after: int) -> Photos:
    class Stopping(kind):  # type: ignore[misc,valid-type]
        def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
            yield from bundles[:after]
            raise Killed

    return source(Stopping, bundles)


def spoken(number: int, *phrases: RegionPhrase) -> ImageBundle:
    regions = (RegionBox("a", (1, 1, 8, 8)), RegionBox("b", (10, 10, 8, 8)))
    return replace(photo(number), regions=regions, phrases=phrases)


def database_rows(workspace: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with workspace.database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))] for table in Base.metadata.sorted_tables
        }
