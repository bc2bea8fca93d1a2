from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit.cli import root
from vsa_toolkit.errors import UserError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for colour in ("red", "blue"):
        Image.new("RGB", (60, 40), colour).save(tmp_path / "photos" / f"{colour}.png")
    folder = tmp_path / "work"
    vsa(folder, "init", str(folder))
    vsa(folder, "import", "folder", str(tmp_path / "photos"))
    return folder


def vsa(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(workspace), *arguments])


def test_a_second_call_changes_nothing_and_says_so(workspace: Path) -> None:
    assert "38 boxes on 2 images" in vsa(workspace, "propose", "--proposer", "grid").output
    assert "has every image already: nothing changed" in vsa(workspace, "propose", "--proposer", "grid").output


def test_new_images_are_taken_by_the_same_call(workspace: Path) -> None:
    vsa(workspace, "propose", "--proposer", "grid", "-k", "3")
    Image.new("RGB", (30, 30), "green").save(workspace.parent / "photos" / "green.png")
    vsa(workspace, "import", "folder", str(workspace.parent / "photos"))
    assert "3 boxes on 1 images" in vsa(workspace, "propose", "--proposer", "grid", "-k", "3").output


def test_another_way_of_making_a_set_needs_another_name(workspace: Path) -> None:
    vsa(workspace, "propose", "--proposer", "grid", "-k", "3", "--name", "mine")
    other = vsa(workspace, "propose", "--proposer", "grid", "-k", "4", "--name", "mine")
    assert isinstance(other.exception, UserError)
    assert "choose another name" in str(other.exception)


def test_unknown_proposers_and_options_are_refused_with_what_is_known(workspace: Path) -> None:
    assert "Did you mean 'grid'" in str(vsa(workspace, "propose", "--proposer", "gird").exception)
    option = vsa(workspace, "propose", "--proposer", "grid", "-o", "rwos=3")
    assert "Did you mean 'rows'" in str(option.exception)
