"""The clock that the benchmarks share."""

from __future__ import annotations

import time
from collections.abc import Callable


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor
