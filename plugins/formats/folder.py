"""A plain folder of photos, with sentences from an optional `sentences.tsv`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from vsa_toolkit.errors import DataError
from vsa_toolkit.format import SPLITS, Format, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import ImageBundle, ImageFile, Problem, SentenceText

from .text_lines import text_lines

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SIDECAR = "sentences.tsv"


class Folder(Format):
    """Every photo below a folder; hidden files and folders are left out.

    An image's key is its path below the folder without the suffix (`train/beach/dog.jpg` → `train/beach/dog`). A first
    folder named train, val (or dev) or test is the split. `sentences.tsv`, if there, has a line `photo<TAB>sentence`
    for each sentence, the photo as a path below the folder or as a key; an image may have any number.
    """

    name = "folder"

    @classmethod
    def recognises(cls, head: Head) -> bool | None:
        """Any folder may be one: it is never said that a source looks like it."""
        return None if head.path.is_dir() else False

    def count(self, path: Path) -> int | None:
        return sum(1 for _ in _photos(path))

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        sentences = _read_sidecar(path / SIDECAR, report)
        keys: set[str] = set()
        for file in _photos(path):
            key = file.with_suffix("").as_posix()
            if key in keys:
                key = file.as_posix()  # dog.jpg beside dog.png: the second keeps its suffix
            keys.add(key)
            texts = [*sentences.pop(key, ()), *(sentences.pop(file.as_posix(), ()) if key != file.as_posix() else ())]
            split = SPLITS.get(file.parts[0].lower()) if len(file.parts) > 1 else None
            yield ImageBundle(
                key,
                ImageFile(key, file, split),
                sentences=tuple(SentenceText(number, text) for number, (_, text) in enumerate(sorted(texts))),
            )
        if not keys:
            raise DataError(f"{path} holds no photo: {', '.join(SUFFIXES)} are read.")
        for name, lines in sentences.items():
            report(Problem("sentences of photos that do not exist", f"{SIDECAR}, line {lines[0][0]}", name))


def _photos(path: Path) -> Iterator[Path]:
    """Paths of the photos, relative to `path`, in the order of their names."""
    if not path.is_dir():
        raise DataError(f"{path} is no folder.")
    for folder, below, files in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield (Path(folder) / name).relative_to(path)


def _read_sidecar(file: Path, report: Report) -> dict[str, list[tuple[int, str]]]:
    """Line numbers and sentences by photo (a path or a key)."""
    found: dict[str, list[tuple[int, str]]] = {}
    if not file.is_file():
        return found
    for number, content in text_lines(file):
        name, _, text = content.strip().partition("\t")
        if name and text.strip():
            found.setdefault(name, []).append((number, text.strip()))
        elif content.strip():
            report(Problem("malformed lines", f"{file.name}, line {number}", "a line must be photo, a tab, a sentence"))
    return found


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Folder)
