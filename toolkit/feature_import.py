"""Features that were computed elsewhere: an array and a file that says which image (and box) each row is of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .boxes import clip
from .errors import DataError, UserError
from .feature_arrays import open_array
from .feature_rows import FeatureRow, read_rows
from .provenance import file_digest
from .records import Box, Image, Region, RegionBox
from .registry import registry
from .store import Store

ANY_MODE = "roi-align"  # of no matter: nothing is pooled
AT_ONCE = 2048  # images whose vectors are in memory together


@dataclass(frozen=True)
class ImportedFeatures:
    """What `import_features` did. `unknown`: rows whose image the dataset does not have; `without`: images of the
    dataset that got no vector; `averaged`: frames whose vector is the mean of their regions'."""

    name: str
    dimension: int
    images: int
    vectors: int
    region_set: str | None
    unknown: int
    without: int
    averaged: int


def import_features(
    store: Store,
    file: Path,
    rows_file: Path,
    name: str,
    *,
    dataset: str | None = None,
    array: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportedFeatures:
    """Keep the rows of an array as features of a dataset's regions; `--encoder imported -e name=NAME` then uses them.

    file: .npy, .npz, .h5 or .mat, (rows, d), or (d, rows) as neuraltalk's vgg_feats.mat; `array` names the one to take
    where a file has several. rows_file: see `feature_rows.read_rows`. Rows with boxes make a region set of this name.

    Raises:
        UserError: features of that name are there already, from another file.
        DataError: file and rows do not fit together, a vector is not finite, no image is one of the dataset's.
    """
    dataset = store.dataset_name(dataset)
    rows = read_rows(rows_file)
    source = open_array(file, array, len(rows))
    images = store.read_images(dataset)
    by_image, unknown = _by_image(rows, images, rows_file, dataset)
    boxes = any(row.box is not None for row in rows)
    about = {"name": name, "sha256": file_digest(file), "rows": file_digest(rows_file), "dimension": source.shape[1]}
    _refuse_another(store.folder, about)
    if boxes:
        _save_boxes(store, dataset, name, images, by_image, rows, about)
    averaged = _save_vectors(store.folder, source, rows, images, by_image, about, progress)
    write_record(store.folder, about)
    vectors = sum(len(found) for found in by_image.values()) + averaged
    return ImportedFeatures(
        name, source.shape[1], len(by_image), vectors, name if boxes else None, unknown,
        len(images) - len(by_image), averaged,
    )  # fmt: skip


def record_file(folder: Path, name: str) -> Path:
    """Where a workspace keeps what it knows of imported features."""
    return folder / "features" / "imported" / f"{name}.json"


def read_record(folder: Path, name: str) -> dict[str, Any]:
    """name, dimension, sha256 of the array's file and of the rows' file."""
    path = record_file(folder, name)
    if not path.is_file():
        known = sorted(found.stem for found in path.parent.glob("*.json"))
        have = f"this workspace has {', '.join(known)}" if known else "this workspace has none"
        raise UserError(f"no features {name!r} were imported: {have}; vsa features import FILE --name {name} …")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def write_record(folder: Path, about: dict[str, Any]) -> None:
    """Last of all: features without it are none."""
    path = record_file(folder, about["name"])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _refuse_another(folder: Path, about: dict[str, Any]) -> None:
    if not about["name"].replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise UserError(f"{about['name']!r} is no name for features: letters, digits, '-', '_' and '.' only.")
    if record_file(folder, about["name"]).is_file() and read_record(folder, about["name"]) != about:
        raise UserError(f"features {about['name']!r} are there already, from another file: choose another --name.")


def _by_image(
    rows: Sequence[FeatureRow], images: Sequence[Image], file: Path, dataset: str
) -> tuple[dict[int, list[int]], int]:
    """The row numbers of each image, by its place in `images`; and how many rows are of no image here."""
    places: dict[str, int] = {}
    for place, image in enumerate(images):
        places.setdefault(Path(image.key).stem, place)
    for place, image in enumerate(images):
        places[image.key] = place
    found: dict[int, list[int]] = {}
    unknown = 0
    for number, row in enumerate(rows):
        at = places.get(row.image, places.get(Path(row.image).name, places.get(Path(row.image).stem)))
        if at is None:
            unknown += 1
            continue
        found.setdefault(at, []).append(number)
    if not found:
        raise DataError(
            f"{file}: none of its {len(rows):,} rows is of an image of {dataset}; the first is of {rows[0].image!r},"
            f" the dataset's first is {images[0].key!r}."
            if images
            else f"dataset {dataset} has no images."
        )
    for at, numbers in found.items():
        if sum(rows[number].box is None for number in numbers) > 1:
            raise DataError(f"{file}: image {images[at].key} has {len(numbers)} rows without a box: one is its frame.")
    return dict(sorted(found.items())), unknown


def _save_boxes(
    store: Store,
    dataset: str,
    name: str,
    images: Sequence[Image],
    by_image: dict[int, list[int]],
    rows: Sequence[FeatureRow],
    about: dict[str, Any],
) -> None:
    region_set = store.create_region_set(dataset, name, "imported", about)
    place = {image.id: at for at, image in enumerate(images)}
    pending = store.images_without_regions(region_set)
    for start in range(0, len(pending), 100):
        batch = []
        for image in pending[start : start + 100]:
            numbers = by_image.get(place[image.id], [])
            found = [
                RegionBox(f"row-{number}", _inside(box, image))
                for number in numbers
                if (box := rows[number].box) is not None
            ]
            batch.append((image.id, found))
        store.save_regions(region_set, batch)
    store.finish_region_set(region_set)


def _inside(box: Box, image: Image) -> Box:
    return clip(box, (image.width, image.height))


def _save_vectors(
    folder: Path,
    source: np.ndarray,
    rows: Sequence[FeatureRow],
    images: Sequence[Image],
    by_image: dict[int, list[int]],
    about: dict[str, Any],
    progress: Callable[[int, int], None],
) -> int:
    """Writes shards; how many frames have the mean of their regions."""
    from .features import feature_keys, open_shards

    encoder = registry().get("encoders", "imported").of(about)
    shards = open_shards(folder, encoder, ANY_MODE)
    items, averaged = list(by_image.items()), 0
    for start in range(0, len(items), AT_ONCE):
        group = items[start : start + AT_ONCE]
        regions, owners, vectors = [], [], []
        for at, numbers in group:
            image, own = images[at], np.asarray(source[numbers], dtype=np.float32)
            _check(own, numbers, about)
            boxes = [rows[number].box for number in numbers]
            if None not in boxes:
                boxes, own = [None, *boxes], np.vstack([own.mean(axis=0, keepdims=True), own])
                averaged += 1
            whole = (0.0, 0.0, float(image.width), float(image.height))
            regions += [Region(0, image.id, whole if box is None else _inside(box, image)) for box in boxes]
            owners += [at] * len(boxes)
            vectors.append(own)
        keys = feature_keys(encoder, images, np.array(owners, np.int64), regions, ANY_MODE)
        new = np.flatnonzero(shards.find(keys) < 0)
        shards.write(keys[new], np.concatenate(vectors)[new].astype(np.float16))
        progress(min(start + AT_ONCE, len(items)), len(items))
    return averaged


def _check(vectors: np.ndarray, numbers: Sequence[int], about: dict[str, Any]) -> None:
    largest = float(np.finfo(np.float16).max)
    wrong = ~(np.abs(vectors) <= largest).all(axis=1)
    if wrong.any():
        row = numbers[int(np.flatnonzero(wrong)[0])]
        raise DataError(
            f"features {about['name']!r}: row {row} (from 0) has a number that is not finite or beyond {largest:g}."
        )
