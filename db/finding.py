"""What `vsa db check` finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something to know. `state`: "open" (for a person to mend), "fixable" (with --fix), "fixed", or "note": it may be
    as it should be."""

    kind: str
    where: str
    detail: str
    state: str = "open"


@dataclass(frozen=True)
class Fixable:
    """A finding that `fix` mends."""

    finding: Finding
    fix: Callable[[], None]
