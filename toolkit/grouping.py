"""Items that come in any order, given back image by image, in memory that does not grow with them."""

from __future__ import annotations

import marshal
from collections.abc import Hashable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

IN_MEMORY = 100_000  # items
GROUPS_A_FILE = 2_000


class Grouping:
    """Groups in the order in which they were first named; items are built of lists, tuples, dicts, text and numbers.

    Beyond IN_MEMORY items they wait in temporary files, each of which holds a few thousand groups.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._waiting: dict[int, list[tuple[int, Any]]] = {}
        self._count = 0
        self._folder: TemporaryDirectory[str] | None = None

    def add(self, group: Hashable, item: Any, weight: int = 1) -> None:
        """`weight`: for how many items this one counts in memory."""
        number = self._numbers.setdefault(group, len(self._numbers))
        self._waiting.setdefault(number // GROUPS_A_FILE, []).append((number, item))
        self._count += weight
        if self._count >= IN_MEMORY:
            self._write()

    def __len__(self) -> int:
        """How many groups there are."""
        return len(self._numbers)

    def __iter__(self) -> Iterator[tuple[Any, list[Any]]]:
        """Each group with its items in the order in which they came."""
        names = list(self._numbers)
        for file in range(-(-len(self._numbers) // GROUPS_A_FILE)):
            first = file * GROUPS_A_FILE
            found: list[list[Any]] = [[] for _ in range(min(GROUPS_A_FILE, len(self._numbers) - first))]
            for number, item in self._read(file):
                found[number - first].append(item)
            yield from zip(names[first:], found)

    def _write(self) -> None:
        self._folder = self._folder or TemporaryDirectory(prefix="vsa-import-")
        for file, items in self._waiting.items():
            with self._path(file).open("ab") as out:
                marshal.dump(items, out)
        self._waiting.clear()
        self._count = 0

    def _read(self, file: int) -> Iterator[tuple[int, Any]]:
        if self._folder is not None and self._path(file).exists():
            with self._path(file).open("rb") as written:
                size = self._path(file).stat().st_size
                while written.tell() < size:
                    yield from marshal.load(written)
        yield from self._waiting.get(file, ())

    def _path(self, file: int) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / str(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()
