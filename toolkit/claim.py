"""One process at a time: a claim on a folder that ends with the process, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .errors import UserError

try:
    import fcntl
except ImportError:  # no such locks on Windows: there two processes are not kept apart
    fcntl = None  # type: ignore[assignment]


@contextmanager
def claim(folder: Path, what: str) -> Iterator[None]:
    """Hold `folder` for as long as the block runs.

    Raises:
        UserError: another process holds it.
    """
    with _locked(folder / ".claim", what):
        yield


@contextmanager
def _locked(path: Path, what: str) -> Iterator[None]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            if fcntl is not None:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise UserError(
                        f"{what} is being worked on by another process: wait for it, or stop it."
                    ) from error
                if not _is_named(file, path):
                    continue  # who held it removed the folder when the work was done
            try:
                yield
            finally:
                if fcntl is not None:  # a process that was forked meanwhile has the file open too
                    fcntl.flock(file, fcntl.LOCK_UN)
            return


def _is_named(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
