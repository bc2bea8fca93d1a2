"""A plugin that failed to load is set aside: what it was, and where its traceback lies for whoever mends it."""

from __future__ import annotations

import os
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Broken:
    """A plugin that was set aside, and why. `trace_file` is None where the cache folder cannot be written."""

    module: str
    distribution: str
    version: str
    error: str
    trace_file: Path | None

    @property
    def sentence(self) -> str:
        origin = f"{self.distribution} {self.version}".rstrip()
        where = f"the traceback is in {self.trace_file}" if self.trace_file else "VSA_STRICT_PLUGINS=1 shows where"
        return f"plugin {self.module} of {origin} cannot be loaded: {self.error} ({where})."


def set_aside(module: str, distribution: str, version: str, error: str) -> Broken:
    """Call it while the exception is handled: its traceback is kept in the user's cache folder."""
    head = f"{module} of {distribution} {version}\nPython {sys.version}\n\n"
    path: Path | None = broken_folder() / (re.sub(r"[^\w.-]+", "_", f"{distribution}-{module}") + ".txt")
    assert path is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + traceback.format_exc(), encoding="utf-8")
    except OSError:
        path = None
    return Broken(module, distribution, version, error, path)


def broken_folder() -> Path:
    """`vsa/broken` in the cache folder: $XDG_CACHE_HOME, or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vsa" / "broken"
