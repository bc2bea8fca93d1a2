from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from vsa_toolkit.errors import UserError, VsaError
from vsa_toolkit.executor import Executor
from vsa_toolkit.options import parse_options
from vsa_toolkit.plugins.executors import Here, Processes


def processes(workers: int) -> Executor:
    return Processes(parse_options(Processes.Options, [f"workers={workers}"]), never)


def never(words: Sequence[str], folder: Path) -> None:
    raise AssertionError("a process of its own was asked for")


def ignore(done: int, total: int) -> None:
    pass


def stop(done: int, total: int) -> None:
    raise InterruptedError


def test_here_they_come_one_after_the_other_and_the_first_that_fails_is_the_last(tmp_path: Path) -> None:
    begun = []

    def vsa(words: Sequence[str], folder: Path) -> None:
        begun.append((*words, folder))
        if "bad" in words:
            raise VsaError("bad")

    with pytest.raises(VsaError, match="bad"):
        Here(Here.Options(), vsa).run([["vsa", "good"], ["vsa", "bad"], ["vsa", "never"]], tmp_path, ignore)
    assert begun == [("vsa", "good", tmp_path), ("vsa", "bad", tmp_path)]


def test_a_process_that_fails_is_named_with_what_it_said_and_no_other_is_begun(tmp_path: Path) -> None:
    commands = [["vsa", "nonsense"], ["vsa", "init", "later"]]
    with pytest.raises(VsaError, match=r"vsa nonsense failed: .*no command 'nonsense'"):
        processes(1).run(commands, tmp_path, ignore)
    assert not (tmp_path / "later").exists()


def test_what_progress_raises_stops_the_work(tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        processes(1).run([["vsa", "init", "one"], ["vsa", "init", "two"]], tmp_path, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_module_in_the_folder_is_not_imported_by_a_process(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit('the wrong click')")
    processes(1).run([["vsa", "--version"]], tmp_path, ignore)


def test_a_process_works_in_the_workspace_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes(1).run([["vsa", "init", "one"]], tmp_path, ignore)
    monkeypatch.setenv("VSA_WORKSPACE", str(tmp_path / "none"))
    processes(1).run([["vsa", "status"]], tmp_path / "one", ignore)


def test_no_workers_are_refused() -> None:
    with pytest.raises(UserError, match="workers"):
        processes(0)
