"""A workspace with a small made-up dataset: six photos, three splits, two sentences each; on SQLite and on PostgreSQL.

Every test that takes `workspace`, `filled` or `new_url` runs on both. `@sqlite_only` keeps one to SQLite, for what only
SQLite has.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace, write_settings
from vsa_toolkit.format import Format, Report
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, RegionBox, SentenceText

from ..postgres_server import PostgresServer

SPLITS = ("train", "train", "train", "train", "val", "test")
SIZE = (40, 30)

sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
postgresql_only = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)


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


class Sqlite:
    """A workspace's own file."""

    def new_url(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'new.db'}"

    def make(self, folder: Path) -> Workspace:
        return create_workspace(folder)

    def copy(self, template: Path, folder: Path) -> None:
        shutil.copytree(template, folder)

    def drop(self, folder: Path) -> None:
        pass


class Postgresql:
    """A database a workspace, made by the server as a copy."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._urls: dict[Path, str] = {}

    def new_url(self, folder: Path) -> str:
        self._urls[folder] = self._server.create()
        return self._urls[folder]

    def make(self, folder: Path) -> Workspace:
        return create_workspace(folder, self.new_url(folder))

    def copy(self, template: Path, folder: Path) -> None:
        shutil.copytree(template, folder)
        self._urls[folder] = self._server.create(template=self._urls[template])
        write_settings(folder, self._urls[folder])

    def drop(self, folder: Path) -> None:
        self._server.drop(self._urls.pop(folder))


Kind = Sqlite | Postgresql


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def kind(engine_name: str, request: pytest.FixtureRequest) -> Kind:
    """How workspaces are made on one of the two."""
    return Sqlite() if engine_name == "sqlite" else Postgresql(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="session")
def templates(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty and a filled workspace, made once; the photos lie inside, so a copy is whole."""
    folder = tmp_path_factory.mktemp("templates")
    kind.make(folder / "empty").close()
    with kind.make(folder / "filled") as made:
        run_import(made.store, Made(Made.Options()), write_photos(folder / "filled" / "photos"))
    return folder


@pytest.fixture
def workspace(kind: Kind, templates: Path, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    yield from _copy(kind, templates / "empty", tmp_path / "workspace")


@pytest.fixture
def filled(kind: Kind, templates: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with the made-up dataset "made"."""
    yield from _copy(kind, templates / "filled", tmp_path / "filled")


@pytest.fixture
def new_url(kind: Kind, tmp_path: Path) -> Iterator[str]:
    """A database that holds nothing yet."""
    yield kind.new_url(tmp_path)
    kind.drop(tmp_path)


def _copy(kind: Kind, template: Path, folder: Path) -> Iterator[Workspace]:
    kind.copy(template, folder)
    with open_workspace(folder) as opened:
        yield opened
    kind.drop(folder)
