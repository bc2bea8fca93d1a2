"""Seconds in which this process was at work: a clock that rests while the process is stopped (SIGSTOP, Ctrl-Z).

Nothing tells a process that it was stopped. A thread beats once a second, and where no beat came for ten, nothing ran.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BEAT = 1.0
LONGEST = 10.0
"""Seconds without a beat that a busy machine may explain."""


class WorkingTime:
    """Call `seconds` at the beginning and the end of a piece of work; only the difference means anything."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, threading.Lock()
        self._last, self._rested = now(), 0.0

    def seconds(self) -> float:
        with self._lock:
            now = self._now()
            if now - self._last > LONGEST:
                self._rested += now - self._last
            self._last = now
            return now - self._rested

    def beat(self) -> None:
        while True:
            time.sleep(BEAT)
            self.seconds()


def working_seconds() -> float:
    """As `time.monotonic`, less the time in which this process was stopped since the first call."""
    global _beating
    if _beating is None or not _beating.is_alive():  # a forked process has no threads
        _beating = threading.Thread(target=_time.beat, name="vsa-working-time", daemon=True)
        _time.seconds()
        _beating.start()
    return _time.seconds()


_time = WorkingTime()
_beating: threading.Thread | None = None
