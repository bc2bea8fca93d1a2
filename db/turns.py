"""Writers of one SQLite file wait in a queue of the system's, instead of asking again and again.

SQLite waits by sleeping ever longer between two attempts, and who has just written comes first again: among many
writers some are passed over for seconds. Here a writer stands in a queue (a lock on a file) until it is the next one,
and keeps the head of the queue until the one before has finished (a lock on another): nobody slips in between. SQLite's
own lock still decides; where files cannot be locked it does so alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # no such locks on Windows
    fcntl = None  # type: ignore[assignment]

QUEUE, TURN = "-queue", "-turn"


@contextmanager
def writers_turn(database: Path, seconds: float) -> Iterator[None]:
    """Wait for one's turn, but no longer than that: then SQLite's own lock says whether the writer may."""
    try:
        queue, turn = (database.with_name(database.name + suffix).open("a") for suffix in (QUEUE, TURN))
    except OSError:  # nothing can be written there: SQLite says so better
        yield
        return
    with turn:
        with queue:
            if fcntl is not None:
                _take(queue, turn, seconds)
            _give_up(queue)
        try:
            yield
        finally:
            _give_up(turn)


def _take(queue: IO[str], turn: IO[str], seconds: float) -> None:
    try:
        for file in (queue, turn):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # A lock has no time limit: a thread of its own waits. Locks belong to open files, not to threads.
        waiting = threading.Thread(target=_wait, args=(queue, turn), daemon=True)
        waiting.start()
        waiting.join(seconds)
    except OSError:  # some network file systems have no locks
        return


def _give_up(file: IO[str]) -> None:
    """At once: a process that was forked meanwhile has the file open too, and would keep the lock."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


def _wait(queue: IO[str], turn: IO[str]) -> None:
    try:
        for file in (queue, turn):
            fcntl.flock(file, fcntl.LOCK_EX)
    except (OSError, ValueError):  # the one who waited has given up and closed them
        return
