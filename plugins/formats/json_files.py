"""Writing large JSON files item by item, one a line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

from vsa_toolkit.records import Box

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class JsonArray:
    """A file that is one array."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._between = "[\n"

    def add(self, item: Any) -> None:
        self._file.write(self._between + _encode(item))
        self._between = ",\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._file:
            self._file.write("[]\n" if self._between == "[\n" else "\n]\n")


class JsonObject:
    """A file that is one object of some arrays that grow side by side, and of members that are known at the end."""

    def __init__(self, path: Path, arrays: Sequence[str]) -> None:
        self._path = path
        self._files = ExitStack()
        self._arrays: dict[str, IO[str]] = {
            name: self._files.enter_context(TemporaryFile("w+", encoding="utf-8", dir=path.parent))  # noqa: SIM115
            for name in arrays
        }
        self._empty = set(arrays)
        self.members: dict[str, Any] = {}

    def add(self, array: str, item: Any) -> None:
        self._arrays[array].write(("\n" if array in self._empty else ",\n") + _encode(item))
        self._empty.discard(array)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        with self._files:
            if kind is None:
                self._join()

    def _join(self) -> None:
        with self._path.open("w", encoding="utf-8") as out:
            out.write("{")
            for name, value in self.members.items():
                out.write(f"{_encode(name)}:{_encode(value)},\n")
            for number, (name, file) in enumerate(self._arrays.items()):
                out.write(f"{',' if number else ''}{_encode(name)}:[")
                file.seek(0)
                shutil.copyfileobj(file, out)
                out.write("\n]")
            out.write("}\n")


def plain(box: Box) -> list[float]:
    """A box's numbers, whole ones without a point, as most tools write them."""
    return [int(side) if side.is_integer() else side for side in box]


def without_nothing(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item without the members that say nothing."""
    return {name: value for name, value in item.items() if value is not None}
