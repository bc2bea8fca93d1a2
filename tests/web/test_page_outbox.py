"""The page keeps what people wrote: without an answer, without a session, closed in the middle of a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from vsa_toolkit.db.corrections import Filter, list_phrases

from .browsing import Served, drag, fields, wait_until_open, wait_until_saved, write
from .conftest import BALL

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
expect = playwright.expect

OPERATIONS = "**/api/operations"


def test_while_the_server_is_away_changes_are_kept_also_through_a_reload(page: Page, served: Served) -> None:
    page.route(OPERATIONS, lambda route: route.abort())
    write(page, BALL, "a red ball")
    expect(page.locator("#saved")).to_have_text("offline, 1 change kept")
    write(page, (10, 10, 30, 30), "the sky")
    page.keyboard.press("]")
    page.keyboard.press("u")
    expect(page.locator("#saved")).to_have_text("offline, 3 changes kept")
    assert fields(page) == ["a red ball"]
    assert served.phrases() == []
    page.unroute(OPERATIONS)
    page.reload()
    wait_until_open(page)
    assert fields(page) == ["a red ball"]
    assert served.phrases() == ["a red ball"]


def test_an_answer_that_got_lost_makes_no_second_phrase(page: Page, served: Served) -> None:
    lost = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())
            route.abort()

    page.route(OPERATIONS, lose_the_first)
    write(page, BALL, "a red ball")
    wait_until_saved(page)
    assert lost
    assert served.phrases() == ["a red ball"]


def test_a_phrase_that_is_being_typed_survives_a_reload(page: Page) -> None:
    drag(page, BALL)
    page.keyboard.type("a red b")
    page.reload()
    page.wait_for_selector("#composer:not([hidden])")
    assert page.input_value("#composer-text") == "a red b"


def test_other_words_that_are_being_typed_survive_a_reload(page: Page, served: Served) -> None:
    write(page, BALL, "a red ball")
    wait_until_saved(page)
    page.keyboard.press("]")
    page.keyboard.press("Enter")
    page.keyboard.type("a big ")
    page.reload()
    wait_until_open(page)
    assert fields(page) == ["a big "]
    page.locator("#list textarea").press("End")
    page.keyboard.type("ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert served.phrases() == ["a big ball"]


def test_a_second_tab_asks_before_it_takes_over(page: Page) -> None:
    second = page.context.new_page()
    second.goto(page.url)
    second.wait_for_selector("#elsewhere[open]")
    second.click("#elsewhere button")
    wait_until_open(second)
    page.wait_for_selector("#notice:not([hidden])")
    assert page.locator("main > section[inert]").count() > 0


def test_who_signs_in_again_loses_neither_the_page_nor_a_change(page: Page, served: Served) -> None:
    end_session(page)
    write(page, BALL, "a red ball")
    expect(page.locator("#signin-dialog")).to_be_visible()
    expect(page.locator("#saved")).to_have_text("session ended, 1 change kept")
    page.fill("#signin-token", "nonsense")
    page.keyboard.press("Enter")
    expect(page.locator("#signin-objection")).not_to_be_empty()
    page.fill("#signin-token", served.access.address)
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert fields(page) == ["a red ball"]
    assert served.phrases() == ["a red ball"]


def test_what_is_kept_goes_out_under_its_own_name_only(
    open_page: Callable[..., Page], serve: Callable[..., Served]
) -> None:
    served = serve(team=True)
    page = open_page(served, "ann")
    end_session(page)
    write(page, BALL, "a red ball")
    page.fill("#signin-token", f"{served.site.origin}/join#{served.invite('ben')}")
    page.keyboard.press("Enter")
    expect(page.locator("#signin-objection")).to_contain_text("ben")
    page.fill("#signin-token", f"{served.site.origin}/join#{served.invite('ann')}")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    written = list_phrases(served.office.workspace.database, Filter())
    assert [(row["annotator"], row["text"]) for row in written] == [("ann", "a red ball")]


def test_without_storage_the_page_works_and_says_so(new_context: Callable[..., BrowserContext], served: Served) -> None:
    context = new_context()
    context.add_init_script("delete window.indexedDB; Object.defineProperty(window, 'indexedDB', {value: undefined})")
    page = context.new_page()
    page.goto(served.access.address)
    wait_until_open(page)
    expect(page.locator("#notice")).to_contain_text("keeps nothing")
    write(page, BALL, "a red ball")
    wait_until_saved(page)
    assert served.phrases() == ["a red ball"]


def test_a_refused_change_is_told_with_its_words(page: Page) -> None:
    def refuse(route: Route) -> None:
        [operation] = route.request.post_data_json["operations"]
        result = {"op_id": operation["op_id"], "status": 422, "error": "A phrase must rhyme."}
        route.fulfill(json={"results": [result], "states": {}, "progress": None, "next": None})

    page.route(OPERATIONS, refuse)
    write(page, BALL, "a red ball")
    expect(page.locator("#notice")).to_contain_text("A phrase must rhyme. Not saved: “a red ball”")
    expect(page.locator("#list li")).to_have_count(0)


def end_session(page: Page) -> None:
    """As another tab does that signs out."""
    assert page.evaluate("fetch('/api/session', {method: 'DELETE'}).then((answer) => answer.status)") == 200
