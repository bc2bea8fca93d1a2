"""Where moved photos may be: by size, by the paths that they had, by content."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GROUP = 500  # files that are read before what was found is written


@dataclass(frozen=True)
class Photo:
    """An image of a dataset as the database knows its file; `bytes` is None where an older vsa imported it."""

    id: int
    key: str
    file: Path
    sha256: str
    bytes: int | None


def files_below(folder: Path) -> Iterator[tuple[Path, int]]:
    """All files below a folder with their sizes; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            try:
                if path.is_file():
                    yield path, path.stat().st_size
            except OSError:
                continue


def likely_root(lost: Sequence[Photo], root: Path, files: Sequence[tuple[Path, int]]) -> Path | None:
    """The folder below which most of the lost photos would have the paths and sizes that they had below `root`."""
    by_name: dict[str, list[Photo]] = defaultdict(list)
    for photo in lost:
        if photo.file.is_relative_to(root):
            by_name[photo.file.name].append(photo)
    roots: Counter[Path] = Counter()
    for file, size in files:
        for photo in by_name.get(file.name, ()):
            parts = photo.file.relative_to(root).parts
            if photo.bytes in (None, size) and file.parts[-len(parts) :] == parts:
                roots[Path(*file.parts[: -len(parts)])] += 1
    return min(roots, key=lambda place: (-roots[place], str(place))) if roots else None


def by_size(candidates: Sequence[tuple[int, Path]]) -> Iterator[list[Path]]:
    """Files of whole sizes together, so that equal files are in one group; some hundreds a group."""
    group: list[Path] = []
    last = -1
    for size, file in candidates:
        if len(group) >= GROUP and size != last:
            yield group
            group = []
        group.append(file)
        last = size
    if group:
        yield group


def choose(
    photos: Sequence[Photo], files: Sequence[Path], in_place: Collection[Path]
) -> Iterator[tuple[Photo, Path, str]]:
    """A file for each photo of one content: the one whose path ends most like the old one; a file of another image only
    where there are too few."""
    free = [file for file in files if file not in in_place]
    for photo in photos:
        file = max(free or files, key=lambda file: (_common_end(photo.file, file), -len(file.parts), str(file)))
        if file not in free:
            how = "found by its content, in a file that another image has too"
        elif len(files) > 1:
            how = f"found by its content, which {len(files)} files have; this one's path is the most like the old one"
        else:
            how = "found by its content"
        yield photo, file, how
        free = [other for other in free if other != file]


def _common_end(one: Path, other: Path) -> int:
    """How many parts two paths share, from the end."""
    same = 0
    for a, b in zip(reversed(one.parts), reversed(other.parts)):
        if a != b:
            break
        same += 1
    return same
