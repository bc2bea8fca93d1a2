"""The rules of the house: one import name, walls between the folders, a quick `vsa --help`."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vsa_toolkit

ROOT = Path(__file__).parent.parent
FOLDERS = ("toolkit", "plugins", "db", "web", "cli")
SOURCES = sorted(
    path
    for folder in (*FOLDERS, "alembic", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "templates" not in path.parts  # files to be filled in
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_imports_a_folder_by_its_bare_name(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        bare = [name for name in names if name.split(".")[0] in FOLDERS]
        assert not bare, f"line {node.lineno}: {bare} is a second copy of a module; import vsa_toolkit…"  # type: ignore[attr-defined]


def test_alembic_is_the_library_and_not_our_folder() -> None:
    import alembic

    assert alembic.__version__
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_every_public_name_can_be_imported() -> None:
    for name in vsa_toolkit.__all__:
        assert getattr(vsa_toolkit, name) is not None


def test_the_lazy_names_are_the_public_names() -> None:
    assert set(vsa_toolkit.__all__) == {*vsa_toolkit._HOME, "__version__"}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, json, click\n"
        "from click.testing import CliRunner\n"
        "from vsa_toolkit.cli import root\n"
        "assert CliRunner().invoke(root, ['--help']).exit_code == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"torch", "sqlalchemy", "pydantic", "numpy", "PIL", "rich", "starlette", "pluggy", "alembic"}


def test_in_the_wheel_run_the_package_is_the_installed_one() -> None:
    if os.environ.get("VSA_EXPECT_WHEEL") != "1":
        pytest.skip("not a run against the wheel")
    assert "site-packages" in str(Path(vsa_toolkit.__file__))


def test_no_source_names_a_machine() -> None:
    marks = ("/" + "work/", "/" + "farm/", "/" + "root/", "." + "library")
    for path in [
        *SOURCES,
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
    ]:
        text = path.read_text(encoding="utf-8")
        assert not [mark for mark in marks if mark in text], path
