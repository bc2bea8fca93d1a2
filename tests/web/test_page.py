"""The page in a real browser: by keyboard alone, by mouse alone, by touch alone; and what its parts do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from vsa_toolkit.boxes import iou
from vsa_toolkit.db.phrases import Place

from .browsing import (
    Served,
    drag,
    fields,
    on_screen,
    wait_until_done,
    wait_until_open,
    wait_until_saved,
    write,
)
from .conftest import BALL, SIZE

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
expect = playwright.expect


def test_by_keyboard_alone(page: Page, served: Served) -> None:
    press = page.keyboard.press
    for key in "nonnt":  # new box; part O, point N of it; part N, point T of what is right of and below that
        press(key)
    expect(page.locator("#composer")).to_be_visible()
    page.keyboard.type("sun and ball", delay=20)  # no Enter before it; S and U are letters here
    press("Enter")
    wait_until_saved(page)
    [phrase] = served.desk().state(1)["phrases"]
    assert phrase["text"] == "sun and ball"
    assert phrase["seconds"] > 0  # counted in tenths, and twelve letters take 20 ms each
    press("]")
    press("Enter")
    page.keyboard.type("a red ball")
    press("Enter")
    press("ArrowLeft")
    press("Control+ArrowDown")
    press("Shift+ArrowRight")
    press("Escape")
    wait_until_saved(page)
    [moved] = served.desk().state(1)["phrases"]
    assert moved["text"] == "a red ball"
    x, y, width, height = phrase["box"]
    assert moved["box"] == pytest.approx((x - 1, y + 10, width + 1, height), abs=0.011)
    press("u")
    press("u")
    press("Shift+U")
    expect(page.locator("#redo")).to_be_enabled()
    assert fields(page) == ["a red ball"]
    press("Control+Enter")
    wait_until_done(page, 1)
    press("s")
    page.keyboard.type("too dark")
    press("Enter")
    wait_until_done(page, 2)
    assert served.desk().state(1)["assignment"]["state"] == "submitted"
    assert served.desk().state(2)["assignment"]["reason"] == "too dark"


def test_four_letters_make_a_box_that_fits(page: Page, served: Served) -> None:
    """The ball of the pictures lies at 200 to 270 of 320 and 110 to 180 of 200 pixels."""
    for key in "nnpry":  # new box; part N, point P; of the rest part R, point Y
        page.keyboard.press(key)
    page.keyboard.type("ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert iou(served.desk().state(1)["phrases"][0]["box"], BALL) > 0.7


def test_letters_can_be_taken_back_and_arrows_go_on_from_them(page: Page) -> None:
    press = page.keyboard.press
    press("n")
    expect(page.locator("#aim-hint")).to_contain_text("Upper left corner")
    expect(page.locator(".aim text")).to_have_count(25)
    press("m")
    press("Backspace")
    press("a")
    press("a")
    expect(page.locator("#aim-hint")).to_contain_text("Lower right corner")
    press("ArrowRight")
    expect(page.locator("#aim-hint")).to_be_hidden()
    expect(page.locator(".box.draft")).to_have_count(1)
    press("Escape")
    expect(page.locator("#composer")).to_be_hidden()
    press("n")
    press("Escape")
    expect(page.locator(".aim")).to_have_count(0)


def test_by_mouse_alone(page: Page, served: Served) -> None:
    """A browser's own keyboard of the screen types the words; everything else is clicks and drags."""
    drag(page, BALL)
    page.locator("#composer-text").fill("a red ball")
    page.click("#composer .primary")
    wait_until_saved(page)
    [phrase] = served.desk().state(1)["phrases"]
    assert phrase["box"] == pytest.approx(BALL, abs=1)
    drag(page, (215, 125, 30, 30))  # inside the first box
    page.locator("#composer-text").fill("its middle")
    page.click("#composer .primary")
    page.locator("#list textarea").nth(1).fill("the <b>middle</b> of it")
    page.mouse.click(*on_screen(page, 20, 20))
    expect(page.locator("#list li")).to_have_count(2)
    wait_until_saved(page)
    assert served.phrases() == ["a red ball", "the <b>middle</b> of it"]
    assert page.locator("#list b").count() == 0
    page.mouse.click(*on_screen(page, 230, 140))  # both lie here: the small one is meant
    expect(page.locator("#list li").nth(1)).to_have_class("selected")
    page.click(".to-point:visible")  # new corners, by two clicks without a drag
    page.mouse.click(*on_screen(page, 100, 50))
    page.mouse.click(*on_screen(page, 150, 90))
    wait_until_saved(page)
    assert served.desk().state(1)["phrases"][1]["box"] == pytest.approx((100, 50, 50, 40), abs=1)
    page.click("#undo")
    expect(page.locator("#redo")).to_be_enabled()
    page.click(".to-zoom:visible")
    photo = page.locator("#photo").bounding_box()
    assert photo
    assert photo["width"] > 2 * SIZE[0]
    page.click("text=Whole")
    page.click("#hide")
    expect(page.locator("#canvas .box")).to_have_count(0)
    page.click("#hide")
    page.locator("#list .delete").first.click()
    page.click("#next")
    wait_until_done(page, 1)
    assert served.phrases() == ["the <b>middle</b> of it"]
    page.click("#skip")
    page.click("text=There is nothing to describe")
    page.click("text=Skip the image")
    wait_until_done(page, 2)
    assert served.desk().state(2)["assignment"]["reason"] == "nothing to describe"


class Fingers:
    """Fingers on the screen, as a touch screen reports them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.device: CDPSession = page.context.new_cdp_session(page)
        self.clock = time.time()

    def draw(self, *paths: list[tuple[float, float]]) -> None:
        """Each path is a finger's way over the photo, in image pixels; all have as many steps."""
        ways = [
            [on_screen(self.page, *at) for at in [*path, path[-1], path[-1]]] for path in paths
        ]  # they come to rest
        for step, points in enumerate(zip(*ways)):
            kind = "touchStart" if step == 0 else "touchMove"
            self._send(kind, [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)])
        self._send("touchEnd", [])

    def _send(self, kind: str, points: list[dict[str, Any]]) -> None:
        self.clock += 0.2  # no fling, which would swallow the tap after it
        event = {"type": kind, "touchPoints": points, "timestamp": self.clock}
        self.device.send("Input.dispatchTouchEvent", event)


def test_by_touch_alone(open_page: Callable[..., Page], served: Served) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    page = open_page(served, **phone)
    fingers = Fingers(page)
    x, y, width, height = BALL
    fingers.draw([(x, y), (x + 40, y + 30), (x + width, y + height)])
    page.locator("#composer-text").fill("a red ball")
    page.tap("#composer .primary")
    wait_until_saved(page)
    assert served.desk().state(1)["phrases"][0]["box"] == pytest.approx(BALL, abs=2)
    page.tap("#new-box")  # and two taps for its corners
    for corner in ((10.0, 130.0), (60.0, 190.0)):
        page.touchscreen.tap(*on_screen(page, *corner))
    page.locator("#composer-text").fill("grass")
    page.tap("#composer .primary")
    wait_until_saved(page)
    assert served.desk().state(1)["phrases"][1]["box"] == pytest.approx((10, 130, 50, 60), abs=2)
    before = page.locator("#photo").bounding_box()
    fingers.draw([(150, 100), (130, 80), (100, 60)], [(170, 110), (190, 130), (220, 150)])  # two fingers zoom
    after = page.locator("#photo").bounding_box()
    assert before
    assert after
    assert after["width"] > 1.5 * before["width"]
    expect(page.locator("#composer")).to_be_hidden()  # and draw nothing
    page.tap("text=Whole")
    page.touchscreen.tap(*on_screen(page, 235, 145))
    expect(page.locator("#list li").first).to_have_class("selected")
    page.tap("#list li.selected .delete")
    page.tap("#undo")
    expect(page.locator("#list li")).to_have_count(2)
    page.tap("#next")
    wait_until_done(page, 1)
    assert served.phrases() == ["a red ball", "grass"]


def test_a_new_box_can_be_adjusted_while_its_phrase_is_typed(page: Page, served: Served) -> None:
    drag(page, (40, 40, 100, 100))
    page.keyboard.type("a red ")
    drag(page, (140, 140, 20, 20))  # by its lower right corner
    page.keyboard.type("ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    [phrase] = served.desk().state(1)["phrases"]
    assert phrase["text"] == "a red ball"
    assert phrase["box"] == pytest.approx([40, 40, 120, 120], abs=1)


def test_undo_goes_back_over_a_submit_and_a_skip_also_after_a_reload(page: Page, served: Served) -> None:
    press = page.keyboard.press
    write(page, BALL, "a red ball")
    press("Control+Enter")
    wait_until_done(page, 1)
    press("s")
    page.keyboard.type("too dark")
    press("Enter")
    wait_until_done(page, 2)
    page.reload()
    wait_until_open(page)
    press("u")
    wait_until_done(page, 1)
    expect(page.locator("#image-key")).to_have_text("three")
    assert served.desk().state(2)["assignment"]["state"] == "open"
    press("u")
    wait_until_done(page, 0)
    assert fields(page) == ["a red ball"]
    press("u")
    expect(page.locator("#list li")).to_have_count(0)
    press("Shift+U")
    expect(page.locator("#list li")).to_have_count(1)
    assert served.phrases() == ["a red ball"]


def test_zoom_and_letters_together_point_finer(page: Page) -> None:
    write(page, (200, 110, 20, 20), "a part")
    page.keyboard.press("[")
    page.keyboard.press("z")
    for key in "naa":
        page.keyboard.press(key)
    x, y = page.eval_on_selector(".aim .corner", "dot => [dot.cx.baseVal.value, dot.cy.baseVal.value]")
    assert x > 180
    assert y > 95


def test_a_box_without_words_is_not_saved_and_nothing_is_lost(page: Page, served: Served) -> None:
    drag(page, BALL)
    page.keyboard.press("Enter")
    assert "needs words" in page.inner_text("#composer-hint")
    page.keyboard.press("Control+Enter")
    page.locator("#composer-text").fill("a" * 10_000)
    page.keyboard.press("Enter")
    assert "10,000" in page.inner_text("#composer-hint")
    page.keyboard.press("Escape")
    assert page.locator("#composer").is_hidden()
    assert served.phrases() == []
    page.keyboard.press("Control+Enter")
    assert "no phrase on this image" in page.inner_text("#notice")


def test_what_was_cancelled_can_be_brought_back(page: Page, served: Served) -> None:
    drag(page, BALL)
    page.keyboard.type("a red ball")
    page.keyboard.press("Escape")
    expect(page.locator("#notice")).to_contain_text("a red ball")
    page.click("#remedy")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert served.phrases() == ["a red ball"]


def test_among_hundreds_of_boxes_only_the_one_in_hand_is_touched(page: Page, served: Served) -> None:
    book, place = served.office.book, Place(served.office.campaign.id, served.desk().person.id, 1)
    for at in range(120):
        book.add(place, f"made-{at:05d}", f"thing {at}", (at % 25 * 12.0, at // 25 * 15.0, 20.0, 20.0))
    page.reload()
    wait_until_open(page)
    expect(page.locator("#canvas .box")).to_have_count(120)
    page.evaluate("""() => {
        window.touched = new Set();
        new MutationObserver((changes) => changes.forEach(({target, type}) => touched.add(target.closest(".box"))))
            .observe(document.querySelector("#canvas .boxes"), {subtree: true, attributes: true, characterData: true});
    }""")
    drag(page, (50, 50, 100, 60))
    assert page.evaluate("touched.size") <= 1  # the new one
    expect(page.locator("#list li")).to_have_count(120)  # the rows that were made after the boxes, too


def test_zooming_draws_no_box_anew_until_the_hand_rests(page: Page) -> None:
    write(page, BALL, "a red ball")
    drawn, changes = page.evaluate("""() => {
        const boxes = document.querySelector("#canvas .boxes");
        const observer = new MutationObserver(() => {});
        observer.observe(boxes, {subtree: true, childList: true, attributes: true});
        const drawn = boxes.querySelector(".line").getAttribute("width");
        const {left, top} = boxes.closest("#canvas").getBoundingClientRect();
        const turn = {deltaY: -100, ctrlKey: true, clientX: left + 50, clientY: top + 50, bubbles: true};
        boxes.closest("#canvas").dispatchEvent(new WheelEvent("wheel", turn));
        const changes = observer.takeRecords().map(({target, attributeName}) => [target === boxes, attributeName]);
        return [Number(drawn), changes];
    }""")
    assert changes == [[True, "style"]]
    expect(page.locator("#canvas .boxes")).to_have_css("transform", re.compile(r"matrix\(1, 0, 0, 1, "))
    assert float(page.get_attribute("#canvas .line", "width") or 0) > 1.4 * drawn
    box, photo = page.locator("#canvas .line").bounding_box(), page.locator("#photo").bounding_box()
    assert box is not None
    assert photo is not None
    assert box["width"] / photo["width"] == pytest.approx(BALL[2] / SIZE[0], abs=0.02)


@pytest.mark.parametrize("text", ["كلب بني صغير", "🐕 on a 🛹", "<img src=x onerror=alert(1)>"])
def test_words_of_every_kind_come_back_as_they_were_typed(page: Page, served: Served, text: str) -> None:
    drag(page, BALL)
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert served.phrases() == [text]
    page.reload()
    wait_until_open(page)
    assert fields(page) == [text]


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


def test_single_keys_can_be_kept_to_the_photo(page: Page) -> None:
    page.keyboard.press("?")
    page.uncheck("#single-keys")
    page.keyboard.press("Escape")
    page.focus("#new-box")
    page.keyboard.press("n")
    assert page.locator(".aim").count() == 0
    page.focus("#canvas")
    page.keyboard.press("n")
    expect(page.locator(".aim")).to_have_count(1)


def test_changes_are_spoken(page: Page) -> None:
    spoken = page.locator("#spoken")
    expect(spoken).to_have_text("Image one, 0 phrases")
    page.keyboard.press("n")
    expect(spoken).to_have_text("Upper left corner: a letter for the part of the photo")
    page.keyboard.press("Escape")
    write(page, BALL, "a red ball")
    expect(spoken).to_have_text("Box 1: a red ball")
    page.keyboard.press("]")
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("Escape")
    expect(spoken).to_have_text("Box at 190, 110, 70 by 70")
