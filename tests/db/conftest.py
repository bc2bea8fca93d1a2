"""A workspace with a small made-up dataset: six photos, three splits, two sentences each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.format import Format, Report
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, RegionBox, SentenceText

SPLITS = ("train", "train", "train", "train", "val", "test")
SIZE = (40, 30)


class Made(Format):
    """Made-up photos with two sentences each; the words "red dog" of the first are grounded to two boxes."""

    name = "made"

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        for number, split in enumerate(SPLITS):
            key = f"photo{number}"
            yield ImageBundle(
                key,
                ImageFile(key, Path(f"{key}.png"), split),
                sentences=(SentenceText(0, f"a red dog number {number}"), SentenceText(1, "something else")),
                regions=(RegionBox("1", (1, 2, 10, 12)), RegionBox("2", (20, 2, 10.5, 12))),
                groundings=(GroundingSpan(0, 2, 9, ("1", "2"), chain="7", categories=("animals",)),),
                raw_boxes={"1": (2, 3, 11, 14)},
            )


def write_photos(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(SPLITS)):
        Image.new("RGB", SIZE, (40 * number, 80, 120)).save(folder / f"photo{number}.png")
    return folder


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty and a filled workspace, made once; the photos lie inside, so a copy is whole."""
    folder = tmp_path_factory.mktemp("templates")
    create_workspace(folder / "empty").close()
    with create_workspace(folder / "filled") as made:
        run_import(made.store, Made(Made.Options()), write_photos(folder / "filled" / "photos"))
    return folder


@pytest.fixture
def workspace(templates: Path, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    yield from _copy(templates / "empty", tmp_path / "workspace")


@pytest.fixture
def filled(templates: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with the made-up dataset "made"."""
    yield from _copy(templates / "filled", tmp_path / "filled")


def _copy(template: Path, folder: Path) -> Iterator[Workspace]:
    shutil.copytree(template, folder)
    with open_workspace(folder) as opened:
        yield opened
