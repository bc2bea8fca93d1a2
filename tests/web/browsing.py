"""The annotation page in a real browser: a served workspace, people who open it, and what their hands do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from vsa_toolkit.db import people
from vsa_toolkit.db.campaigns import CampaignOptions, create_campaign
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.web.access import HERE, Access, Site
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.desk import Desk
from vsa_toolkit.web.office import Office, open_office
from vsa_toolkit.web.serving import listen

from .conftest import SIZE, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Box = tuple[float, float, float, float]
SECONDS = 1000  # milliseconds, as the browser counts


@dataclass
class Served:
    """A campaign on a port of its own."""

    office: Office
    access: Access
    site: Site

    def desk(self, name: str = "ann") -> Desk:
        """What the database has of a person's work."""
        return self.office.desk(people.annotator(self.office.workspace.database, name))

    def phrases(self, image: int = 1, name: str = "ann") -> list[str]:
        return [phrase["text"] for phrase in self.desk(name).state(image)["phrases"]]

    def invite(self, name: str, role: str = "annotator") -> str:
        """A token that lets a browser in under this name."""
        database = self.office.workspace.database
        if name not in {row["annotator"] for row in people.list_annotators(database)}:
            people.add_annotator(database, name, role)
        return people.invite(database, name)


@pytest.fixture
def serve(workspace: Workspace) -> Iterator[Callable[..., Served]]:
    """Serve the default campaign to ann on this machine; with options one of that kind; with `team` to a team."""
    with ExitStack() as running:

        def start(team: bool = False, overlap: int = 1, blind: bool = True, words: str = "", **options: Any) -> Served:
            name = None
            if team or words or options:
                name = "pilot"
                chosen = CampaignOptions(**options)
                create_campaign(
                    workspace.database, "pictures", name, overlap=overlap, blind=blind, guidelines=words, options=chosen
                )
            office = open_office(workspace, campaign=name)
            listener = listen(0)
            port = listener.getsockname()[1]
            site = Site(f"http://{HERE}:{port}", (f"{HERE}:{port}",), port)
            ann = people.annotator(workspace.database, "ann")
            access = Access.for_team(workspace.database, site) if team else Access.here(workspace.database, port, ann)
            running.enter_context(serving(create_application(office, access), listener))
            return Served(office, access, site)

        yield start


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of one person; whatever its console complains of fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **options})
        context.set_default_timeout(30 * SECONDS)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_page(new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """The page of a served campaign; with `name` as a member of a team."""

    def open_(served: Served, name: str | None = None, path: str = "/", **options: Any) -> Page:
        context = new_context(**options)
        if name is not None:
            come_in(context, served, served.invite(name))
        page = context.new_page()
        page.goto(served.site.origin + path if name is not None else served.access.address)
        if path == "/":
            wait_until_open(page)
        return page

    return open_


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()


@pytest.fixture
def page(open_page: Callable[..., Page], served: Served) -> Page:
    """The page on ann's first image."""
    return open_page(served)


def come_in(context: BrowserContext, served: Served, token: str) -> None:
    origin = served.site.origin
    assert context.request.post(f"{origin}/api/session", data={"token": token}, headers={"Origin": origin}).ok


def wait_until_open(page: Page) -> None:
    page.wait_for_selector("#canvas:focus, #composer-text:focus, dialog[open], #finished:focus")


def wait_until_saved(page: Page) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#saved")).to_have_text(re.compile("^saved"))


def wait_until_done(page: Page, done: int, of: int = 3) -> None:
    """Until so many images are done and the next one is there."""
    from playwright.sync_api import expect

    expect(page.locator("#progress")).to_have_text(f"{done} of {of}")
    expect(page.locator("#skip")).to_be_enabled()


def fields(page: Page) -> list[str]:
    """What the fields of the list say."""
    values: list[str] = page.eval_on_selector_all("#list textarea", "rows => rows.map((row) => row.value)")
    return values


def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a position of the photo is on the screen."""
    photo = page.locator("#photo").bounding_box()
    assert photo
    scale = photo["width"] / SIZE[0]
    return photo["x"] + x * scale, photo["y"] + y * scale


def drag(page: Page, box: Box) -> None:
    """Drag from one corner of a box to the other, both in image pixels."""
    x, y, width, height = box
    page.mouse.move(*on_screen(page, x, y))
    page.mouse.down()
    page.mouse.move(*on_screen(page, x + width / 2, y + height))
    page.mouse.move(*on_screen(page, x + width, y + height))
    page.mouse.up()


def write(page: Page, box: Box, text: str) -> None:
    """A new box with its phrase."""
    drag(page, box)
    page.keyboard.type(text)
    page.keyboard.press("Enter")
