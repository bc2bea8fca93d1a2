"""The first look at a source: enough of it to tell which format it is, and to say "this looks like …" otherwise."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .errors import PluginError, UserError
from .format import Format
from .registry import registry

HEAD = 64 * 1024
NAMES = 10_000
_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')


@dataclass(frozen=True)
class Head:
    """The beginning of a file, or the names in a folder."""

    path: Path

    @cached_property
    def names(self) -> frozenset[str]:
        """The names directly in the folder (of a very full one, some of them); empty for a file."""
        if not self.path.is_dir():
            return frozenset()
        return frozenset(entry.name for entry in itertools.islice(self.path.iterdir(), NAMES))

    @cached_property
    def bytes(self) -> bytes:
        """The first bytes of a file; none of a folder."""
        if not self.path.is_file():
            return b""
        with open(self.path, "rb") as file:
            return file.read(HEAD)

    @cached_property
    def text(self) -> str:
        """The first bytes as text, whatever is no UTF-8 replaced; without a byte order mark and leading space."""
        return self.bytes.decode("utf-8-sig", errors="replace").lstrip()

    @cached_property
    def first_line(self) -> str:
        return self.text.partition("\n")[0].rstrip("\r")

    @property
    def is_json_object(self) -> bool:
        return self.text.startswith("{")

    @property
    def is_json_array(self) -> bool:
        return self.text.startswith("[")

    @cached_property
    def keys(self) -> frozenset[str]:
        """The names of members that come up in the first bytes of a JSON file, at any depth."""
        return frozenset(_KEY.findall(self.text)) if self.is_json_object or self.is_json_array else frozenset()


def refuse_other_format(chosen: type[Format], path: Path) -> None:
    """Nothing where `path` may be of the chosen format.

    Raises:
        UserError: it is not, and it looks like one that is known.
    """
    head = Head(path)
    if chosen.recognises(head) is not False:
        return
    others = formats_of(head)
    if others:
        raise UserError(
            f"{path} is not of the format {chosen.name!r}: this looks like {' or '.join(others)} "
            f"(vsa import {others[0]} {path})."
        )


def formats_of(head: Head) -> list[str]:
    """The names of the formats that recognise a source."""
    found = []
    for listing in registry().listings("formats"):
        try:
            known: type[Format] = registry().get("formats", listing.name)
        except PluginError:
            continue
        if known.recognises(head):
            found.append(listing.name)
    return found
