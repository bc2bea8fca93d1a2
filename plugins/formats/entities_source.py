"""Where the files of Flickr30k Entities come from: a folder, or an archive of one."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vsa_toolkit.errors import DataError

_MEMBER = re.compile(r"(?:^|/)(Annotations/[^/]+\.xml|Sentences/[^/]+\.txt)$")
ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2")
_LARGEST = 4_000_000  # bytes of one member; real ones have a few thousand


class Source(ABC):
    """Annotations and sentences by Flickr30k id. A missing file is a KeyError."""

    @abstractmethod
    def ids(self) -> list[str]:
        """The ids that have an annotation file, in order."""

    @abstractmethod
    def annotation(self, id_: str) -> bytes: ...

    @abstractmethod
    def sentences(self, id_: str) -> bytes: ...


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """The source at `path`: a folder with Annotations/ and Sentences/, an archive of them, or a folder with one.

    Raises:
        DataError: there is nothing of that kind, or the archive is damaged.
    """
    if (path / "Annotations").is_dir():
        yield _Folder(path)
        return
    archive = _find_archive(path)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                yield _Zip(opened)
        else:
            with TemporaryDirectory(prefix="vsa-entities-") as folder:
                _unpack(archive, Path(folder))
                yield _Folder(Path(folder))
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{archive} is damaged ({error}): get it again.") from error


def count_annotations(path: Path) -> int | None:
    """How many annotation files there are; None for a tar, which would have to be unpacked for it."""
    if not (path / "Annotations").is_dir() and not _find_archive(path).name.endswith(".zip"):
        return None
    with open_source(path) as source:
        return len(source.ids())


class _Folder(Source):
    def __init__(self, path: Path) -> None:
        self._annotations, self._sentences = path / "Annotations", path / "Sentences"

    def ids(self) -> list[str]:
        return sorted(name.removesuffix(".xml") for name in os.listdir(self._annotations) if name.endswith(".xml"))

    def annotation(self, id_: str) -> bytes:
        return (self._annotations / f"{id_}.xml").read_bytes()

    def sentences(self, id_: str) -> bytes:
        try:
            return (self._sentences / f"{id_}.txt").read_bytes()
        except FileNotFoundError as error:
            raise KeyError(id_) from error


class _Zip(Source):
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {m.group(1): name for name in archive.namelist() if (m := _MEMBER.search(name))}

    def ids(self) -> list[str]:
        return sorted(
            name.removeprefix("Annotations/").removesuffix(".xml") for name in self._members if name.endswith(".xml")
        )

    def annotation(self, id_: str) -> bytes:
        return self._read(f"Annotations/{id_}.xml")

    def sentences(self, id_: str) -> bytes:
        return self._read(f"Sentences/{id_}.txt")

    def _read(self, member: str) -> bytes:
        name = self._members[member]
        if self._archive.getinfo(name).file_size > _LARGEST:
            raise DataError(f"{name} in {self._archive.filename} is larger than any annotation of Flickr30k Entities.")
        return self._archive.read(name)


def _find_archive(path: Path) -> Path:
    if path.is_file() and path.name.endswith(ARCHIVES):
        return path
    found = [p for p in path.iterdir() if p.name.endswith(ARCHIVES)] if path.is_dir() else []
    if len(found) == 1:
        return found[0]
    raise DataError(
        f"{path} has no Annotations/ and Sentences/: give the folder that holds them, or the archive they came in."
    )


def _unpack(archive: Path, folder: Path) -> None:
    """Only the members that are wanted, under names that we choose: nothing can land outside `folder`."""
    for part in ("Annotations", "Sentences"):
        (folder / part).mkdir()
    found = False
    with tarfile.open(archive, "r|*") as members:  # one pass: a compressed stream cannot be sought in cheaply
        for member in members:
            match = _MEMBER.search(member.name)
            content = members.extractfile(member) if match and member.isfile() else None
            if match is None or content is None:
                continue
            if member.size > _LARGEST:
                raise DataError(f"{member.name} in {archive} is larger than any annotation of Flickr30k Entities.")
            with (folder / match.group(1)).open("wb") as out:
                shutil.copyfileobj(content, out)
            found = True
    if not found:
        raise DataError(f"{archive} holds no Annotations/ and Sentences/.")
