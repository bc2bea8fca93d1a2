"""axe-core finds nothing to object to on any page, in any state of it, in light or dark."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vsa_toolkit.db.campaigns import KnownAnswer
from vsa_toolkit.db.corrections import correct
from vsa_toolkit.db.workspace import Workspace

from .browsing import Served, come_in, drag, wait_until_done, wait_until_open, wait_until_saved, write
from .conftest import BALL
from .test_page_team import GRASS, proposed

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
expect = playwright.expect

__all__ = ["proposed"]


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's own script, as the package axe-playwright-python carries it."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-playwright-python is not installed: accessibility is not checked")
    return Path(spec.origin).with_name("axe.min.js").read_text("utf-8")


def objections(page: Page, axe: str) -> list[str]:
    """What axe-core finds, in light and in dark: rule, theme and element."""
    page.evaluate(axe)
    found = []
    for scheme, rules in (("light", "{}"), ("dark", "{runOnly: ['color-contrast']}")):  # all else is the same in both
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        report: dict[str, Any] = page.evaluate(f"axe.run({rules})")
        for violation in report["violations"]:
            found += [f"{scheme} {violation['id']}: {node['html'][:150]}" for node in violation["nodes"]]
    return found


def test_the_annotation_page_in_each_of_its_states(
    open_page: Callable[..., Page], serve: Callable[..., Served], proposed: str, axe: str
) -> None:
    served = serve(suggest=("boxes",), region_set=proposed, phrases_per_image=5, words="Say what you see.\n" * 60)
    page = open_page(served)
    found: list[str] = []

    def look(state: str) -> None:
        found.extend(f"{state}: {each}" for each in objections(page, axe))

    look("guidelines")
    page.keyboard.press("Escape")
    look("empty")
    page.keyboard.press("n")
    look("corners")
    page.keyboard.press("Escape")
    write(page, BALL, "a red ball")
    write(page, (203, 112, 68, 68), "the red ball")
    page.wait_for_selector("#notice:not([hidden])")
    page.keyboard.press("g")
    page.wait_for_selector("#suggestions li")
    page.keyboard.press("]")
    look("phrases")
    drag(page, GRASS)
    page.keyboard.press("Enter")
    look("new box")
    page.keyboard.press("Escape")
    for key, state in (("?", "keys"), ("s", "skip"), ("Control+Enter", "too few")):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        look(state)
        page.keyboard.press("Escape")
    correct(served.office.workspace.database, "rita", served.desk().state(1)["phrases"][0]["id"], "a beach ball")
    page.locator("#list textarea").first.fill("a big red ball")
    page.keyboard.press("Enter")
    page.wait_for_selector("#merge-dialog[open]")
    look("merge")
    page.keyboard.press("Escape")
    page.evaluate("fetch('/api/session', {method: 'DELETE'})")
    page.reload()
    look("no session")
    assert found == []


def test_practice_the_end_and_a_small_screen(
    open_page: Callable[..., Page], serve: Callable[..., Served], axe: str
) -> None:
    served = serve(team=True, overlap=2, blind=False, practice={2: (KnownAnswer(BALL, ("a red ball",)),)})
    page = open_page(served, "ann", viewport={"width": 390, "height": 800})
    write(page, BALL, "a red ball")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#graded:not([hidden])")
    found = objections(page, axe)
    page.keyboard.press("Control+Enter")
    for done in range(2):
        wait_until_done(page, done, of=2)
        page.keyboard.press("s")
        page.keyboard.type("dark")
        page.keyboard.press("Enter")
    page.wait_for_selector("#finished:not([hidden])")
    assert found + objections(page, axe) == []


def test_the_pages_around_it(
    new_context: Callable[..., BrowserContext], serve: Callable[..., Served], workspace: Workspace, axe: str
) -> None:
    served = serve(team=True, overlap=2)
    context = new_context()
    page = context.new_page()
    origin = served.site.origin
    found = []
    for path in ("/join#token", "/join", "/?token=forged", "/nowhere"):
        page.goto(origin + path)
        found += objections(page, axe)
    come_in(context, served, served.invite("rita", "owner"))
    page.goto(origin)
    wait_until_open(page)
    write(page, BALL, "a red ball")
    page.keyboard.press("Control+Enter")
    wait_until_saved(page)
    for path in ("/review", "/progress"):
        page.goto(origin + path)
        page.wait_for_load_state("networkidle")
        found += objections(page, axe)
    assert found == []
