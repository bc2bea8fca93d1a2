"""A workspace, eight photos, and a way to import."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image as Pillow

from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.importing import ImportSummary, run_import
from vsa_toolkit.records import ImageBundle

from .sources import SIZE, Additions, Importer, Photos, source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(8):
        Pillow.new("RGB", SIZE, (20 * number, 0, 0)).save(photos / f"{number}_abc.png")
    return photos


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "workspace"
    create_workspace(folder).close()
    return folder


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(template, tmp_path / "workspace")
    with open_workspace(tmp_path / "workspace") as made:
        yield made


@pytest.fixture
def load(workspace: Workspace, folder: Path) -> Importer:
    """Import bundles, those of additions through a format that adds."""

    def act(*bundles: ImageBundle, adds: bool = False, dataset: str | None = None) -> ImportSummary:
        return run_import(workspace.store, source(Additions if adds else Photos, bundles), folder, dataset)

    return act
