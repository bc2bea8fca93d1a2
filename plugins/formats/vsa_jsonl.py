"""vsa's own lossless file, as a format: recognised and listed here, read and written by the database itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from vsa_toolkit.errors import UserError
from vsa_toolkit.format import Format, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import ImageBundle


class VsaJsonl(Format):
    """A whole workspace, one object a line: datasets, images, sentences, regions, groundings, annotators, campaigns,
    assignments, phrases with their states, suggestions and the journal.

    It goes into an empty workspace, on SQLite or PostgreSQL. Checkpoints, runs, releases and who is signed in are left
    out.
    """

    name = "vsa-jsonl"
    whole_workspace = True
    holds = frozenset({"sentences", "regions", "groundings", "phrases"})

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return head.first_line.startswith('{"vsa":"workspace"')

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        raise UserError(f"{path} is a whole workspace: `vsa import vsa-jsonl` reads it into an empty one.")


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(VsaJsonl)
