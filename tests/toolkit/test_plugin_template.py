from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from vsa_toolkit.errors import UserError
from vsa_toolkit.plugin_template import new_plugin


@pytest.mark.parametrize(("template", "kind"), [("backend", "backends"), ("format", "formats")])
def test_a_new_plugins_own_tests_pass(template: str, kind: str, tmp_path: Path) -> None:
    made = new_plugin(template, "my-thing", tmp_path)
    assert made == tmp_path / "vsa-my-thing"
    project = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"] == {f"vsa.{kind}": {"my-thing": "vsa_my_thing"}}
    # Installed for this process only: its folder with the metadata that an installation would write.
    installed = tmp_path / "site"
    metadata = installed / "vsa_my_thing-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vsa-my-thing\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(f"[vsa.{kind}]\nmy-thing = vsa_my_thing\n")
    (made / "src" / "vsa_my_thing").rename(installed / "vsa_my_thing")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(made / "tests")],
        cwd=made, env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


@pytest.mark.parametrize("name", ["", "My", "a b", "../up", "class", "-a", "a--b"])
def test_what_cannot_be_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no name for a plugin"):
        new_plugin("backend", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    new_plugin("format", "lines", tmp_path)
    with pytest.raises(UserError, match="is there already"):
        new_plugin("format", "lines", tmp_path)


def test_nothing_of_the_template_is_left_open(tmp_path: Path) -> None:
    for template in ("backend", "format"):
        made = new_plugin(template, f"a-{template}", tmp_path)
        for path in made.rglob("*"):
            assert "cookiecutter" not in str(path)
            assert path.is_dir() or "cookiecutter" not in path.read_text(encoding="utf-8")
