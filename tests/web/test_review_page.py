"""The pages of reviewers and of invitations in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from vsa_toolkit.db import people
from vsa_toolkit.db.campaigns import create_campaign
from vsa_toolkit.db.corrections import correct
from vsa_toolkit.db.phrases import Place
from vsa_toolkit.db.review import ReviewBook
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.web.access import Access, Site
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.office import Office, open_office
from vsa_toolkit.web.serving import listen

from .conftest import BALL, batch, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
expect = playwright.expect
playwright.expect.set_options(timeout=20_000)
MARKUP = "<b>a red</b> ball"
RUG = (10.0, 130.0, 60.0, 40.0)


class Served:
    """A campaign of a team with two phrases on the ball of image 1, one on its rug, and one on image 2."""

    def __init__(self, workspace: Workspace, office: Office, site: Site) -> None:
        self.workspace = workspace
        self.office = office
        self.site = site

    def link(self, name: str, role: str = "annotator") -> str:
        database = self.workspace.database
        if name not in {row["annotator"] for row in people.list_annotators(database)}:
            people.add_annotator(database, name, role)
        return f"{self.site.origin}/join#{people.invite(database, name)}"

    def states(self, image: int = 1) -> dict[str, str]:
        seen = ReviewBook(self.workspace.database, self.office.campaign).image(0, image)
        return {phrase.info.text: phrase.info.state for phrase in seen.phrases}


@pytest.fixture
def served(workspace: Workspace) -> Iterator[Served]:
    create_campaign(workspace.database, "pictures", "pilot", overlap=2, blind=True)
    office = open_office(workspace, campaign="pilot")
    listener = listen(0)
    port = listener.getsockname()[1]
    site = Site(f"http://127.0.0.1:{port}", (f"127.0.0.1:{port}",), port)
    application = create_application(office, Access.for_team(workspace.database, site))
    made = Served(workspace, office, site)
    for name, phrases in (
        ("ann", [(MARKUP, BALL), ("a rug", RUG)]), ("ben", [("the ball", BALL)]),
    ):  # fmt: skip
        client = TestClient(application, base_url=site.origin, headers={"Origin": site.origin})
        client.post("/api/session", json={"token": made.link(name).partition("#")[2]})
        client.get("/api/next")
        added = [{"kind": "add", "image": 1, "text": text, "box": list(box), "seconds": 4} for text, box in phrases]
        batch(client, *added, {"kind": "submit", "image": 1}, next=True)
        if name == "ann":
            batch(client, {**added[0], "image": 2, "text": "later"}, {"kind": "submit", "image": 2})
    with serving(application, listener):
        yield made


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of one person; whatever its console complains of fails the test."""
    complaints: list[str] = []
    opened = browser.new_context(viewport={"width": 1200, "height": 800})
    opened.set_default_timeout(30_000)
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    opened.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    yield opened
    opened.close()
    assert complaints == []


def come_in(context: BrowserContext, served: Served, name: str, role: str, path: str) -> Page:
    token = served.link(name, role).partition("#")[2]
    origin = served.site.origin
    answer = context.request.post(f"{origin}/api/session", data={"token": token}, headers={"Origin": origin})
    assert answer.ok
    page = context.new_page()
    page.goto(f"{origin}{path}")
    return page


def wait_until_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(re.compile("^saved"))


def test_by_keyboard_alone_phrases_are_judged_and_the_next_image_comes(context: BrowserContext, served: Served) -> None:
    page = come_in(context, served, "rita", "reviewer", "/review")
    press = page.keyboard.press
    expect(page.locator(".phrase")).to_have_count(3)
    assert page.locator(".phrase b").count() == 0
    expect(page.locator(".phrase").first).to_be_focused()
    press("a")
    wait_until_saved(page)
    assert served.states() == {MARKUP: "accepted", "the ball": "submitted", "a rug": "submitted"}
    press("ArrowDown")
    press("r")
    page.keyboard.type("which ball?")
    press("Enter")
    expect(page.locator(".phrase.rejected")).to_have_count(1)
    press("u")
    expect(page.locator(".phrase.rejected")).to_have_count(0)
    press("w")
    page.keyboard.type("the red ball")
    press("Enter")
    expect(page.locator(".phrase.written .words")).to_have_text("the red ball")
    press("ArrowDown")
    press("ArrowDown")
    press("a")
    expect(page.locator(".phrase.accepted")).to_have_count(3)
    assert served.states() == {
        MARKUP: "accepted", "the ball": "submitted", "a rug": "accepted", "the red ball": "accepted",
    }  # fmt: skip
    press("Control+Enter")
    expect(page.locator(".phrase .words")).to_have_text(["later"])
    press("g")
    expect(page.locator(".phrase.accepted")).to_have_count(1)
    press("Control+Enter")
    expect(page.locator("#nothing")).to_be_visible()


def test_by_mouse_alone(context: BrowserContext, served: Served) -> None:
    page = come_in(context, served, "rita", "reviewer", "/review")
    page.locator(".group", has_text="the ball").locator(".accept-all").click()
    expect(page.locator(".phrase.accepted")).to_have_count(2)
    page.locator(".phrase", has_text="a rug").locator(".reject").click()
    page.fill("#reject-reason", "not a rug")
    page.click("#reject-dialog .primary")
    expect(page.locator(".phrase.rejected")).to_have_count(1)
    page.locator(".phrase", has_text="a rug").locator(".reject").click()
    expect(page.locator(".phrase.rejected")).to_have_count(0)
    page.click("#undo")
    expect(page.locator(".phrase.rejected .standing")).to_have_text(re.compile("not a rug"))
    page.click("#next")
    expect(page.locator(".phrase .words")).to_have_text(["later"])
    page.click("#previous")
    expect(page.locator(".phrase")).to_have_count(3)


def test_an_act_whose_answer_got_lost_is_done_once(context: BrowserContext, served: Served) -> None:
    page = come_in(context, served, "rita", "reviewer", "/review")
    lost = []

    def lose_the_first(route: object) -> None:
        if lost:
            route.continue_()  # type: ignore[attr-defined]
        else:
            lost.append(route.fetch())  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]

    page.route("**/operations", lose_the_first)
    page.locator(".group", has_text="the ball").locator(".write").click()
    page.fill("#write-words", "one ball")
    page.click("#write-dialog .primary")
    wait_until_saved(page)
    assert lost
    expect(page.locator(".phrase.written")).to_have_count(1)


def test_a_phrase_that_changed_meanwhile_is_shown_as_it_is_now(context: BrowserContext, served: Served) -> None:
    page = come_in(context, served, "rita", "reviewer", "/review")
    expect(page.locator(".phrase")).to_have_count(3)
    correct(served.workspace.database, "olga", 2, text="a carpet")
    page.locator(".phrase", has_text="a rug").locator(".accept").click()
    expect(page.locator("#notice")).to_contain_text("'a carpet' now")
    expect(page.locator(".phrase", has_text="a carpet")).to_have_count(1)
    assert served.states()["a carpet"] == "submitted"


def test_progress_is_live_and_an_owner_invites(context: BrowserContext, served: Served) -> None:
    page = come_in(context, served, "olga", "owner", "/progress")
    expect(page.locator("#done-text")).to_have_text("3 of 6 submissions")
    expect(page.locator("#people tr")).to_have_count(2)
    book = served.office.book
    ben = served.office.desk(people.find_annotator(served.workspace.database, "ben"))
    image = ben.next_image()
    assert image is not None
    book.submit(Place(served.office.campaign.id, ben.person.id, image), "submitted-meanwhile")
    expect(page.locator("#done-text")).to_have_text("4 of 6 submissions", timeout=30_000)  # without a reload
    page.fill("#invite-name", "cara")
    page.click("#invite .primary")
    expect(page.locator("#link")).to_contain_text("/join#")
    link = (page.locator("#link").text_content() or "").split()[0]
    other = context.browser.new_context() if context.browser else None
    assert other is not None
    guest = other.new_page()
    guest.goto(link)
    guest.click("#come-in")
    guest.wait_for_url(f"{served.site.origin}/")
    guest.goto(link)
    guest.click("#come-in")
    expect(guest.locator("#objection")).to_contain_text("used already")
    other.close()


def test_an_invitation_page_without_its_token_says_so(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(f"{served.site.origin}/join")
    expect(page.locator("#objection")).to_contain_text("no invitation")
    expect(page.locator("#come-in")).to_be_disabled()
