"""Exports: a dataset's images streamed into another tool's files, made under a temporary name and then renamed.

What the format cannot hold is counted and said; what one image has that cannot be written is a Problem.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import UserError
from .format import Export, Format, Report, exported_path
from .importing import ProblemCount, Problems
from .records import ImageBundle, Problem
from .store import ExportStore, Selection

Progress = Callable[..., None]
KINDS = ("sentences", "regions", "groundings", "phrases")
TOLD = 100  # images between two reports of progress


@dataclass(frozen=True)
class ExportSummary:
    """What an export wrote, and what the format cannot hold and is `left_out`, by kind."""

    dataset: str
    format: str
    path: str
    written: dict[str, int]
    left_out: dict[str, int]
    problems: tuple[ProblemCount, ...]


def run_export(
    store: ExportStore,
    target: Format,
    path: Path,
    selection: Selection,
    photos: str = "none",
    overwrite: bool = False,
    progress: Progress = lambda done, total, **figures: None,
) -> ExportSummary:
    """Write what is selected as a format's file or folder `path`; `photos`: "none", "link" or "copy" them beside it.

    Raises:
        UserError: the format only reads, the path is there already, something that is selected is not there.
        DataError: a file cannot be written as the format wants it. Nothing is left at `path` then.
    """
    path = Path(os.path.abspath(path.expanduser()))
    _check(target, path, photos, overwrite)
    total = store.count_selected(selection)
    root = store.dataset_root(selection.dataset)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    counting = _Counting(store.read_selected(selection), total, progress)
    problems = Problems()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        images: Iterator[ImageBundle] = iter(counting)
        if photos != "none":
            images = _with_photos(images, root, part, os.link if photos == "link" else None, problems.add)
        target.write(part, Export(selection.dataset, root, path, images, problems.add))
        _put(part, path)
    finally:
        _remove(part)
    written = {kind: count for kind, count in counting.counts.items() if kind == "images" or kind in target.holds}
    left_out = {kind: count for kind, count in counting.counts.items() if kind not in written and count}
    return ExportSummary(selection.dataset, target.name, str(path), written, left_out, problems.counted)


def _check(target: Format, path: Path, photos: str, overwrite: bool) -> None:
    if not target.goes_both_ways():
        raise UserError(f"format {target.name!r} reads only: it cannot be exported to.")
    if photos != "none" and not target.writes_folder:
        raise UserError(f"format {target.name!r} is one file: photos have no place in it, leave --photos out.")
    if path.is_dir() and (target.writes_folder or not overwrite):
        raise UserError(f"{path} is there already: name a folder that is not.")
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file.")
    if os.path.lexists(path) and not overwrite:
        raise UserError(f"{path} is there already: name another file, or say --overwrite.")


class _Counting:
    """Images on their way out, counted."""

    def __init__(self, images: Iterator[ImageBundle], total: int, progress: Progress) -> None:
        self._images = images
        self._total = total
        self._progress = progress
        self.counts = dict.fromkeys(("images", *KINDS), 0)

    def __iter__(self) -> Iterator[ImageBundle]:
        counts, began = self.counts, time.monotonic()
        self._progress(0, self._total)
        for image in self._images:
            yield image
            counts["images"] += 1
            counts["sentences"] += len(image.sentences)
            counts["regions"] += len(image.regions)
            counts["groundings"] += len(image.groundings)
            counts["phrases"] += len(image.phrases)
            if counts["images"] % TOLD == 0 or counts["images"] == self._total:
                rate = counts["images"] / max(time.monotonic() - began, 1e-9)
                self._progress(counts["images"], self._total, rate=f"{rate:,.0f} images/s")


def _with_photos(
    images: Iterator[ImageBundle], root: Path, folder: Path, link: Callable[[Path, Path], None] | None, report: Report
) -> Iterator[ImageBundle]:
    """The images, with each one's photo put below `folder` at its path."""
    for image in images:
        yield image
        if image.file is None:
            continue
        source, path = root / image.file.path, PurePosixPath(exported_path(image))
        if path.is_absolute() or ".." in path.parts:
            report(Problem("photos outside of their dataset's folder", str(path), "they are not put beside the labels"))
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _place(source, target, link)
        except OSError as error:
            report(Problem("photos that cannot be copied", str(source), error.strerror or str(error)))


def _place(source: Path, target: Path, link: Callable[[Path, Path], None] | None) -> None:
    if link is not None:
        try:
            link(source.resolve(), target)
            return
        except FileNotFoundError:
            raise
        except OSError:
            pass  # another disk, or one without hard links
    shutil.copyfile(source, target)


def _put(part: Path, path: Path) -> None:
    """Give what was written its name, when it is on the disk."""
    if part.is_dir() and hasattr(os, "sync"):
        os.sync()  # file by file would take minutes where there are many thousands
    elif part.is_file():
        with part.open("rb") as written:
            os.fsync(written.fileno())
    os.replace(part, path)


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def summary_rows(summary: ExportSummary) -> list[dict[str, Any]]:
    """Flat rows of what was written and left out, and each kind of problem with its examples."""
    rows: list[dict[str, Any]] = [
        {"what": what, "written": count, "left out": 0, "for example": ""} for what, count in summary.written.items()
    ]
    rows += [
        {"what": what, "written": 0, "left out": count, "for example": f"{summary.format} has no place for them"}
        for what, count in summary.left_out.items()
    ]
    rows += [
        {"what": p.kind, "written": None, "left out": p.count, "for example": "; ".join(p.examples)}
        for p in summary.problems
    ]
    return rows
