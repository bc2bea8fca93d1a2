"""A release of vsa (`vsa_toolkit.release`), read back: its tables side by side, image by image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format, LabelFile, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, Problem, RegionBox, SentenceText
from vsa_toolkit.release import MANIFEST, check_release, read_manifest, read_table

from .fields import Item, box_of, items, number, optional_text, phrase, size, text, whole_number

OF_AN_IMAGE = ("sentences", "regions", "groundings", "phrases")


class Release(LabelFile):
    """Reads a folder that `vsa release` made; its checksums are looked at first. Photos lie elsewhere: `--images`."""

    name = "release"
    boxes = XYWH
    holds = frozenset(OF_AN_IMAGE)

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return MANIFEST in head.names

    def dataset_name(self, path: Path) -> str:
        return str(read_manifest(path).get("name") or self.name)

    def count(self, path: Path) -> int | None:
        counted = read_manifest(path).get("counts", {}).get("images")
        return counted if isinstance(counted, int) else None

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        if wrong := check_release(path):
            raise DataError(f"{path} is not as it was released: {wrong[0]} Get it again from where it was published.")
        tables = {name: _Rows(path, name) for name in OF_AN_IMAGE}
        for row in read_table(path, "images"):
            of_image = {name: list(rows.of(row["image"])) for name, rows in tables.items()}
            try:
                yield self._bundle(row, of_image)
            except ValueError as error:
                report(Problem("images that cannot be read", f"image {row['image']}", str(error)))

    def _bundle(self, row: Item, of_image: Mapping[str, Sequence[Item]]) -> ImageBundle:
        key = text(row, "image")
        frame = items(row, "frame")
        split = optional_text(row, "split") or self.label_options.split
        return ImageBundle(
            key,
            ImageFile(key, Path(optional_text(row, "file") or key), split),
            frame=size({"width": frame[0], "height": frame[1]}) if len(frame) == 2 else size(row),
            sentences=tuple(SentenceText(whole_number(s, "number"), text(s, "text")) for s in of_image["sentences"]),
            regions=tuple(_region(region) for region in of_image["regions"]),
            groundings=tuple(_span(span) for span in of_image["groundings"]),
            raw_boxes={
                text(region, "region"): _raw(region) for region in of_image["regions"] if region.get("raw_box")
            },
            phrases=tuple(
                phrase(said, text(said, "region"), text(said, "text"), None) for said in of_image["phrases"]
            ),
        )  # fmt: skip


class _Rows:
    """A table whose rows come in the order of the images."""

    def __init__(self, folder: Path, table: str) -> None:
        self._rows = read_table(folder, table)
        self._next: dict[str, Any] | None = next(self._rows, None)

    def of(self, image: str) -> Iterator[dict[str, Any]]:
        while self._next is not None and self._next["image"] == image:
            yield self._next
            self._next = next(self._rows, None)


def _region(row: Item) -> RegionBox:
    score = number(row, "score") if row.get("score") is not None else None
    return RegionBox(text(row, "region"), box_of(items(row, "box"), "box"), optional_text(row, "label"), score)


def _raw(row: Item) -> tuple[int, int, int, int]:
    a, b, c, d = box_of(items(row, "raw_box"), "raw_box")
    return (int(a), int(b), int(c), int(d))


def _span(row: Item) -> GroundingSpan:
    return GroundingSpan(
        whole_number(row, "sentence"), whole_number(row, "start"), whole_number(row, "end"),
        tuple(str(region) for region in items(row, "regions")), optional_text(row, "chain"),
        tuple(str(category) for category in items(row, "categories")), row.get("no_box") is True,
        row.get("scene") is True,
    )  # fmt: skip


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Release)
