"""The examples are what the template makes, and their own tests pass; .ci/run installs them for real."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from vsa_toolkit.plugin_template import new_plugin

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_word_bag_is_the_template_as_it_comes(tmp_path: Path) -> None:
    made = new_plugin("backend", "wordbag", tmp_path)
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    for file in files:
        assert (EXAMPLES / "vsa-wordbag" / file).read_text("utf-8") == (made / file).read_text("utf-8"), file


def test_the_word_bag_is_one_file_of_sixty_lines_at_most() -> None:
    (file,) = (EXAMPLES / "vsa-wordbag" / "src" / "vsa_wordbag").glob("*.py")
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize(("name", "needs"), [("vsa-wordbag", "torch"), ("vsa-open-clip", "open_clip")])
def test_an_examples_own_tests_pass(name: str, needs: str, tmp_path: Path) -> None:
    if find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed: .ci/run installs it with the example")
    project = tomllib.loads((EXAMPLES / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = tmp_path / f"{name.replace('-', '_')}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    points = [
        f"[{group}]\n" + "".join(f"{point} = {module}\n" for point, module in named.items())
        for group, named in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(points))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / name / "tests")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{EXAMPLES / name / 'src'}"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
