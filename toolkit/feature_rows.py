"""Which image, and which box of it, each row of an array of features is of."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError, UserError
from .records import Box

COLUMNS = ("image", "x", "y", "width", "height")


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """`image`: the key or file name of an image; `box`: xywh in pixels of the photo on disk, None for the frame."""

    image: str
    box: Box | None = None


def read_rows(file: Path) -> list[FeatureRow]:
    """One entry a row of the array, in its order, from

    - a text file with an image a line,
    - a CSV or TSV file with the columns image, x, y, width, height (empty for the frame; the header names them),
    - Karpathy's `dataset_*.json`, whose images stand in the order of their `imgid`.

    Raises:
        UserError: the file does not exist.
        DataError: it cannot be read, a box is none, a column is missing; file and line are named.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"file of rows {file} does not exist.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}.") from error
    if file.suffix.lower() == ".json":
        rows = _karpathy(text, file)
    elif file.suffix.lower() in (".csv", ".tsv"):
        rows = _table(text, file)
    else:
        rows = [FeatureRow(line.strip()) for line in text.splitlines() if line.strip()]
    if not rows:
        raise DataError(f"{file} names no rows.")
    return rows


def _karpathy(text: str, file: Path) -> list[FeatureRow]:
    try:
        images = json.loads(text)["images"]
        ordered = sorted(images, key=lambda image: int(image["imgid"]))
        if [int(image["imgid"]) for image in ordered] != list(range(len(ordered))):
            raise ValueError("its imgids are not 0, 1, 2 …")
        return [FeatureRow(str(image["filename"])) for image in ordered]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} is no dataset_*.json of Karpathy: {error}.") from error


def _table(text: str, file: Path) -> list[FeatureRow]:
    reader = csv.DictReader(text.splitlines(), delimiter="\t" if file.suffix.lower() == ".tsv" else ",")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if "image" in missing or 0 < len(missing) < len(COLUMNS) - 1:
        raise DataError(f"{file}, line 1: it has no column {missing[0]!r}; its columns should be {', '.join(COLUMNS)}.")
    rows = []
    for number, line in enumerate(reader, start=2):
        values = [(line.get(name) or "").strip() for name in COLUMNS[1:]]
        rows.append(FeatureRow((line["image"] or "").strip(), _box(values, file, number) if any(values) else None))
    return rows


def _box(values: list[str], file: Path, number: int) -> Box:
    try:
        x, y, width, height = (float(value) for value in values)
    except ValueError as error:
        raise DataError(f"{file}, line {number}: {', '.join(values)} is no box: four numbers are needed.") from error
    if not (width > 0 and height > 0):
        raise DataError(f"{file}, line {number}: a box of {width:g} × {height:g} pixels holds nothing.")
    return (x, y, width, height)
