"""Sufficient statistics kept by what they were made of, so that a second comparison of the same runs counts nothing.

The name of an entry is a digest of the metric, its options and version, and of every text: a changed caption or
reference is another entry, and a stale one is never read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..signature import signature

if TYPE_CHECKING:
    from .metric import Metric


class StatisticsCache:
    """In memory, and in `folder` where one is given: one .npy file an entry, written whole or not at all."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, np.ndarray] = {}

    def rows(self, metric: Metric[Any], items: Sequence[Any]) -> np.ndarray:
        """The metric's statistics of the items: (items, k), counted only where they were not before."""
        key = digest(metric, items)
        if key not in self._held:
            kept = self._read(key, len(items))
            if kept is None:
                kept = metric.statistics(items)
                self._write(key, kept)
            self._held[key] = kept
        return self._held[key]

    def _read(self, key: str, items: int) -> np.ndarray | None:
        if self._folder is None:
            return None
        try:
            rows = np.load(self._folder / f"{key}.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return rows if isinstance(rows, np.ndarray) and rows.ndim == 2 and len(rows) == items else None

    def _write(self, key: str, rows: np.ndarray) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES):
                raise
            return  # in a workspace that can only be read it is counted each time
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, rows, allow_pickle=False)
            os.replace(name, self._folder / f"{key}.npy")
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def digest(metric: Metric[Any], items: Sequence[Any]) -> str:
    """sha256 of everything that decides the statistics."""
    made_by = type(metric)
    found = hashlib.sha256(f"{made_by.__module__}.{made_by.__qualname__} {metric.version}\n".encode())
    found.update(signature(**metric.fields()).encode())
    for item in items:
        found.update(repr(item).encode("utf-8", "surrogatepass"))
    return found.hexdigest()
