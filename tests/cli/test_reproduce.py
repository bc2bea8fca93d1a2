from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from vsa_toolkit.cli import root
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
