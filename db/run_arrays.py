"""The arrays of a run: a file a batch while it goes on, one file in the split's order when it has finished."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.records import Split
from vsa_toolkit.store import RunBatch
from vsa_toolkit.text import tokenise

from .folders import replace, sha256_of_file, write_array

ARRAYS = ("scores", "word_scores")


@dataclass(frozen=True)
class Place:
    """Where a run keeps an image: batch file `part`, which holds the images of that part in order of `position`."""

    image_id: int
    part: int
    position: int


def save_part(folder: Path, part: int, batch: RunBatch) -> None:
    """The arrays of one batch, on disk before the database says so."""
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    for name in ARRAYS:
        array = getattr(batch, name)
        if array is not None:
            write_array(_part_file(folder, name, part), np.asarray(array, dtype=np.float32))


def join_parts(folder: Path, places: Sequence[Place], split: Split) -> dict[str, dict[str, Any]]:
    """Put the parts together in the split's order; what each array is, by name: file, shape, sha256.

    Raises:
        DataError: an image was never saved, a part is missing, or it has another shape than the split asks for.
    """
    by_image = {place.image_id: place for place in places}
    missing = [image.key for image in split.images if image.id not in by_image]
    if missing:
        raise DataError(f"the run has not saved {len(missing)} images yet, {missing[0]!r} is the first.")
    rows = {"scores": dict.fromkeys(by_image, 1), "word_scores": tokens_per_image(split)}
    made: dict[str, dict[str, Any]] = {}
    for name in ARRAYS:
        parts = sorted({place.part for place in places})
        there = [part for part in parts if _part_file(folder, name, part).exists()]
        if not there:
            continue
        if there != parts:
            raise DataError(
                f"{folder} has lost {_part_file(folder, name, min(set(parts) - set(there))).name}: "
                "delete the run and run it again."
            )
        made[name] = _join(folder, name, places, rows[name], split)
    return made


def _join(
    folder: Path, name: str, places: Sequence[Place], rows: dict[int, int], split: Split
) -> dict[str, Any]:  # fmt: skip
    """One array, copied part by part into a memory-mapped file: memory does not grow with the split."""
    starts, total = _starts([(image.id, rows[image.id]) for image in split.images])
    members: dict[int, list[Place]] = {}
    for place in sorted(places, key=lambda place: (place.part, place.position)):
        members.setdefault(place.part, []).append(place)
    first = np.load(_part_file(folder, name, places[0].part), mmap_mode="r")
    columns = len(split.sentences) if name == "scores" else int(first.shape[1])
    path = folder / f"{name}.npy"

    def save(temporary: Path) -> None:
        whole = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=(total, columns))
        for part, images in members.items():
            source = np.load(_part_file(folder, name, part), mmap_mode="r")
            needed = sum(rows.get(place.image_id, 0) for place in images)
            if source.shape != (needed, columns):
                raise DataError(
                    f"{_part_file(folder, name, part)} is {source.shape}, the split asks for ({needed}, {columns}): "
                    "delete the run and run it again."
                )
            at = 0
            for place in images:
                count = rows.get(place.image_id, 0)
                if place.image_id in starts:
                    begin = starts[place.image_id]
                    whole[begin : begin + count] = source[at : at + count]
                at += count
        whole.flush()

    replace(path, save)
    return {"file": path.name, "shape": [total, columns], "sha256": sha256_of_file(path)}


def read_array(folder: Path, name: str, arrays: dict[str, dict[str, Any]], run_id: int) -> np.ndarray:
    """An array of a finished run, memory-mapped, its digest checked.

    Raises:
        UserError: the run made no such array.
        DataError: the file is gone or is not what the run wrote.
    """
    if name not in arrays:
        made = f"it made {' and '.join(arrays)}" if arrays else "it made no arrays"
        raise UserError(f"run {run_id} has no {name}: {made}; run it again with `--produce`.")
    path = folder / arrays[name]["file"]
    if not path.exists():
        raise DataError(f"{path} is gone: delete run {run_id} and run it again.")
    if sha256_of_file(path) != arrays[name]["sha256"]:
        raise DataError(f"{path} is not the file that run {run_id} wrote: delete the run and run it again.")
    array: np.ndarray = np.load(path, mmap_mode="r")
    return array


def tokens_per_image(split: Split) -> dict[int, int]:
    """Rows of `word_scores` that each image has: the tokens of its own sentences."""
    counts = {image.id: 0 for image in split.images}
    for sentence in split.sentences:
        counts[sentence.image_id] += len(tokenise(sentence.text))
    return counts


def leftover_parts(folder: Path) -> list[Path]:
    """Files of batches that nobody needs once the run has finished."""
    return sorted(path for path in (folder / "parts").glob("*") if re.search(r"\.npy|\.part", path.name))


def remove_parts(folder: Path) -> None:
    for path in leftover_parts(folder):
        path.unlink(missing_ok=True)
    if (folder / "parts").is_dir():
        (folder / "parts").rmdir()


def _part_file(folder: Path, name: str, part: int) -> Path:
    return folder / "parts" / f"{name}-{part}.npy"


def _starts(rows: Sequence[tuple[int, int]]) -> tuple[dict[int, int], int]:
    starts: dict[int, int] = {}
    total = 0
    for image_id, count in rows:
        starts[image_id] = total
        total += count
    return starts, total
