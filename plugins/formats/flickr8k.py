"""Flickr8k as it was given out: photos, `Flickr8k.token.txt` with five sentences a photo, three split files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import ImageBundle, ImageFile, Problem, SentenceText

from .text_lines import text_lines

SENTENCES = "Flickr8k.token.txt"
PHOTO_FOLDERS = ("images", "Flicker8k_Dataset", "Flickr8k_Dataset")
SPLIT_FILES = {
    "train": ("Flickr_8k.trainImages.txt",),
    "val": ("Flickr_8k.devImages.txt", "Flickr_8k.valImages.txt"),
    "test": ("Flickr_8k.testImages.txt",),
}


class Flickr8k(Format):
    """Reads a folder with the text files beside `images/` (or `Flicker8k_Dataset/`, as its zip names it).

    An image's key is its file name without `.jpg`. The dev photos are the split "val"; photos in no split file are
    given without a split and reported.
    """

    name = "flickr8k"

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return SENTENCES in head.names

    def count(self, path: Path) -> int | None:
        return len(_photos(path)[1])

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        folder, photos = _photos(path)
        splits = _read_splits(path, photos, report)
        sentences = _read_sentences(path / SENTENCES, report)
        for name in sorted(sentences.keys() - photos):
            report(Problem("photos that do not exist", name, f"its sentences in {SENTENCES} are left out"))
        for name in sorted(photos):
            if name not in sentences:
                report(Problem("photos without a sentence", name))
            if name not in splits:
                report(Problem("photos in no split", name))
            key = name.removesuffix(".jpg")
            file = ImageFile(key, folder / name, splits.get(name))
            yield ImageBundle(key, file, sentences=tuple(sentences.get(name, ())))


def _photos(path: Path) -> tuple[Path, set[str]]:
    """The folder of photos, relative to `path`, and the names of the photos in it."""
    for name in PHOTO_FOLDERS:
        if (path / name).is_dir():
            return Path(name), {entry for entry in os.listdir(path / name) if entry.lower().endswith(".jpg")}
    raise DataError(f"{path} has no folder of photos: put them in {path / PHOTO_FOLDERS[0]}.")


def _read_sentences(file: Path, report: Report) -> dict[str, list[SentenceText]]:
    """Sentences by photo, in the order of their numbers."""
    found: dict[str, dict[int, str]] = {}
    for number, line in text_lines(file):
        name, tab, text = line.partition("\t")
        photo, _, index = name.rpartition("#")
        where = f"{file.name}, line {number}"
        if not tab or not photo or not index.isdecimal() or not text.strip():
            report(Problem("malformed lines", where, "a line must be photo.jpg#number, a tab, a sentence"))
        elif int(index) in found.setdefault(photo, {}):
            report(Problem("sentences given twice", where, f"{name} has a sentence already"))
        else:
            found[photo][int(index)] = text.strip()
    return {photo: [SentenceText(n, by[n]) for n in sorted(by)] for photo, by in found.items()}


def _read_splits(path: Path, photos: set[str], report: Report) -> dict[str, str]:
    splits: dict[str, str] = {}
    for split, names in SPLIT_FILES.items():
        file = next((path / name for name in names if (path / name).is_file()), None)
        if file is None:
            report(Problem("split files that do not exist", names[0], f"no photo is in the split {split}"))
            continue
        for number, line in text_lines(file):
            name = line.strip()
            if name not in photos:
                report(Problem("split entries without a photo", f"{file.name}, line {number}", name))
            elif splits.setdefault(name, split) != split:
                raise DataError(
                    f"{file}, line {number}: {name} is in the split {splits[name]} too; a photo can be in one split"
                    " only, take it out of one of the two files."
                )
    return splits


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Flickr8k)
