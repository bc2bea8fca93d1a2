"""`vsa restore`: a workspace from a backup, each file checked against its digest before the workspace is there."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import BaseModel, Field, ValidationError

from vsa_toolkit.claim import claim
from vsa_toolkit.errors import DataError, UserError, VsaError

from . import migrate
from .backup import DATABASE, FOLDERS, MANIFEST, PIECE, SCHEMA
from .engine import make_engine
from .folders import sync_folder
from .portable import check_file, load_database
from .workspace import write_settings

LARGEST_MANIFEST = 1 << 28  # bytes: about a million files

Progress = Callable[..., None]


class MemberEntry(BaseModel):
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What an archive says of itself; `database` is the version of its tables, by the newest migration."""

    number: int = Field(alias="schema")
    vsa: str
    database: str
    created: str
    files: dict[str, MemberEntry]


@dataclass(frozen=True)
class Restored:
    folder: Path
    manifest: Manifest

    @property
    def is_older(self) -> bool:
        """Whether `vsa db upgrade` comes next."""
        return self.manifest.database != migrate.HEAD


def restore_backup(
    file: Path, folder: Path, database: str | None = None, progress: Progress = lambda done, total: None
) -> Restored:
    """Make a workspace of a backup in `folder`, which is there whole or not at all; its rows in a file of its own, or
    in the empty database at a URL.

    Raises:
        UserError: the folder is not empty, or another process is restoring there.
        DataError: the archive is no backup, is cut off or was altered; the database is not empty.
        VsaError: the disk is full.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty: name a new folder for what is restored.")
    place = folder.with_name(f".{folder.name}.part")
    with _opened(file) as archive:
        manifest = _manifest(archive, file)
        with _explained(file, folder), claim(place, f"the restore into {folder}"):
            try:
                _clear(place)
                made = place / "workspace"
                made.mkdir()
                _unpack(archive, file, manifest, made, progress)
                _put_database(made, database)
                write_settings(made, database)
                made.rename(folder)  # an empty folder of that name gives way
                sync_folder(folder.parent)
            finally:
                shutil.rmtree(place, ignore_errors=True)
    return Restored(folder, manifest)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except FileNotFoundError as error:
        raise UserError(f"{file} does not exist: name a file that vsa backup made.") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{file} is no backup of vsa, or it is cut off: {error}.") from error
    with archive:
        yield archive


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """The list of files, which are exactly those of the archive, under names that stay inside the workspace."""
    names = archive.namelist()
    if MANIFEST not in names:
        raise DataError(f"{file} is no backup of vsa: it has no {MANIFEST}.")
    if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
        raise DataError(f"{file} was altered: its list of files is larger than any that vsa writes.")
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except (ValidationError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(f"{file} is damaged: its list of files cannot be read.") from error
    if manifest.number > SCHEMA:
        raise DataError(f"{file} was made by a newer vsa ({manifest.vsa}): upgrade vsa.")
    if sorted(names) != sorted([MANIFEST, *manifest.files]):
        raise DataError(f"{file} was altered: its files are not those that it lists.")
    if DATABASE not in manifest.files:
        raise DataError(f"{file} is no backup of vsa: there is no database in it.")
    for name in manifest.files:
        if not _stays_inside(name):
            raise DataError(f"{file} was altered: a file in it would lie outside the workspace ({name!r}).")
    if manifest.database not in migrate.known_versions():
        raise DataError(f"{file} was made by a newer vsa (version {manifest.database}): upgrade vsa.")
    return manifest


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    if name == DATABASE:
        return True
    plain = str(path) == name and ".." not in path.parts and not set(name) & set("\\:\0")
    return plain and len(path.parts) > 1 and path.parts[0] in FOLDERS


def _clear(place: Path) -> None:
    """Remove what a killed restore left there."""
    shutil.rmtree(place / "workspace", ignore_errors=True)


def _unpack(archive: zipfile.ZipFile, file: Path, manifest: Manifest, made: Path, progress: Progress) -> None:
    total, done = sum(entry.bytes for entry in manifest.files.values()), 0
    if total > shutil.disk_usage(made).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for name, entry in manifest.files.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(name) as source, path.open("xb") as target:
                whole = _copy(source, target, entry)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise DataError(f"{file} is damaged: {name} cannot be read; use another backup.") from error
        if not whole:
            raise DataError(f"{file} is damaged or was altered: {name} is not what was saved; use another backup.")
        done += entry.bytes
        progress(done, total)


def _copy(source: IO[bytes], target: IO[bytes], entry: MemberEntry) -> bool:
    """Whether the bytes are those of the entry; never more of them, however large the archive makes them."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        size += len(piece)
        if size > entry.bytes:
            return False
        digest.update(piece)
        target.write(piece)
    target.flush()
    os.fsync(target.fileno())
    return size == entry.bytes and digest.hexdigest() == entry.sha256


def _put_database(made: Path, database: str | None) -> None:
    check_file(made / DATABASE)
    if database is None:
        return
    engine = make_engine(database)
    try:
        load_database(made / DATABASE, engine)
    finally:
        engine.dispose()
    (made / DATABASE).unlink()


@contextmanager
def _explained(file: Path, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise VsaError(
                f"the disk of {folder.parent} is full: free some space, or name another place; nothing was kept."
            ) from error
        raise VsaError(
            f"{file} cannot be restored to {folder}: {error.strerror or error}; nothing was kept."
        ) from error
