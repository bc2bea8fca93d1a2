"""`vsa backup`: the database as it is at one moment and the workspace's arrays, in one archive with checksums.

A zip: `vsa.db` (see `vsa_toolkit.db.portable`), the files of features, parses, checkpoints, runs and releases, and
`vsa-backup.json`, which tells the sha256 and size of each. The database is saved first: what it calls finished is on
disk by then.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from vsa_toolkit import __version__
from vsa_toolkit.claim import claim
from vsa_toolkit.errors import UserError, VsaError

from . import migrate
from .base import now
from .engine import Database
from .folders import sync_folder
from .portable import check_file, save_database

MANIFEST = "vsa-backup.json"
DATABASE = "vsa.db"
FOLDERS = ("features", "parses", "checkpoints", "runs", "releases")
SCHEMA = 1
PIECE = 1 << 20
COMPRESSED = {".db", ".json", ".jsonl", ".txt", ".md", ".toml"}
"""The other files are numbers, which hardly get smaller."""

Progress = Callable[..., None]


@dataclass(frozen=True)
class Member:
    """A file of the archive: its size in bytes and its digest."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """What was saved: the archive, its size, the files in it, and those that went away meanwhile."""

    file: Path
    bytes: int
    files: int
    gone: tuple[Path, ...]


def write_backup(
    database: Database,
    folder: Path,
    file: Path,
    *,
    arrays: bool = True,
    progress: Progress = lambda done, total: None,
) -> Backup:
    """Save the workspace at `folder` in a new archive, which is there whole or not at all.

    Raises:
        UserError: the file exists, its folder does not, or another process is making it.
        DataError: the database is damaged.
        VsaError: the disk is full.
    """
    file = Path(os.path.abspath(file.expanduser()))
    if file.exists():
        raise UserError(f"{file} exists: a backup never replaces a file; give another name.")
    if not file.parent.is_dir():
        raise UserError(f"{file.parent} is no folder: make it first, or name another place.")
    place = file.with_name(f".{file.name}.part")
    with _explained(file), claim(place, f"the backup {file}"):
        try:
            _clear(place)
            save_database(database.engine, place / DATABASE)
            members = [(DATABASE, place / DATABASE), *(_array_files(folder) if arrays else ())]
            files, gone = _pack(place / "archive", members, progress)
            (place / "archive").rename(file)
            sync_folder(file.parent)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return Backup(file, file.stat().st_size, files, tuple(gone))


def _clear(place: Path) -> None:
    """Remove what a killed backup left there."""
    for path in place.iterdir():
        if path.name != ".claim":
            path.unlink()


def _array_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names in the archive and files; not those that are still being written."""
    for name in FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            inside = path.relative_to(folder)
            hidden = any(part.startswith(".") for part in inside.parts)
            if not hidden and path.suffix not in (".part", ".tmp") and path.is_file():
                yield inside.as_posix(), path


def _pack(archive: Path, members: list[tuple[str, Path]], progress: Progress) -> tuple[int, list[Path]]:
    total, done = sum(path.stat().st_size for _, path in members if path.exists()), 0
    packed: dict[str, Member] = {}
    gone: list[Path] = []
    with archive.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as whole:
            for name, path in members:
                try:
                    source = path.open("rb")
                except FileNotFoundError:  # it was deleted since, as the parts of a run are when it finishes
                    gone.append(path)
                    continue
                with source:
                    packed[name] = _pack_one(whole, name, source)
                done += packed[name].bytes
                progress(done, total)
            whole.writestr(MANIFEST, json.dumps(_manifest(archive.parent / DATABASE, packed), indent=1))
        file.flush()
        os.fsync(file.fileno())
    return len(packed), gone


def _pack_one(whole: zipfile.ZipFile, name: str, source: IO[bytes]) -> Member:
    info = zipfile.ZipInfo(name, now().timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED if Path(name).suffix in COMPRESSED else zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    digest, size = hashlib.sha256(), 0
    with whole.open(info, "w", force_zip64=True) as target:
        while piece := source.read(PIECE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    return Member(size, digest.hexdigest())


def _manifest(database: Path, packed: dict[str, Member]) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "vsa": __version__,
        "database": check_file(database),
        "created": now().isoformat(timespec="seconds"),
        "files": {name: asdict(member) for name, member in packed.items()},
    }


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        full = "full" in str(error)
        raise VsaError(_full(file) if full else f"backup {file} cannot be made: {error}.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise VsaError(_full(file)) from error
        raise VsaError(f"backup {file} cannot be written: {error.strerror or error}; nothing was kept.") from error


def _full(file: Path) -> str:
    return f"the disk of {file.parent} is full: free some space, or name another place; nothing was kept."


def backup_before_upgrade(database: Database, folder: Path, progress: Progress = lambda done, total: None) -> Backup:
    """The rows as they are before a migration, in `backups/` of the workspace; migrations do not touch arrays."""
    moment = now().strftime("%Y%m%dT%H%M%S.%fZ")  # a broken-off upgrade may be repeated within a second
    place = folder / "backups"
    place.mkdir(exist_ok=True)
    name = f"before-{migrate.HEAD}-{moment}.zip"
    return write_backup(database, folder, place / name, arrays=False, progress=progress)
