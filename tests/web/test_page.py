"""The page in a real browser: by mouse, by keyboard, with the server away."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn

from vsa_toolkit.web.access import Access
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.desk import Desk
from vsa_toolkit.web.office import Office
from vsa_toolkit.web.serving import listen

from .conftest import BALL, SIZE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
expect = playwright.expect

SECONDS = 1000  # milliseconds, as the browser counts


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("neither chromium nor google-chrome is installed: no browser to test in")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def address(office: Office, desk: Desk) -> Iterator[str]:
    """A running server's address with its token."""
    listener = listen(0)
    access = Access.here(office.workspace.database, listener.getsockname()[1], desk.person)
    config = uvicorn.Config(create_application(office, access), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield access.address
    server.should_exit = True
    thread.join(timeout=30)
    listener.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page on the first image; whatever the console complains of fails the test."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(30 * SECONDS)
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    opened.goto(address)
    opened.wait_for_selector("#image-key:not(:empty)")
    yield opened
    context.close()
    assert complaints == []


def drag(page: Page, box: tuple[float, float, float, float]) -> None:
    """Drag from one corner of a box to the other, both in image pixels."""
    photo = page.locator("#canvas image").bounding_box()
    assert photo
    scale = photo["width"] / SIZE[0]
    x, y, width, height = box
    page.mouse.move(photo["x"] + x * scale, photo["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(photo["x"] + (x + width / 2) * scale, photo["y"] + (y + height) * scale)
    page.mouse.move(photo["x"] + (x + width) * scale, photo["y"] + (y + height) * scale)
    page.mouse.up()


def wait_until_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(re.compile("^saved"))


def wait_until_done(page: Page, done: int) -> None:
    """Until so many images are done and the next one is there."""
    expect(page.locator("#progress")).to_have_text(f"{done} of 3")
    expect(page.locator("#skip")).to_be_enabled()


def phrases(desk: Desk, image: int = 1) -> list[str]:
    return [phrase["text"] for phrase in desk.state(image)["phrases"]]


def fields(page: Page) -> list[str]:
    values: list[str] = page.eval_on_selector_all("#list textarea", "rows => rows.map((row) => row.value)")
    return values


def test_by_mouse_a_box_is_drawn_named_edited_deleted_and_the_image_sent_on(page: Page, desk: Desk) -> None:
    drag(page, BALL)
    page.keyboard.type("a red ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    [phrase] = desk.state(1)["phrases"]
    assert phrase["text"] == "a red ball"
    assert phrase["box"] == pytest.approx(BALL, abs=1)
    drag(page, (215, 125, 30, 30))  # inside the first box
    page.keyboard.type("its middle")
    page.click("#composer .primary")
    page.locator("#list textarea").nth(1).fill("the <b>middle</b> of it")
    page.locator("#list textarea").nth(1).press("Enter")
    expect(page.locator("#list li")).to_have_count(2)
    wait_until_saved(page)
    assert phrases(desk) == ["a red ball", "the <b>middle</b> of it"]
    assert page.locator("#list b").count() == 0
    page.locator("#list .delete").first.click()
    page.click("#next")
    wait_until_done(page, 1)
    assert phrases(desk) == ["the <b>middle</b> of it"]
    assert desk.state(1)["assignment"]["state"] == "submitted"
    assert fields(page) == []


def test_by_keyboard_alone(page: Page, desk: Desk) -> None:
    press = page.keyboard.press
    press("n")
    press("ArrowRight")
    press("Control+ArrowDown")
    press("Shift+ArrowLeft")
    page.keyboard.type("sun in the middle")  # no Enter before it; S and U are letters here
    press("Enter")
    wait_until_saved(page)
    assert phrases(desk) == ["sun in the middle"]
    assert desk.state(1)["phrases"][0]["box"] == [97, 70, 127, 80]
    press("]")
    press("ArrowLeft")
    press("Escape")
    wait_until_saved(page)
    assert desk.state(1)["phrases"][0]["box"] == [96, 70, 127, 80]
    press("u")
    expect(page.locator("#canvas .line")).to_have_attribute("x", "97")
    press("Control+Enter")
    wait_until_done(page, 1)
    press("s")
    page.keyboard.type("too dark")
    press("Enter")
    wait_until_done(page, 2)
    assert desk.state(2)["assignment"]["reason"] == "too dark"


def test_while_the_server_is_away_changes_are_kept_also_through_a_reload(page: Page, desk: Desk) -> None:
    page.route("**/operations", lambda route: route.abort())
    drag(page, BALL)
    page.keyboard.type("a red ball")
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_have_text("offline, 1 change kept")
    assert fields(page) == ["a red ball"]
    assert phrases(desk) == []
    page.unroute("**/operations")
    page.reload()
    expect(page.locator("#list li")).to_have_count(1)
    assert phrases(desk) == ["a red ball"]


def test_a_new_box_can_be_adjusted_while_its_phrase_is_typed(page: Page, desk: Desk) -> None:
    drag(page, (40, 40, 100, 100))
    page.keyboard.type("a red ")
    drag(page, (140, 140, 20, 20))  # by its lower right corner
    page.keyboard.type("ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    [phrase] = desk.state(1)["phrases"]
    assert phrase["text"] == "a red ball"
    assert phrase["box"] == pytest.approx([40, 40, 120, 120], abs=1)


def test_a_phrase_that_is_being_typed_survives_a_reload(page: Page) -> None:
    drag(page, BALL)
    page.keyboard.type("a red b")
    page.reload()
    page.wait_for_selector("#composer:not([hidden])")
    assert page.input_value("#composer-text") == "a red b"


def test_an_answer_that_got_lost_makes_no_second_phrase(page: Page, desk: Desk) -> None:
    lost = []

    def lose_the_first(route: object) -> None:
        if lost:
            route.continue_()  # type: ignore[attr-defined]
        else:
            lost.append(route.fetch())  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]

    page.route("**/operations", lose_the_first)
    drag(page, BALL)
    page.keyboard.type("a red ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert lost
    assert phrases(desk) == ["a red ball"]


def test_a_second_tab_asks_before_it_takes_over(page: Page) -> None:
    second = page.context.new_page()
    second.goto(page.url)
    second.wait_for_selector("#elsewhere[open]")
    second.click("#elsewhere button")
    second.wait_for_selector("#image-key:not(:empty)")
    page.wait_for_selector("#notice:not([hidden])")
    assert page.locator("main > section[inert]").count() > 0


def test_a_box_without_words_is_not_saved_and_nothing_is_lost(page: Page, desk: Desk) -> None:
    drag(page, BALL)
    page.keyboard.press("Enter")
    assert "needs words" in page.inner_text("#composer-hint")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    assert page.locator("#composer").is_hidden()
    assert phrases(desk) == []
    page.keyboard.press("Control+Enter")
    assert "no phrase on this image" in page.inner_text("#notice")


def test_after_the_last_image_the_page_says_so(page: Page) -> None:
    for done in (1, 2, 3):
        page.keyboard.press("s")
        page.keyboard.type("too dark")
        page.keyboard.press("Enter")
        if done < 3:
            wait_until_done(page, done)
    page.wait_for_selector("#finished:not([hidden])")
    page.click("#back")
    page.wait_for_selector("#state:not([hidden])")
    assert page.inner_text("#state") == "Skipped: too dark"
