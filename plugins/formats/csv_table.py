"""Tables with a header, separated by commas or tabs: a line a phrase on a box, a box, or a sentence.

The columns say what they hold, and with it what the numbers of a box mean: `x y width height`, or the corners
`x1 y1 x2 y2`; both in pixels, from 0, the second corner just outside.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pydantic import Field

from vsa_toolkit.box_convention import CORNERS, XYWH, BoxConvention
from vsa_toolkit.errors import DataError, did_you_mean
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.grouping import Grouping
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import refuse_other_encodings
from vsa_toolkit.records import ImageBundle, Problem, RegionBox, RegionPhrase

from .fields import number, phrase, size
from .labelled_image import LabelledImage, frame_of, regions_and_phrases
from .text_lines import size_of

COLUMNS = {
    "image": ("image", "file_name", "filename", "file", "path", "photo"),
    "split": ("split",),
    "image_width": ("image_width", "frame_width"),
    "image_height": ("image_height", "frame_height"),
    "sentence": ("sentence", "caption"),
    "region": ("region", "region_id"),
    "x": ("x", "left"),
    "y": ("y", "top"),
    "width": ("width", "w"),
    "height": ("height", "h"),
    "x1": ("x1", "xmin"),
    "y1": ("y1", "ymin"),
    "x2": ("x2", "xmax"),
    "y2": ("y2", "ymax"),
    "label": ("label", "category", "class"),
    "score": ("score",),
    "phrase": ("phrase", "text", "description"),
    "annotator": ("annotator", "worker"),
    "state": ("state",),
    "seconds": ("seconds",),
}
"""What each column is called here, and what else it may be called in a file."""
SIZED, CORNERED = ("x", "y", "width", "height"), ("x1", "y1", "x2", "y2")
WRITTEN = (
    "image", "split", "image_width", "image_height", "sentence", "region", *SIZED, "label", "score", "phrase",
    "annotator", "state", "seconds",
)  # fmt: skip
LONGEST_FIELD = 1 << 20
EVERY = 1000  # lines between two reports of progress

Row = dict[str, str | None]


class CsvTable(LabelFile):
    """Reads and writes a .csv or .tsv file whose header names an image and what is said of it.

    A line with a phrase or a label needs a box. Lines of one image with the same box, or the same `region`, speak of
    one region. An image's sentences are numbered in the order of their lines.
    """

    name = "csv"
    boxes = XYWH
    holds = frozenset({"sentences", "regions", "phrases"})

    class Options(PhraseOptions):
        delimiter: str | None = Field(
            None, min_length=1, max_length=1, description="Between columns (default: a tab in .tsv, else a comma)."
        )

    @classmethod
    def recognises(cls, head: Head) -> bool:
        if head.text.startswith(("{", "[", "<")):
            return False
        for delimiter in ",\t;":
            columns = _columns(_header([head.first_line], delimiter))
            says = set(columns) & {"sentence", "phrase", "label", "x", "x1"}
            if "image" in columns and says:
                return True
        return False

    def box_convention(self, path: Path) -> BoxConvention:
        try:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                header = _header(file, self._delimiter(path))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
        return CORNERS if "x1" in _columns(header) else XYWH

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        with Grouping() as images:
            for line, row in self._rows(path, report):
                if row.get("image"):
                    images.add(row["image"], (line, row))
                else:
                    report(Problem("lines without an image", f"{path.name}, line {line}"))
            for name, lines in images:
                yield self._bundle(path.name, name, lines, report)

    def _rows(self, path: Path, report: Report) -> Iterator[tuple[int, Row]]:
        """Line number and row, the columns by our names, empty fields None."""
        csv.field_size_limit(LONGEST_FIELD)
        total = size_of(path)
        reader = None
        try:
            with path.open("rb") as file, TextIOWrapper(file, "utf-8-sig", newline="") as text_:
                refuse_other_encodings(path, file.peek(4)[:4])
                reader = csv.reader(text_, delimiter=self._delimiter(path), strict=True)
                header = next(reader, [])
                columns = _columns(header)
                _check_header(path, header, columns)
                for fields in reader:
                    if reader.line_num % EVERY == 0:
                        self.advance(file.tell() / total)
                    if len(fields) != len(header):
                        if fields:
                            detail = f"{len(fields)} fields, the header has {len(header)}"
                            report(Problem("malformed lines", f"{path.name}, line {reader.line_num}", detail))
                        continue
                    yield (
                        reader.line_num,
                        {name: _field(name, fields[place]) or None for name, place in columns.items()},
                    )
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
        except UnicodeDecodeError as error:
            line = reader.line_num + 1 if reader else 1
            raise DataError(f"{path}, about line {line}, is not UTF-8: save the file as UTF-8.") from error
        except csv.Error as error:
            line = reader.line_num if reader else 1
            raise DataError(f"{path}, line {line}: {error}. Is the quoting right?") from error

    def _delimiter(self, path: Path) -> str:
        chosen: str | None = self.options.delimiter  # type: ignore[attr-defined]
        return chosen or ("\t" if path.suffix.lower() in (".tsv", ".tab") else ",")

    def _bundle(self, file: str, name: str, lines: list[tuple[int, Row]], report: Report) -> ImageBundle:
        image = LabelledImage(name, None, self.label_options.split)
        for line, row in lines:
            try:
                self._add(image, row)
            except ValueError as error:
                report(Problem("lines that cannot be read", f"{file}, line {line}", str(error)))
        return image.bundle()

    def _add(self, image: LabelledImage, row: Row) -> None:
        image.split = row.get("split") or image.split
        image.frame = size(row, "image_width", "image_height") or image.frame
        if sentence := row.get("sentence"):
            image.add_sentence(sentence)
        names = CORNERED if "x1" in row else SIZED
        if not any(row.get(name) for name in names):
            if row.get("phrase") or row.get("label"):
                raise ValueError("it has a phrase or a label and no box")
            return
        a, b, c, d = (number(row, name) for name in names)
        key = row.get("region") or " ".join(str(row[name]) for name in names)
        box = (CORNERS if "x1" in row else XYWH).box(a, b, c, d)
        score = number(row, "score") if row.get("score") else None
        if not image.add_region(key, box, row.get("label"), score):
            raise ValueError(f"region {key} has another box on an earlier line, which is kept")
        if words := row.get("phrase"):
            image.phrases.append(phrase(row, key, words, self.options.annotator))  # type: ignore[attr-defined]

    def write(self, path: Path, export: Export) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, WRITTEN, delimiter=self._delimiter(export.target), lineterminator="\n")
            table.writeheader()
            for bundle in export.images:
                table.writerows(_lines(bundle))


def _field(column: str, text: str) -> str:
    """Blanks around a value are of no matter, but a file may have a name that begins or ends with one."""
    return text if column == "image" and text.strip() else text.strip()


def _header(lines: Iterable[str], delimiter: str) -> list[str]:
    """The first row; empty where it cannot be read, which `read` says with its reason."""
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


def _columns(header: list[str]) -> dict[str, int]:
    """Where each column that we know is."""
    found = {name.strip().lower().replace(" ", "_"): place for place, name in reversed(list(enumerate(header)))}
    known = {ours: next((found[name] for name in names if name in found), -1) for ours, names in COLUMNS.items()}
    return {ours: place for ours, place in known.items() if place >= 0}


def _check_header(path: Path, header: list[str], columns: dict[str, int]) -> None:
    if "image" not in columns:
        hint = did_you_mean("image", [name for name in header if name]) if len(header) > 1 else "."
        separated = " Is it separated by something else (-o delimiter=';')?" if len(header) == 1 else ""
        raise DataError(f"{path}, line 1: no column is named image{hint}{separated}")
    for names in (SIZED, CORNERED):
        there = [name for name in names if name in columns]
        if there and len(there) < 4:
            missing = ", ".join(name for name in names if name not in columns)
            raise DataError(f"{path}, line 1: a box needs {', '.join(names)}; {missing} is missing.")
    if "x" in columns and "x1" in columns:
        raise DataError(f"{path}, line 1: it has both x y width height and x1 y1 x2 y2: leave one out.")


def _lines(bundle: ImageBundle) -> Iterator[dict[str, Any]]:
    width, height = frame_of(bundle)
    image = {
        "image": exported_path(bundle), "split": bundle.file.split if bundle.file else None, "image_width": width,
        "image_height": height,
    }  # fmt: skip
    if not bundle.sentences and not bundle.regions:
        yield image
    for sentence in bundle.sentences:
        yield image | {"sentence": sentence.text}
    for region, said in regions_and_phrases(bundle):
        yield image | _region_fields(region) | _phrase_fields(said)


def _region_fields(region: RegionBox) -> dict[str, Any]:
    numbers = {name: f"{side:.6f}".rstrip("0").rstrip(".") for name, side in zip(SIZED, region.box)}
    return {"region": region.key, **numbers, "label": region.label, "score": region.score}


def _phrase_fields(said: RegionPhrase | None) -> dict[str, Any]:
    if said is None:
        return {}
    return {"phrase": said.text, "annotator": said.annotator, "state": said.state, "seconds": said.seconds}


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(CsvTable)
