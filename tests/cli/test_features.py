from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit.cli import root


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for split, colours in {"train": ("red", "blue", "green"), "test": ("white",)}.items():
        (tmp_path / "photos" / split).mkdir(parents=True)
        for colour in colours:
            Image.new("RGB", (60, 40), colour).save(tmp_path / "photos" / split / f"{colour}.png")
    folder = tmp_path / "work"
    assert vsa(folder, "init", str(folder)).exit_code == 0
    assert vsa(folder, "import", "folder", str(tmp_path / "photos")).exit_code == 0
    return folder


def vsa(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(workspace), *arguments])


EXTRACT = ("features", "extract", "--encoder", "colour-texture", "-e", "size=64")


def test_boxes_then_vectors_then_a_list_of_them(workspace: Path) -> None:
    proposed = vsa(workspace, "propose", "--proposer", "grid", "-k", "5")
    assert "region set grid-k5: 20 boxes on 4 images" in proposed.output
    made = vsa(workspace, *EXTRACT)
    assert made.exit_code == 0, made.output
    assert "train: 18 of 18 vectors computed" in made.output
    assert "test: 6 of 6 vectors computed" in made.output
    again = vsa(workspace, *EXTRACT)
    assert "train: 0 of 18 vectors computed" in again.output
    (row,) = json.loads(vsa(workspace, "features", "list", "--format", "json").output)
    assert (row["encoder"], row["mode"], row["vectors"]) == ("colour-texture", "roi-align", 24)
    assert json.loads(row["spec"])["size"] == 64


def test_one_split_is_computed_alone(workspace: Path) -> None:
    vsa(workspace, "propose", "--proposer", "grid", "-k", "2")
    made = vsa(workspace, *EXTRACT, "--split", "test", "--mode", "crop")
    assert "test: 3 of 3 vectors computed" in made.output
    assert "train" not in made.output


def test_nothing_kept_says_how_to_begin(workspace: Path) -> None:
    assert "vsa features extract" in vsa(workspace, "features", "list").output


def test_an_unknown_split_and_encoder_are_refused(workspace: Path) -> None:
    vsa(workspace, "propose", "--proposer", "grid", "-k", "2")
    assert "colour-texture" in str(vsa(workspace, "features", "extract", "--encoder", "colour-textur").exception)
    assert vsa(workspace, *EXTRACT, "--split", "tset").exception is not None
