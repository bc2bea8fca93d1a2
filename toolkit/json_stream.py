"""Large JSON files item by item: memory holds one item and a piece of the file, messages name file, line and item.

Python's own decoder does the work, on a window that moves over the file. It also takes NaN and Infinity, which other
tools write although JSON has none: the one item that has them can then be named instead of the whole file refused.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from .errors import DataError

CHUNK = 1 << 20  # characters read at a time
LARGEST = 1 << 26  # characters of one item: the largest of Visual Genome has a few ten thousand
_BLANK = " \t\n\r"
_NUMBER_GOES_ON = ".eE+-"
_NEARLY_THE_END = 12  # characters: an error this close to the end of the window may only want more of the file


class Item(NamedTuple):
    """`place`: the name of the outermost member that it is in ("" in a bare array); `key`: its own name, or its number
    from 0."""

    place: str
    key: str | int
    value: Any


class JsonStream:
    """The items of a JSON file: those of its outermost array, or of the arrays and objects that are the members of its
    outermost object. Other members of that object are one item each, with the key ""."""

    def __init__(self, path: Path, advance: Callable[[float], None] = lambda fraction: None) -> None:
        self.path = path
        self._advance = advance
        self._item = ""

    @property
    def where(self) -> str:
        """File, line and item of what was given last."""
        return f"{self.path.name}, line {self._window.line}{self._item and f', {self._item}'}"

    def __iter__(self) -> Iterator[Item]:
        """Raises:
        DataError: it cannot be read, is no JSON, truncated, not UTF-8, or an item is too large.
        """
        try:
            with open(self.path, "rb") as file:
                refuse_other_encodings(self.path, file.read(4))
            with open(self.path, encoding="utf-8-sig", newline="") as file:
                self._window = _Window(self.path, file, self._advance)
                yield from self._items()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        except UnicodeDecodeError as error:
            line = self._window.line_at_end
            raise DataError(f"{self.path}, about line {line}, is not UTF-8: save the file as UTF-8.") from error

    def _items(self) -> Iterator[Item]:
        window = self._window
        first = window.peek()
        if first == "[":
            yield from self._array("")
        elif first == "{":
            window.take("{")
            for name in self._names():
                opening = window.peek()
                if opening == "[":
                    yield from self._array(name)
                elif opening == "{":
                    window.take("{")
                    for key in self._names():
                        self._item = f"{_shown(name)} {key!r}"
                        yield Item(name, key, window.value(self._item))
                else:
                    self._item = _shown(name)
                    yield Item(name, "", window.value(self._item))
        else:
            raise DataError(f"{self.path} is no JSON file of objects: it begins with {first!r}.")
        if window.peek():
            raise window.broken("something comes after its end")

    def _array(self, place: str) -> Iterator[Item]:
        window = self._window
        window.take("[")
        number = 0
        while window.peek() != "]":
            if number:
                window.take(",")
            self._item = f"item {number + 1}{place and f' of {_shown(place)}'}"
            yield Item(place, number, window.value(self._item))
            number += 1
        window.take("]")

    def _names(self) -> Iterator[str]:
        """The names of an object's members, the opening brace taken; their values are taken between."""
        window = self._window
        first = True
        while window.peek() != "}":
            if not first:
                window.take(",")
            first = False
            if window.peek() not in ('"', ""):
                raise window.broken("a name in double quotes is missing")
            name = window.value("a name")
            window.take(":")
            yield name
        window.take("}")


def _shown(name: str) -> str:
    """A name as a sentence has it: on one line."""
    return name if name.isprintable() else repr(name)


class _Window:
    """A piece of the file's text, and the place in it up to which it was used."""

    def __init__(self, path: Path, file: TextIO, advance: Callable[[float], None]) -> None:
        self._path = path
        self._file = file
        self._bytes = max(path.stat().st_size, 1)
        self._advance = advance
        self._text = ""
        self._at = 0
        self._lines = 1  # up to where they were counted
        self._counted = 0
        self._ended = False
        self._decode = json.JSONDecoder().raw_decode

    @property
    def line(self) -> int:
        """Where it is now; what was counted once is not counted again, for this is asked for each item."""
        self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines

    @property
    def line_at_end(self) -> int:
        return self.line + self._text.count("\n", self._at)

    def peek(self) -> str:
        """The next character that is not blank; "" at the end of the file."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANK:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        found = self.peek()
        if not found:
            raise self._truncated("the file")
        if found != character:
            raise self.broken(f"{character!r} is missing before {found!r}")
        self._at += 1

    def value(self, what: str) -> Any:
        """The next value, whole."""
        if not self.peek():
            raise self._truncated(what)
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut_off = error.pos >= len(self._text) - _NEARLY_THE_END or error.msg.startswith("Unterminated string")
                if not cut_off:
                    self._at = error.pos
                    raise self.broken(f"{error.msg}, in {what}") from error
                if len(self._text) - self._at > LARGEST:
                    raise self.broken(f"{what} is larger than {LARGEST >> 20} MB, which no such file has") from error
                if not self._more():
                    raise self._truncated(what) from error
            except RecursionError as error:
                raise self.broken(f"{what} is nested too deeply") from error
            except ValueError as error:  # a number of thousands of digits
                raise self.broken(f"{what} has a number that cannot be read") from error
            else:
                at_edge = end > len(self._text) - _NEARLY_THE_END and isinstance(value, int | float)
                if at_edge and not self._ended:  # the number may go on in the next piece
                    self._more()
                    continue
                if at_edge and (rest := self._text[end:]) and not rest.strip(_NUMBER_GOES_ON):
                    raise self._truncated(what)
                self._at = end
                return value

    def _more(self) -> bool:
        """Drop what was used and read on, in larger pieces the larger the item; False at the end of the file."""
        self._lines = self.line
        rest = self._text[self._at :]
        piece = self._file.read(max(CHUNK, len(rest)))
        self._text, self._at, self._counted = rest + piece, 0, 0
        self._ended = not piece
        self._advance(min(self._file.buffer.tell() / self._bytes, 1.0))
        return bool(piece)

    def broken(self, why: str) -> DataError:
        return DataError(f"{self._path}, line {self.line}, is no valid JSON: {why}. Correct it, or get the file again.")

    def _truncated(self, what: str) -> DataError:
        return DataError(f"{self._path} is truncated: it ends in {what}, line {self.line_at_end}. Get the file again.")


def refuse_other_encodings(path: Path, first: bytes) -> None:
    """Raises:
    DataError: the file's first bytes are those of UTF-16 or UTF-32.
    """
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or first[:1] == b"\0" or first[1:2] == b"\0":
        raise DataError(f"{path} is UTF-16 or UTF-32: save the file as UTF-8.")
