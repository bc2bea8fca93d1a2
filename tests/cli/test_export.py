"""`vsa export`, and what `vsa import` says of other tools' files, as a shell sees them."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vsa_toolkit.cli import main


@dataclass
class Done:
    stdout: str
    stderr: str


def vsa(*arguments: str | Path, cwd: Path, code: int = 0) -> Done:
    """The command line in this process: many short ones would spend their time in starting Python."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main([str(argument) for argument in arguments])
    assert ended.value.code == code, err.getvalue() + out.getvalue()
    return Done(out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


HEADER = "image,x,y,width,height,phrase,annotator,state,split"
LINES = [
    "1.png,10,5,40,30,a dog,ann,accepted,train", "1.png,0,0,20,10,grass,bob,submitted,train",
    "2.png,60,40,30,15,a ball,ann,draft,test",
]  # fmt: skip


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number in (1, 2):
        Image.new("RGB", (100, 60), (number, 0, 0)).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "labels.csv").write_text("\n".join([HEADER, *LINES]) + "\n")
    return tmp_path / "labels.csv"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    vsa("init", "w", cwd=tmp_path)
    return tmp_path / "w"


def rows(*arguments: str | Path, cwd: Path, code: int = 0) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads(vsa(*arguments, "--format", "json", cwd=cwd, code=code).stdout)
    return parsed


def test_labels_in_a_dry_run_in_and_out_again(workspace: Path, labels: Path) -> None:
    photos = labels.parent / "photos"
    said = vsa("import", "csv", labels, "--images", photos, "--dry-run", cwd=workspace).stdout
    assert "2 new images; 3 new regions; 3 new phrases would come; nothing was written." in said
    assert rows("status", cwd=workspace) == []
    said = vsa("import", "csv", labels, "--images", photos, cwd=workspace).stdout
    assert "2 new images; 3 new regions; 3 new phrases." in said

    vsa("export", "coco", "out/labels.json", "--split", "train", "--annotator", "ann", cwd=workspace)
    file = json.loads((workspace / "out" / "labels.json").read_text())
    assert [(a["caption"], a["bbox"], a["state"]) for a in file["annotations"]] == [
        ("a dog", [10, 5, 40, 30], "accepted")
    ]
    table = rows("export", "csv", "all.csv", "--state", "draft", "--state", "submitted", cwd=workspace)
    assert {row["what"]: row["written"] for row in table} == {
        "images": 2, "sentences": 0, "regions": 2, "phrases": 2
    }  # fmt: skip
    said = vsa("export", "flickr30k", "a.token", cwd=workspace).stdout
    assert "flickr30k has no place for them" in said
    assert "a.token written" in said


def test_labels_join_the_images_of_a_named_dataset(workspace: Path, labels: Path) -> None:
    vsa("import", "folder", labels.parent / "photos", "--dataset", "mine", cwd=workspace)
    said = vsa("import", "csv", labels, "--dataset", "mine", cwd=workspace).stdout
    assert "3 new regions; 3 new phrases; 2 new" not in said
    assert "3 new regions; 3 new phrases." in said
    assert "nothing new" in vsa("import", "csv", labels, "--dataset", "mine", cwd=workspace).stdout


def test_new_photos_beside_their_labels_come_with_the_same_command(workspace: Path, labels: Path) -> None:
    beside = labels.parent / "photos" / "labels.csv"
    beside.write_text(f"{HEADER}\n{LINES[0]}\n")
    assert "1 new images" in vsa("import", "csv", beside, "--dataset", "mine", cwd=workspace).stdout
    beside.write_text("\n".join([HEADER, *LINES]) + "\n")
    said = vsa("import", "csv", beside, "--dataset", "mine", cwd=workspace).stdout
    assert "1 new images; 2 new regions; 2 new phrases." in said


def test_boxes_that_look_like_corners_are_warned_of(workspace: Path, labels: Path) -> None:
    labels.write_text("\n".join([HEADER, "1.png,60,40,90,59,far away,,,", "2.png,70,30,80,50,farther,,,"]) + "\n")
    done = vsa("import", "csv", labels, "--images", labels.parent / "photos", "--dry-run", cwd=workspace)
    assert "Warning: the boxes look like x1 y1 x2 y2, because 2 of 2 reach beyond their photo" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["import", "coco", "../labels.csv"], 2, "is not of the format 'coco': this looks like csv (vsa import csv"),
        (["import", "csv", "../labels.csv", "--images", "nowhere"], 2, "nowhere is no folder"),
        (["import", "folder", "../photos", "--images", ".."], 2, "knows where its photos are: leave --images out"),
        (["import", "vsa-jsonl", "../labels.csv"], 2, "this looks like csv"),
        (["import", "vsa-jsonl", "nowhere"], 2, "nowhere does not exist"),
        (["export", "csv", "x.csv"], 2, "there is no dataset yet"),
        (["export", "flickr8k", "x"], 2, "there is no dataset yet"),
        (["export", "vsa-jsonl", "x", "--split", "test"], 2, "is the whole workspace: leave --dataset, --split"),
        (["export", "cocoo", "x"], 2, "Did you mean 'coco'?"),
    ],
)
def test_wrong_use_is_one_sentence(
    workspace: Path, labels: Path, arguments: list[str], code: int, message: str
) -> None:
    done = vsa(*arguments, cwd=workspace, code=code)
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (workspace / "x").exists()


def test_a_whole_workspace_moves_by_its_lines(workspace: Path, labels: Path) -> None:
    vsa("import", "csv", labels, "--images", labels.parent / "photos", cwd=workspace)
    assert (
        "photos, checkpoints, runs and releases are not in it"
        in vsa("export", "vsa-jsonl", "a.jsonl", cwd=workspace).stdout
    )
    vsa("init", "../other", cwd=workspace)
    other = workspace.parent / "other"
    assert (
        "would come; nothing was written" in vsa("import", "vsa-jsonl", "../w/a.jsonl", "--dry-run", cwd=other).stdout
    )
    vsa("import", "vsa-jsonl", "../w/a.jsonl", cwd=other)
    vsa("export", "vsa-jsonl", "a.jsonl", cwd=other)
    assert (other / "a.jsonl").read_bytes() == (workspace / "a.jsonl").read_bytes()
    assert "make a new one with `vsa init DIR`" in vsa("import", "vsa-jsonl", "a.jsonl", cwd=other, code=2).stderr
    assert rows("status", cwd=other) == rows("status", cwd=workspace)


def test_photos_go_along_as_links(workspace: Path, labels: Path) -> None:
    vsa("import", "csv", labels, "--images", labels.parent / "photos", cwd=workspace)
    vsa("export", "imagefolder", "hub", "--photos", "link", cwd=workspace)
    assert sorted(path.name for path in (workspace / "hub").iterdir()) == ["1.png", "2.png", "metadata.jsonl"]
    assert (workspace / "hub" / "1.png").samefile(labels.parent / "photos" / "1.png")
    assert "2 new images" in vsa("import", "imagefolder", "hub", cwd=workspace).stdout
