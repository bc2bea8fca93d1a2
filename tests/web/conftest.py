"""A workspace with three drawn pictures, and clients of its annotation server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from vsa_toolkit.db import people
from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry
from vsa_toolkit.web.access import Access
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.desk import Desk
from vsa_toolkit.web.office import Office, open_office

PORT = 8000
SITE = f"http://127.0.0.1:{PORT}"
SIZE = (320, 200)
BALL = (200.0, 110.0, 70.0, 70.0)  # where the ball of every picture is: x, y, width, height


def draw_picture(path: Path, ground: str) -> None:
    picture = Image.new("RGB", SIZE, "#bcd7ea")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 120, *SIZE), fill=ground)
    x, y, width, height = BALL
    pen.ellipse((x, y, x + width - 1, y + height - 1), fill="#d8352f")
    picture.save(path)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace with the dataset "pictures"; copied for each test."""
    folder = tmp_path_factory.mktemp("web") / "workspace"
    with create_workspace(folder) as opened:
        photos = folder / "photos"
        photos.mkdir()
        for name, ground in (("one", "#8fae6b"), ("two", "#c9b27c"), ("three", "#7d8794")):
            draw_picture(photos / f"{name}.png", ground)
        form = registry().get("formats", "folder")
        run_import(opened.store, form(form.Options()), photos, dataset="pictures")
    return folder


@pytest.fixture
def workspace(pictures: Path, tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(shutil.copytree(pictures, tmp_path / "workspace")) as opened:
        yield opened


@pytest.fixture
def office(workspace: Workspace) -> Office:
    return open_office(workspace)


@pytest.fixture
def desk(office: Office) -> Desk:
    """Ann's desk, as `client` sees it."""
    return office.desk(people.annotator(office.workspace.database, "ann"))


@pytest.fixture
def access(desk: Desk, workspace: Workspace) -> Access:
    return Access.here(workspace.database, PORT, desk.person)


@pytest.fixture
def stranger(office: Office, access: Access) -> TestClient:
    """A client that has not been let in; it reports errors of the server as a browser would see them."""
    application = create_application(office, access)
    return TestClient(application, base_url=SITE, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def client(stranger: TestClient, access: Access) -> TestClient:
    """A client with a session, whose requests say that they come from the server's own page."""
    address = urlsplit(access.address)
    assert stranger.get(f"/?{address.query}").status_code == 303
    stranger.headers["Origin"] = SITE
    return stranger
