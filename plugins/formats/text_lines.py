"""Text files line by line, as UTF-8 only, with messages that name the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path

from vsa_toolkit.errors import DataError
from vsa_toolkit.json_stream import refuse_other_encodings

LONGEST = 1 << 24  # characters
EVERY = 1000  # lines between two reports of progress


def text_lines(path: Path, advance: Callable[[float], None] = lambda fraction: None) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line that is not blank, without its end.

    Raises:
        DataError: the file cannot be read, is not UTF-8, or has a line of many millions of characters.
    """
    number = 0
    try:
        with path.open("rb") as file, TextIOWrapper(file, "utf-8-sig", newline="") as text:
            refuse_other_encodings(path, file.peek(4)[:4])
            size = max(path.stat().st_size, 1)
            while line := text.readline(LONGEST):
                number += 1
                if len(line) == LONGEST and not line.endswith("\n"):
                    raise DataError(f"{path}, line {number} is longer than {LONGEST:,} characters: is it another file?")
                if number % EVERY == 0:
                    advance(file.tell() / size)
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, line {_broken_line(path)} is not UTF-8: save the file as UTF-8.") from error


def size_of(path: Path) -> int:
    """Bytes of a file, at least 1; DataError where it cannot be read."""
    try:
        return max(path.stat().st_size, 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _broken_line(path: Path) -> int:
    """The first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1
