"""Large XML files element by element, without a document in memory, and without a DTD."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from vsa_toolkit.errors import DataError

from .text_lines import size_of

CHUNK = 1 << 18  # bytes read at a time
LARGEST = 1 << 26  # characters of one element with all that is in it


@dataclass
class Element:
    """An element with what is in it; `line` is where it begins."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, *tags: str) -> str | None:
        """The text of an element below, by the tags on the way to it."""
        found: Element | None = self
        for tag in tags:
            found = next((child for child in found.children if child.tag == tag), None) if found else None
        return found.text.strip() or None if found else None


def xml_elements(path: Path, advance: Callable[[float], None] = lambda fraction: None) -> Iterator[Element]:
    """The elements directly below the outermost one, each as a whole.

    Raises:
        DataError: it cannot be read, is no XML, is truncated, has a DTD (which can make a small file grow without end,
            or name other files), or an element is too large.
    """
    reader = _Reader(path)
    size = size_of(path)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                reader.feed(chunk)
                advance(file.tell() / size)
                yield from reader.take()
            reader.feed(b"", last=True)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    yield from reader.take()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[Element] = []
        self._done: list[Element] = []
        self._characters = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters_in
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes, last: bool = False) -> None:
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            truncated = error.code in (3, 5) or last  # no element found, unclosed token
            why = "it is truncated" if truncated else expat.ErrorString(error.code)
            raise DataError(
                f"{self._path}, line {error.lineno}, is no valid XML: {why}. Correct it, or get the file again."
            ) from error
        except (LookupError, ValueError) as error:  # from Python's codecs
            raise DataError(f"{self._path} states an encoding that is not known: save it as UTF-8.") from error

    def take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(Element(tag, attributes, self._parser.CurrentLineNumber))
        self._grow(len(tag) + sum(map(len, attributes.values())))

    def _characters_in(self, text: str) -> None:
        if len(self._open) > 1:
            self._open[-1].text += text
            self._grow(len(text))

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        if len(self._open) > 1:
            self._open[-1].children.append(element)
        elif self._open:
            self._done.append(element)
            self._characters = 0

    def _grow(self, characters: int) -> None:
        self._characters += characters
        if self._characters > LARGEST:
            tag = self._open[1].tag if len(self._open) > 1 else self._open[0].tag
            raise DataError(
                f"{self._path}: an element <{tag}> has more than {LARGEST >> 20} MB, which no such file has."
            )

    def _doctype(self, *_: object) -> None:
        raise DataError(f"{self._path} has a DTD: it is refused, for safety; take the <!DOCTYPE> out.")
