"""Kill a `vsa` command at random moments and see that nothing is lost: for every kind of work that says it resumes.

    work = Work(copy, ("import", "folder", str(photos)), result=contents)
    with Commands() as commands:
        outcome = kill_at_random_moments(work, commands, tmp_path, kills=25, seed=0)

After each kill the database opens and `vsa db check` finds nothing but what `--fix` mends; after every second one it is
mended. Then the same command finishes the work with the result of an undisturbed one, and `vsa db check` finds nothing,
or leftover files of the killed process, which `--fix` removes. The suite does a few kills; `VSA_KILLS=100` asks for
more, `VSA_KILL_SEED=7` for others.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from vsa_toolkit.db.check import check_workspace
from vsa_toolkit.db.workspace import open_workspace

KILLS = int(os.environ.get("VSA_KILLS", "6"))
SEED = int(os.environ.get("VSA_KILL_SEED", "0"))
KILLED = -signal.SIGKILL
PRELOADED = (
    "vsa_toolkit.cli.db", "vsa_toolkit.cli.import_", "vsa_toolkit.db.workspace", "vsa_toolkit.db.backup",
    "vsa_toolkit.db.restore", "vsa_toolkit.db.relink", "vsa_toolkit.importing", "vsa_toolkit.registry",
    "vsa_toolkit.plugins.formats.folder", "alembic.command", "alembic.config", "psycopg", "PIL.Image",
)  # fmt: skip


class Commands:
    """`vsa` commands in processes of their own, each forked from one that has imported what they need."""

    def __init__(self, preloaded: Sequence[str] = PRELOADED) -> None:
        self._command = [sys.executable, str(Path(__file__).with_name("server.py")), *preloaded]

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready"
        return self

    def __exit__(self, *error: object) -> None:
        self._server.communicate()

    def run(self, argv: Sequence[str], folder: Path, kill_after: float | None = None) -> tuple[int, str]:
        """Exit code and output of a command in a folder; it is killed if it is still at work after so many seconds."""
        output = folder.with_name(f"{folder.name}.output")
        inside = folder if folder.is_dir() else folder.parent
        request = {"argv": list(argv), "folder": str(inside), "output": str(output)}
        stdin, stdout = self._server.stdin, self._server.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        process = int(self._line())
        if kill_after is not None and not select.select([stdout], [], [], kill_after)[0]:
            os.kill(process, signal.SIGKILL)
        code = int(self._line())
        return code, output.read_text(encoding="utf-8") if output.exists() else ""

    def _line(self) -> str:
        """One line of the server, read without a buffer that would hide it from `select`."""
        assert self._server.stdout is not None
        text = b""
        while not text.endswith(b"\n"):
            piece = os.read(self._server.stdout.fileno(), 1)
            if not piece:
                raise AssertionError("the server of commands has ended")
            text += piece
        return text.decode().strip()


@dataclass(frozen=True)
class Work:
    """What is killed.

    `copy`: lays out a fresh workspace in a folder, `drop` gives it up. `command`: run in that folder, or beside it if
    it is to be made; `{folder}` stands for its path.
    `result`: what the finished work made, comparable. `readable`: whether `vsa db check` can look at it right after a
    kill, which it cannot where a database is still an old one. `done`: whether the command had come to its end and
    would refuse to do it twice.
    """

    copy: Callable[[Path], None]
    command: Sequence[str]
    result: Callable[[Path], Any]
    readable: Callable[[Path], bool] = lambda folder: True
    done: Callable[[Path], bool] = lambda folder: False
    drop: Callable[[Path], None] = lambda folder: None

    def command_in(self, folder: Path) -> list[str]:
        return [part.replace("{folder}", str(folder)) for part in self.command]


@dataclass
class Outcome:
    """How often the command was killed at work, and had ended before; seconds that it takes undisturbed."""

    seconds: float
    killed: int = 0
    ended: int = 0

    def __str__(self) -> str:
        return f"{self.killed} kills at work, {self.ended} after its end; undisturbed {self.seconds:.2f} s"


def kill_at_random_moments(work: Work, commands: Commands, place: Path, kills: int, seed: int = SEED) -> Outcome:
    """Kill the work that often, each time on a fresh workspace, and check what the top of this file says."""
    dice = random.Random(seed)
    timed = [_undisturbed(work, commands, place / f"undisturbed-{turn}") for turn in range(1 if kills < 5 else 2)]
    expected = timed[0][1]
    outcome = Outcome(min(seconds for seconds, _ in timed))  # the first may have had to warm up
    for number in range(kills):
        moment = dice.uniform(0, outcome.seconds)
        where = f"kill {number} of seed {seed}, after {moment:.3f} s"
        folder = place / f"kill-{number}"
        work.copy(folder)
        code, said = commands.run(work.command_in(folder), folder, kill_after=moment)
        assert code in (KILLED, 0), f"{where}: the command failed by itself: {said}"
        outcome.killed += code == KILLED
        outcome.ended += code == 0
        if work.readable(folder):
            _only_fixable(folder, where)
            if number % 2:
                _fix(folder, where)
        if not work.done(folder):
            _finish(work, commands, folder, where)
        assert work.result(folder) == expected, where
        _only_fixable(folder, where, kind="leftover")
        _fix(folder, where)
        work.drop(folder)
    return outcome


def _undisturbed(work: Work, commands: Commands, folder: Path) -> tuple[float, Any]:
    """Seconds and result of the work when nobody kills it."""
    work.copy(folder)
    begun = time.perf_counter()
    _finish(work, commands, folder, "undisturbed")
    seconds = time.perf_counter() - begun
    result = work.result(folder)
    work.drop(folder)
    return seconds, result


def _finish(work: Work, commands: Commands, folder: Path, where: str) -> None:
    code, said = commands.run(work.command_in(folder), folder)
    assert code == 0, f"{where}: the same command does not finish: {said}"


def _only_fixable(folder: Path, where: str, kind: str = "") -> None:
    """The database opens, and there is nothing that a person would have to mend."""
    with open_workspace(folder) as workspace:
        for finding in check_workspace(workspace.database, folder):
            assert finding.state == "fixable", f"{where}: {finding}"
            assert finding.kind.startswith(kind), f"{where}: {finding}"


def _fix(folder: Path, where: str) -> None:
    with open_workspace(folder) as workspace:
        check_workspace(workspace.database, folder, fix=True)
        assert check_workspace(workspace.database, folder) == [], where
