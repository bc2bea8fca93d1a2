"""`vsa db relink`: photos that were moved or renamed are found again by their content.

Where a whole dataset went elsewhere its root moves along, and paths below it stay. Every other photo is looked for
among the files of its size, by sha256. What is found is written at once, so that a broken-off relink goes on.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from vsa_toolkit.errors import UserError

from .datasets import FINISHED, dataset_name, dataset_names, dataset_root, dataset_row, path_to_keep, root_to_keep
from .engine import Database, take_turns
from .folders import sha256_of_file
from .models import Dataset, Image
from .moved_photos import Photo, by_size, choose, files_below, likely_root

BATCH = 500  # photos a transaction
HASHERS = 4

Progress = Callable[..., None]


@dataclass(frozen=True)
class Relinked:
    """What came of a photo that was not in its place; `now` is None where no file has its content. `root`: the
    dataset's new folder, below which the photo has the path that it had."""

    dataset: str
    image: str
    was: Path
    now: Path | None
    how: str
    root: Path | None = None


def relink(
    database: Database,
    workspace: Path,
    folder: Path,
    dataset: str | None = None,
    *,
    verify: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> list[Relinked]:
    """Look below `folder` for the photos that are missing or have another size, with `verify` for all that changed.

    Raises:
        UserError: there is no such folder or dataset.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: name the one that the photos are in now.")
    with database.read() as session:
        names = [dataset_name(session, dataset)] if dataset is not None else dataset_names(session)
    found: list[Relinked] = []
    files: list[tuple[Path, int]] | None = None
    for name in names:
        search = _Search(database, workspace, name, verify, dry_run, progress)
        if not search.lost:
            continue
        if files is None:
            files = list(files_below(folder))
        found += search.by_root(files)
        found += search.by_content(files)
    return found


class _Search:
    """The lost photos of one dataset, fewer from step to step."""

    def __init__(
        self, database: Database, workspace: Path, name: str, verify: bool, dry_run: bool, progress: Progress
    ) -> None:
        self._database = database
        self._workspace = workspace
        self._name = name
        self._dry_run = dry_run
        self._progress = progress
        with database.read() as session:
            row = dataset_row(session, name)
            self._root = dataset_root(row, workspace)
            chosen = select(Image.id, Image.key, Image.path, Image.sha256, Image.bytes)
            chosen = chosen.where(Image.dataset_id == row.id, Image.import_id.in_(FINISHED)).order_by(Image.id)
            photos = [
                Photo(id, key, self._root / path, sha256, size)
                for id, key, path, sha256, size in session.execute(chosen)
            ]
        if verify:
            places = [photo.file for photo in photos]
            self.lost = [p for p, digest in zip(photos, self._digests(places), strict=True) if digest != p.sha256]
        else:
            self.lost = [photo for photo in photos if not _is_in_place(photo)]
        lost = {photo.id for photo in self.lost}
        self._in_place = {photo.file for photo in photos if photo.id not in lost}

    def by_root(self, files: Sequence[tuple[Path, int]]) -> list[Relinked]:
        """Where none of the photos is left in its place, but the same paths are below another folder: move the root."""
        root = None if self._in_place else likely_root(self.lost, self._root, files)
        if root is None:
            return []
        below = [photo for photo in self.lost if photo.file.is_relative_to(self._root)]
        places = [root / photo.file.relative_to(self._root) for photo in below]
        digests = self._digests(places)
        there = {p.id: place for p, place, digest in zip(below, places, digests, strict=True) if digest == p.sha256}
        if not there:
            return []
        self._move_root(root)
        how = f"the dataset is in {root} now"
        done = [Relinked(self._name, p.key, p.file, there[p.id], how, root) for p in self.lost if p.id in there]
        self.lost = [photo for photo in self.lost if photo.id not in there]
        return done

    def by_content(self, files: Sequence[tuple[Path, int]]) -> Iterator[Relinked]:
        """Each other photo among the files of its size."""
        wanted: dict[str, list[Photo]] = defaultdict(list)
        for photo in self.lost:
            wanted[photo.sha256].append(photo)
        sizes = None if any(photo.bytes is None for photo in self.lost) else {photo.bytes for photo in self.lost}
        candidates = sorted((size, file) for file, size in files if sizes is None or size in sizes)
        links: list[tuple[Photo, Path]] = []
        for group in by_size(candidates):
            same: dict[str, list[Path]] = defaultdict(list)
            for file, digest in zip(group, self._digests(group), strict=True):
                if digest in wanted:
                    same[digest].append(file)
            for digest, places in same.items():
                for photo, file, how in choose(wanted.pop(digest), places, self._in_place):
                    links.append((photo, file))
                    yield Relinked(self._name, photo.key, photo.file, file, how)
            if len(links) >= BATCH:
                self._write(links)
                links = []
        self._write(links)
        for photos in wanted.values():
            for photo in photos:
                yield Relinked(self._name, photo.key, photo.file, None, "no file has its content")

    def _digests(self, files: Sequence[Path]) -> Iterator[str | None]:
        """sha256 of each; None of what cannot be read."""
        with ThreadPoolExecutor(HASHERS, thread_name_prefix="vsa-relink") as pool:
            for start in range(0, len(files), BATCH):
                yield from pool.map(_digest, files[start : start + BATCH])
                self._progress(min(start + BATCH, len(files)), len(files))

    def _move_root(self, root: Path) -> None:
        self._root = root
        if self._dry_run:
            return
        with self._database.write() as session:
            take_turns(session, "imports", self._name)
            session.execute(
                update(Dataset).where(Dataset.name == self._name).values(root=root_to_keep(root, self._workspace))
            )

    def _write(self, links: Sequence[tuple[Photo, Path]]) -> None:
        if self._dry_run or not links:
            return
        rows: list[dict[str, Any]] = [
            {"id": photo.id, "path": path_to_keep(file, self._root), "bytes": file.stat().st_size}
            for photo, file in links
        ]
        with self._database.write() as session:
            session.execute(update(Image), rows)


def _is_in_place(photo: Photo) -> bool:
    try:
        size = photo.file.stat().st_size
    except OSError:
        return False
    return photo.bytes is None or size == photo.bytes


def _digest(file: Path) -> str | None:
    try:
        return sha256_of_file(file)
    except OSError:
        return None
