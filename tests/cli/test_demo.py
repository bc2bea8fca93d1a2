"""`vsa demo` and `vsa show`: the whole way on a few simulated scenes, once, and again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image


def vsa(*arguments: str | Path, cwd: Path, code: int = 0) -> str:
    environment = {**os.environ, "COLUMNS": "200", "VSA_WORKSPACE": "/nowhere", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from vsa_toolkit.cli import main; main()", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    return folder / "d", vsa("demo", "--dir", "d", "--scenes", "32", cwd=folder)


def test_every_step_is_shown_as_a_command(demo: tuple[Path, str]) -> None:
    _, said = demo
    for command in ("init", "import scenes", "propose --proposer blobs", "train --backend brnn", "run", "eval", "show"):
        assert f"$ vsa {command}" in said


def test_both_tables_are_printed_and_the_data_is_called_simulated(demo: tuple[Path, str]) -> None:
    _, said = demo
    assert "Retrieval on simulated, split test" in said
    assert "Grounding on simulated, split test" in said
    assert "random region" in said
    assert "4 simulated scenes" not in said
    assert "32 simulated scenes" in said


def test_pictures_are_written(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    pictures = sorted((folder / "pictures").glob("*.png"))
    assert [picture.name for picture in pictures] == [f"test-000{i}.png" for i in range(4)]
    with Image.open(pictures[0]) as picture:
        assert picture.width == 960


def test_a_second_time_nothing_is_trained_again(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    before = sorted(path.name for path in (folder / "workspace" / "checkpoints").iterdir())
    said = vsa("demo", "--dir", folder, "--scenes", "32", cwd=folder)
    assert said.count("# done before") == 3
    assert "nothing new" in said
    assert sorted(path.name for path in (folder / "workspace" / "checkpoints").iterdir()) == before


def test_other_scenes_in_the_same_folder_are_refused(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    said = vsa("demo", "--dir", folder, "--scenes", "32", "--seed", "5", cwd=folder, code=2)
    assert "already holds other generated scenes" in said


# vsa show --------------------------------------------------------------------------------------------------


def show(folder: Path, *arguments: str, code: int = 0) -> str:
    return vsa("--workspace", folder / "workspace", "show", *arguments, cwd=folder, code=code)


def test_show_prints_sentences_regions_and_scores(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    said = show(folder, "test-0001", "--out", str(folder / "one.png"))
    assert "one.png written" in said
    assert "region" in said
    assert "words" in said
    assert (folder / "one.png").is_file()


def test_show_takes_one_sentence_and_an_id(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    show(folder, "test-0001", "--out", str(folder / "all.png"))
    show(folder, "test-0001", "--sentence", "1", "--beta", "2", "--out", str(folder / "one.png"))
    with Image.open(folder / "all.png") as all_of_them, Image.open(folder / "one.png") as one:
        assert one.height < all_of_them.height
    show(folder, "29", "--out", str(folder / "by-id.png"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["test-00011"], "Did you mean 'test-0001'?"),
        (["test-0001", "--sentence", "9"], "--sentence 9 is too far"),
        (["train-0001", "--run", "2"], "train-0001 is in split train, run 2 is on test"),
        (["test-0001", "--run", "77"], "77"),
    ],
)
def test_show_says_what_is_wrong(demo: tuple[Path, str], arguments: list[str], says: str) -> None:
    folder, _ = demo
    said = show(folder, *arguments, code=2)
    assert says in said
    assert "Traceback" not in said
