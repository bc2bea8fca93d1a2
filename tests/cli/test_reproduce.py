from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from vsa_toolkit.cli import reproduce, root
from vsa_toolkit.errors import UserError


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--executor", "proceses"], "Did you mean 'processes'"),
        (["--executor", "processes", "-x", "worker=2"], "Did you mean 'workers'"),
        (["--executor", "processes", "-x", "workers=none"], "option workers of executor processes"),
    ],
)
def test_an_executor_is_looked_at_before_anything_is_made(tmp_path: Path, words: list[str], says: str) -> None:
    place = tmp_path / "made"
    with pytest.raises(UserError, match=says):
        CliRunner().invoke(
            root,
            ["reproduce", "flickr8k", "--data", str(tmp_path), "--dir", str(place), *words],
            catch_exceptions=False,
        )
    assert not place.exists()


def test_an_executors_option_without_an_executor_is_wrong_use(tmp_path: Path) -> None:
    shown = CliRunner().invoke(root, ["reproduce", "flickr8k", "--data", str(tmp_path), "-x", "workers=2"])
    assert shown.exit_code == 2
    assert "--executor" in shown.output


def test_without_a_workspace_the_list_keeps_to_the_limits(tmp_path: Path) -> None:
    words = ["reproduce", "flickr8k", "--data", str(tmp_path), "--dir", str(tmp_path / "made"), "--list"]
    limits = ["--only", "brnn", "--only", "bow", "--configurations", "1", "--seeds", "1"]
    shown = CliRunner().invoke(root, [*words, *limits, "--format", "json"], catch_exceptions=False)
    rows = json.loads(shown.stdout)
    assert [row["row"] for row in rows] == ["bow", "brnn"]
    assert {row["checkpoint"] for row in rows} == {None}
    assert "0 of about" in shown.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("executor", [[], ["--executor", "here"]])
def test_where_the_time_is_up_nothing_is_begun_and_what_is_left_is_said(
    tmp_path: Path, executor: list[str], prepared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if prepared:
        monkeypatch.setattr(reproduce, "_preparation", lambda plan, data: [])
    words = ["reproduce", "flickr8k", "--data", str(tmp_path), "--dir", str(tmp_path / "made"), "--minutes", "0"]
    shown = CliRunner().invoke(root, [*words, "--only", "bow", "--seeds", "1", *executor], catch_exceptions=False)
    assert [line for line in shown.stdout.splitlines() if line.startswith("$ vsa")] == [
        f"$ vsa init {tmp_path / 'made'}"
    ]
    assert re.search(r"Stopped after 0 minutes\. 0 of about \d commands are done; the same command", shown.stdout)


def test_an_interrupted_reproduction_says_how_far_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduce, "_preparation", interrupted)
    words = ["reproduce", "flickr8k", "--data", str(tmp_path), "--dir", str(tmp_path / "made"), "--only", "bow"]
    shown = CliRunner().invoke(root, words)
    assert shown.exit_code == 1
    assert "0 of about" in shown.stderr
