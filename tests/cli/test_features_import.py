from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vsa_toolkit.cli import root
from vsa_toolkit.db.workspace import open_workspace
from vsa_toolkit.encoder_choice import EncoderChoice
from vsa_toolkit.features import gather

NAMES = ("red", "blue", "green")
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "train").mkdir(parents=True)
    for colour in NAMES:
        Image.new("RGB", (60, 40), colour).save(tmp_path / "photos" / "train" / f"{colour}.png")
    folder = tmp_path / "work"
    assert vsa(folder, "init", str(folder)).exit_code == 0
    assert vsa(folder, "import", "folder", str(tmp_path / "photos")).exit_code == 0
    np.save(tmp_path / "v.npy", VECTORS)
    (tmp_path / "rows.txt").write_text("".join(f"{name}.png\n" for name in NAMES))
    return folder


def vsa(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--workspace", str(workspace), *arguments])


def vectors_of(folder: Path, name: str, region_set: str) -> dict[str, np.ndarray]:
    """Each image's vectors, the frame first, as training would read them."""
    import torch

    with open_workspace(folder) as opened:
        (dataset,) = opened.store.list_datasets()
        split = opened.store.read_split(dataset, "train", region_set)
        encoder = EncoderChoice("imported", {"name": name}).load(folder, torch.device("cpu"))
        features, counts = gather(folder, encoder, split.images, split.regions)
        return {
            Path(image.key).stem: features[row, : counts[row]].float().numpy() for row, image in enumerate(split.images)
        }


def imported(workspace: Path, array: str, rows: str, name: str = "mine") -> Result:
    folder = workspace.parent
    return vsa(workspace, "features", "import", str(folder / array), "--rows", str(folder / rows), "--name", name)


def test_a_row_an_image_becomes_the_vector_of_its_frame(workspace: Path) -> None:
    done = imported(workspace, "v.npy", "rows.txt")
    assert done.exit_code == 0, done.output
    assert "3 vectors of 4 numbers for 3 images" in done.output
    found = vectors_of(workspace, "mine", "frame")
    for name, vector in zip(NAMES, VECTORS, strict=True):
        np.testing.assert_array_equal(found[name], vector[None])
    assert imported(workspace, "v.npy", "rows.txt").exit_code == 0  # again: nothing changes


def test_rows_with_boxes_become_a_region_set_and_the_frame_their_mean(workspace: Path) -> None:
    rows = "image,x,y,width,height\nred.png,0,0,30,20\nred.png,30,20,30,20\nblue.png,,,,\n"
    (workspace.parent / "boxes.csv").write_text(rows)
    done = imported(workspace, "v.npy", "boxes.csv", "boxes")
    assert done.exit_code == 0, done.output
    assert "1 frames have the mean" in done.output
    assert "1 images of the dataset got no vector" in done.output
    (workspace.parent / "all.csv").write_text(rows.replace("blue.png,,,,", "green.png,5,5,10,10\nblue.png,,,,"))
    np.save(workspace.parent / "four.npy", np.vstack([VECTORS, VECTORS[2:] + 1]))
    assert imported(workspace, "four.npy", "all.csv", "all").exit_code == 0
    found = vectors_of(workspace, "all", "all")
    np.testing.assert_array_equal(found["red"], [VECTORS[:2].mean(axis=0), VECTORS[0], VECTORS[1]])
    np.testing.assert_array_equal(found["green"], [VECTORS[2], VECTORS[2]])
    np.testing.assert_array_equal(found["blue"], [VECTORS[2] + 1])


def test_a_region_without_a_vector_is_named_when_it_is_needed(workspace: Path) -> None:
    imported(workspace, "v.npy", "rows.txt")
    vsa(workspace, "propose", "--proposer", "grid", "-k", "2")
    refused = vsa(
        workspace, "features", "extract", "--encoder", "imported", "-e", "name=mine", "--regions", "grid-k2"
    )  # fmt: skip
    assert "6 of 9 regions have no vector in the features 'mine'" in str(refused.exception)


def test_what_does_not_fit_is_refused_and_nothing_is_kept(workspace: Path) -> None:
    folder = workspace.parent
    (folder / "other.txt").write_text("a.png\nb.png\nc.png\n")
    assert "none of its 3 rows is of an image" in str(imported(workspace, "v.npy", "other.txt").exception)
    (folder / "twice.txt").write_text("red.png\nred.png\nblue.png\n")
    assert "rows without a box: one is its frame" in str(imported(workspace, "v.npy", "twice.txt").exception)
    broken = VECTORS.copy()
    broken[1, 2] = np.nan
    np.save(folder / "nan.npy", broken)
    assert "row 1 (from 0)" in str(imported(workspace, "nan.npy", "rows.txt").exception)
    assert "no features 'mine' were imported" in str(
        vsa(
            workspace, "features", "extract", "--encoder", "imported", "-e", "name=mine", "--regions", "frame"
        ).exception
    )
    assert "no name for features" in str(imported(workspace, "v.npy", "rows.txt", "../up").exception)


def test_another_file_under_a_name_that_is_taken_is_refused(workspace: Path) -> None:
    imported(workspace, "v.npy", "rows.txt")
    np.save(workspace.parent / "w.npy", VECTORS + 1)
    assert "there already, from another file" in str(imported(workspace, "w.npy", "rows.txt").exception)
