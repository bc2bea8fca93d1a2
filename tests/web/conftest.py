"""A workspace with three drawn pictures, and clients of its annotation server."""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from PIL import Image, ImageDraw
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from vsa_toolkit.db import people
from vsa_toolkit.db.campaigns import CampaignOptions, create_campaign
from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry
from vsa_toolkit.web.access import Access, Site
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.desk import Desk
from vsa_toolkit.web.office import Office, open_office

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


class Team:
    """A campaign served to people with accounts; `client` gives a browser that was let in by an invitation."""

    def __init__(self, workspace: Workspace, campaign: str) -> None:
        self.workspace = workspace
        self.office = open_office(workspace, campaign=campaign)
        site = Site(SITE, (f"127.0.0.1:{PORT}",), PORT)
        self.application = create_application(self.office, Access.for_team(workspace.database, site))

    def stranger(self) -> TestClient:
        return TestClient(
            self.application, base_url=SITE, follow_redirects=False, raise_server_exceptions=False,
            headers={"Origin": SITE},
        )  # fmt: skip

    def client(self, name: str, role: str = "annotator") -> TestClient:
        database = self.workspace.database
        if name not in {row["annotator"] for row in people.list_annotators(database)}:
            people.add_annotator(database, name, role)
        client = self.stranger()
        answer = client.post("/api/session", json={"token": people.invite(database, name)})
        assert answer.status_code == 200, answer.text
        return client


@pytest.fixture
def make_team(workspace: Workspace) -> Callable[..., Team]:
    """A campaign with these options, and its team."""

    def make(overlap: int = 2, blind: bool = True, **options: Any) -> Team:
        create_campaign(
            workspace.database, "pictures", "pilot", overlap=overlap, blind=blind, options=CampaignOptions(**options)
        )
        return Team(workspace, "pilot")

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("neither chromium nor google-chrome is installed: no browser to test in")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@contextmanager
def serving(application: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """A real server for as long as the block runs."""
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()


_numbers = itertools.count()


def op_id() -> str:
    """A fresh id of an operation."""
    return f"made-up-{next(_numbers):06d}"


def batch(browser: TestClient, /, *operations: dict[str, Any], status: int = 200, **more: Any) -> dict[str, Any]:
    """Post operations in one request; those without an id are given one."""
    body = {"operations": [{"op_id": op_id(), **operation} for operation in operations], **more}
    answer = browser.post("/api/operations", content=json.dumps(body))
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


from .browsing import new_context, open_page, page, serve, served  # noqa: E402  (it uses what stands above)

__all__ = ["new_context", "open_page", "page", "serve", "served"]
