"""What every executor must keep, tried on `vsa init` in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import VsaError
from ..executor import Executor, in_a_child
from ..options import Options
from .checks import Check, CheckFailedError, add_to, require
from .option_help import check_options

EXECUTOR_CHECKS: list[Check[ExecutorSubject]] = []
says = add_to(EXECUTOR_CHECKS)


class ExecutorSubject:
    """An executor class with options."""

    def __init__(self, kind: type[Executor], options: Options) -> None:
        self.kind, self.options = kind, options

    def made_by(self, folder: Path, *names: str, progress: list[tuple[int, int]] | None = None) -> set[str]:
        """The workspaces that are in a folder after `vsa init NAME` of each was carried out in it."""
        steps = progress if progress is not None else []
        made = self.kind(self.options, in_a_child)
        made.run([["vsa", "init", name] for name in names], folder, lambda done, total: steps.append((done, total)))
        return {path.parent.name for path in folder.glob("*/vsa.toml")}


@says("options", "Options have help; unknown ones are refused.")
def _options(subject: ExecutorSubject) -> None:
    check_options(subject.kind)


@says("runs", "Every command is carried out in the folder, and progress counts them.")
def _runs(subject: ExecutorSubject) -> None:
    with TemporaryDirectory() as folder:
        steps: list[tuple[int, int]] = []
        made = subject.made_by(Path(folder), "one", "two", progress=steps)
        require(made == {"one", "two"}, f"of `vsa init one` and `vsa init two` in a folder it left {sorted(made)}")
        require(steps == [(1, 2), (2, 2)], f"of two commands progress was told {steps}")


@says("nothing", "No commands are no work.")
def _nothing(subject: ExecutorSubject) -> None:
    with TemporaryDirectory() as folder:
        require(not subject.made_by(Path(folder)), "it did something when there was nothing to do")


@says("fails", "A command that fails is raised as a VsaError that names it.", ["runs"])
def _fails(subject: ExecutorSubject) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "taken").write_text("a file")
        try:
            subject.made_by(Path(folder), "taken")
        except VsaError as error:
            require("taken" in str(error), f"the error does not say which command failed: {error}")
            return
    raise CheckFailedError("a command failed, and nothing was raised")
