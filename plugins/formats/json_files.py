"""Writing large JSON files item by item, one a line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class JsonLines:
    """A file of one object a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def add(self, item: Any) -> None:
        self._file.write(_encode(item) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


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
    """A file that is one object: of arrays and objects that grow side by side, and of members that are known at the
    end."""

    def __init__(self, path: Path, arrays: Sequence[str] = (), objects: Sequence[str] = ()) -> None:
        self._path = path
        self._files = ExitStack()
        self._brackets = dict.fromkeys(arrays, ("[", "]")) | dict.fromkeys(objects, ("{", "}"))
        self._parts: dict[str, IO[str]] = {
            name: self._files.enter_context(TemporaryFile("w+", encoding="utf-8", dir=path.parent))  # noqa: SIM115
            for name in self._brackets
        }
        self._empty = set(self._brackets)
        self.members: dict[str, Any] = {}

    def add(self, array: str, item: Any) -> None:
        self._write(array, _encode(item))

    def put(self, object_: str, name: str, item: Any) -> None:
        self._write(object_, f"{_encode(name)}:{_encode(item)}")

    def _write(self, part: str, content: str) -> None:
        self._parts[part].write(("\n" if part in self._empty else ",\n") + content)
        self._empty.discard(part)

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
            for number, (name, file) in enumerate(self._parts.items()):
                opening, closing = self._brackets[name]
                out.write(f"{',' if number else ''}{_encode(name)}:{opening}")
                file.seek(0)
                shutil.copyfileobj(file, out)
                out.write(f"\n{closing}")
            out.write("}\n")


def plain(numbers: Sequence[float]) -> list[float]:
    """A box's numbers to a millionth of a pixel, whole ones without a point, as most tools write them."""
    return [int(number) if number.is_integer() else number for number in (round(n, 6) for n in numbers)]


def without_nothing(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item without the members that say nothing."""
    return {name: value for name, value in item.items() if value is not None}
