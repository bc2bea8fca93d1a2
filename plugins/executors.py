"""Executors `here` and `processes`: command lines one after the other, or so many at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from vsa_toolkit.executor import Executor, Progress, in_a_child
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions


class Here(Executor):
    """One after the other, in this process."""

    name = "here"

    def run(self, commands: Sequence[Sequence[str]], folder: Path, progress: Progress) -> None:
        for done, words in enumerate(commands, start=1):
            self.vsa(words, folder)
            progress(done, len(commands))


class ProcessesOptions(BaseOptions):
    workers: int = Field(2, ge=1, description="How many commands at once.")


class Processes(Executor):
    """So many at once, each in a process of its own that has its share of the processor's cores."""

    name = "processes"
    Options: ClassVar[type[BaseOptions]] = ProcessesOptions

    def run(self, commands: Sequence[Sequence[str]], folder: Path, progress: Progress) -> None:
        workers: int = self.options.workers  # type: ignore[attr-defined]
        share = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // workers))} if workers > 1 else {}
        left, running, done = list(commands), set[Future[None]](), 0
        # Leaving the block waits for what runs, also when a command failed.
        with ThreadPoolExecutor(workers, thread_name_prefix="vsa-process") as pool:
            while left or running:
                while left and len(running) < workers:
                    running.add(pool.submit(in_a_child, left.pop(0), folder, share))
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                    done += 1
                    progress(done, len(commands))


@hookimpl
def vsa_executors(register: Callable[[type[Executor]], None]) -> None:
    register(Here)
    register(Processes)
