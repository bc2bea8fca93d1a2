"""Executors carry out vsa command lines: subclass `Executor`, bring it with the hook `vsa_executors`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from .errors import VsaError
from .options import Options as BaseOptions

CommandLine = Callable[[Sequence[str], Path], None]
Progress = Callable[[int, int], None]


class Executor(ABC):
    """Carries out command lines that do not depend on each other, in whatever order and wherever it likes."""

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions

    def __init__(self, options: BaseOptions, vsa: CommandLine) -> None:
        """`vsa` carries out one command line in a folder, in this process; it raises what the command raises."""
        self.options, self.vsa = options, vsa

    @abstractmethod
    def run(self, commands: Sequence[Sequence[str]], folder: Path, progress: Progress) -> None:
        """Each of `commands` once (`["vsa", "train", …]`), with `folder` as its current folder.

        `progress(done, of all)` is called after each; what it raises stops the work: nothing more is begun, and it is
        raised on once what runs has ended.

        Raises:
            VsaError: a command failed; it is named, what runs has ended, and nothing more was begun.
        """


def in_a_child(words: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """One command line in a child process, in the workspace of `folder`; what it prints is kept back.

    Raises:
        VsaError: it failed; with the last line that it printed to stderr.
    """
    command = [sys.executable, "-P", "-c", "from vsa_toolkit.cli import main; main()", *words[1:]]
    surroundings = {name: value for name, value in os.environ.items() if name != "VSA_WORKSPACE"}
    ended = subprocess.run(
        command, cwd=folder, env={**surroundings, **(environment or {})}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines() or [f"exit {ended.returncode}"]
        raise VsaError(f"{shlex.join(words)} failed: {lines[-1].removeprefix('Error: ')}")
