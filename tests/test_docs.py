"""The documentation is tested: what it shows runs, what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from vsa_toolkit.cli import COMMANDS, root
from vsa_toolkit.registry import Registry

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_plugin_in_the_readme_loads(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block
    path = tmp_path / "mine.py"
    path.write_text(block.group(1), encoding="utf-8")
    registry = Registry([])
    registry.load_file(path)
    assert registry.get("backends", "chance").name == "chance"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_exists(page: Path) -> None:
    for name in re.findall(r"^(?:    |)vsa (?:--plugin \S+ )?([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        assert name in COMMANDS, name


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = CliRunner().invoke(root, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Example" in shown.output
    assert f"vsa {name}" in shown.output
