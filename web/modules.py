"""Which scripts a page's script imports, so that a browser fetches them side by side, not level after level."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?"\./([\w-]+\.js)"', re.MULTILINE)


@cache
def imported_by(script: str) -> tuple[str, ...]:
    """The names of all scripts that a script needs, its own imports first."""
    found: dict[str, None] = {}
    waiting = [script]
    while waiting:
        for name in _IMPORT.findall((STATIC / waiting.pop(0)).read_text("utf-8")):
            if name not in found:
                found[name] = None
                waiting.append(name)
    return tuple(found)
