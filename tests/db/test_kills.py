"""SIGKILL at random moments of import, backup, restore, migration and relink, on both engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Photo
from sqlalchemy import func, select

from vsa_toolkit.db import migrate
from vsa_toolkit.db.backup import write_backup
from vsa_toolkit.db.models import Base, Dataset, Image, Import, Region, Sentence
from vsa_toolkit.db.restore import restore_backup
from vsa_toolkit.db.workspace import open_database, open_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry

from ..killing.harness import KILLS, Commands, Work, kill_at_random_moments
from .conftest import Kind, sqlite_only

PHOTOS = 2500 if "VSA_KILLS" in os.environ else 450  # some batches of an import


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with Commands() as commands:
        yield commands


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small photos in three splits, each unlike the others."""
    return write_photos(tmp_path_factory.mktemp("photos"))


def write_photos(folder: Path) -> Path:
    for number in range(PHOTOS):
        split = folder / ("train", "val", "test")[number % 3]
        split.mkdir(exist_ok=True)
        Photo.new("RGB", (8 + number % 7, 8), (number % 256, number // 256, 90)).save(split / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def templates(kind: Kind, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace, one with the photos imported and some arrays, one whose photos went to `moved` and have other
    names there, one in four, and one with rows of an old vsa."""
    folder = tmp_path_factory.mktemp("kills")
    kind.make(folder / "empty").close()
    (folder / "gone").mkdir()
    for name, source in (("filled", photos), ("moved", write_photos(folder / "gone")), ("old", photos)):
        with kind.make(folder / name) as made:
            form = registry().get("formats", "folder")
            run_import(made.store, form(form.Options()), source, "photos")
            if name == "old":
                migrate.downgrade(made.database.engine, migrate.known_versions()[0])
    (folder / "gone").rename(folder / "elsewhere")
    for photo in list((folder / "elsewhere").glob("*/*.png")):
        if int(photo.stem) % 4 == 0:
            photo.rename(photo.with_name(f"renamed {photo.name}"))
    for number in range(3):
        (folder / "filled" / "features" / str(number)).mkdir(parents=True)
        np.save(folder / "filled" / "features" / str(number) / "some.npy", np.full(200_000, number))
    return folder


@pytest.fixture
def kill(
    kind: Kind, commands: Commands, templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., None]:
    """Kill a command on copies of a template and tell how it went."""

    def kill(template: str, *command: str, **work: Any) -> None:
        work.setdefault("copy", lambda folder: kind.copy(templates / template, folder))
        work.setdefault("result", rows)
        outcome = kill_at_random_moments(
            Work(command=command, drop=kind.drop, **work), commands, tmp_path, kills=max(1, KILLS // 5)
        )
        with capsys.disabled():
            if "VSA_KILLS" in os.environ:
                print(f"\n{' '.join(command[:2])}, {type(kind).__name__}: {outcome}")

    return kill


def test_a_killed_import_goes_on(kill: Callable[..., None], photos: Path) -> None:
    kill("empty", "import", "folder", str(photos), "--dataset", "photos")


def test_a_killed_backup_leaves_a_whole_file_or_none(kill: Callable[..., None]) -> None:
    def read(folder: Path) -> Any:
        restored = folder.with_name(f"{folder.name}-restored")
        restore_backup(_saved(folder), restored)
        arrays = {path.relative_to(restored): path.read_bytes() for path in restored.glob("features/*/*")}
        return rows(restored), arrays

    kill("filled", "backup", "{folder}.zip", result=read, done=lambda folder: _saved(folder).exists())


@sqlite_only
def test_a_killed_restore_leaves_a_whole_workspace_or_none(
    kill: Callable[..., None], templates: Path, tmp_path: Path
) -> None:
    with open_workspace(templates / "filled") as workspace:
        file = write_backup(workspace.database, workspace.folder, tmp_path / "saved.zip").file
    kill(
        "filled", "restore", str(file), "{folder}", copy=lambda folder: None,
        readable=lambda folder: folder.exists(), done=lambda folder: folder.exists(),
    )  # fmt: skip


def test_a_killed_migration_leaves_the_old_database_or_the_new_one(kill: Callable[..., None]) -> None:
    def readable(folder: Path) -> bool:
        with open_database(folder) as database:
            version = migrate.current(database.engine)
        assert version in (migrate.known_versions()[0], migrate.HEAD)
        return version == migrate.HEAD

    kill("old", "db", "upgrade", result=whole, readable=readable)


def test_a_killed_relink_goes_on(kill: Callable[..., None], templates: Path) -> None:
    kill("moved", "db", "relink", str(templates / "elsewhere"), readable=lambda folder: False)


def rows(folder: Path) -> Any:
    """What is in the database, but for numbers and times."""
    with open_workspace(folder) as workspace, workspace.database.read() as session:
        images = session.execute(
            select(
                Dataset.name, Dataset.root, Image.key, Image.path, Image.sha256, Image.bytes, Image.split, Image.width
            )
            .join(Dataset, Dataset.id == Image.dataset_id)
            .order_by(Image.key)
        ).all()
        regions = session.execute(
            select(Image.key, Region.x, Region.width).join(Image, Image.id == Region.image_id).order_by(Image.key)
        ).all()
        states = session.scalars(select(Import.state)).all()
        return images, regions, states, session.scalar(select(func.count(Sentence.id)))


def whole(folder: Path) -> Any:
    """Every row, with its number."""
    with open_workspace(folder) as workspace, workspace.database.read() as session:
        return {
            table.name: session.execute(table.select().order_by(*table.primary_key.columns)).all()
            for table in Base.metadata.sorted_tables
        }


def _saved(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.zip")
