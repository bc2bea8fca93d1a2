"""What a campaign brings to the page: two people or tabs on one phrase, suggestions, practice, near duplicates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from vsa_toolkit.db.campaigns import KnownAnswer
from vsa_toolkit.db.corrections import correct
from vsa_toolkit.db.models import Region, Suggestion
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.records import RegionBox

from .browsing import Served, drag, fields, wait_until_done, wait_until_open, wait_until_saved, write
from .conftest import BALL

if TYPE_CHECKING:
    from playwright.sync_api import Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")
expect = playwright.expect
GRASS = (10.0, 130.0, 100.0, 60.0)


@pytest.fixture
def proposed(workspace: Workspace) -> str:
    """A region set with the ball and the grass of every picture."""
    store = workspace.store
    boxes = store.create_region_set("pictures", "proposed", "grid", {})
    regions = [RegionBox("1", BALL, score=0.9), RegionBox("2", GRASS, score=0.5)]
    store.save_regions(boxes, [(image.id, regions) for image in store.read_images("pictures")])
    store.finish_region_set(boxes)
    return "proposed"


def exposures(served: Served) -> dict[int, str]:
    with served.office.workspace.database.read() as session:
        return {row.id: row.exposure for row in session.scalars(select(Suggestion))}


# Two at one phrase ------------------------------------------------------------------------------------------------


@pytest.fixture
def met(page: Page, served: Served) -> Page:
    """A page that changed a phrase which somebody had corrected meanwhile from the terminal."""
    write(page, BALL, "a red ball")
    wait_until_saved(page)
    correct(served.office.workspace.database, "rita", served.desk().state(1)["phrases"][0]["id"], "a beach ball")
    page.locator("#list textarea").fill("a big red ball")
    page.keyboard.press("Enter")
    expect(page.locator("#merge-dialog")).to_be_visible()
    return page


def test_a_change_that_met_another_shows_both_and_overwrites_nothing(met: Page, served: Served) -> None:
    assert served.phrases() == ["a beach ball"]
    expect(met.locator("#merge-mine")).to_have_text("a big red ball")
    expect(met.locator("#merge-theirs")).to_have_text("a beach ball")


def test_the_merged_words_are_what_is_kept(met: Page, served: Served) -> None:
    met.fill("#merge-text", "a big red beach ball")
    met.click("#merge-save")
    wait_until_saved(met)
    assert served.phrases() == ["a big red beach ball"]
    assert fields(met) == ["a big red beach ball"]


def test_theirs_can_be_kept(met: Page, served: Served) -> None:
    met.click("#merge-keep-theirs")
    wait_until_saved(met)
    assert served.phrases() == ["a beach ball"]
    assert fields(met) == ["a beach ball"]


def test_a_decision_can_wait_also_over_a_reload(met: Page, served: Served) -> None:
    met.click("#merge-later")
    expect(met.locator("#saved")).to_have_text("1 change needs your decision")
    met.reload()
    expect(met.locator("#merge-dialog")).to_be_visible()
    met.click("#merge-save")
    wait_until_saved(met)
    assert served.phrases() == ["a big red ball"]


def test_a_box_that_two_devices_moved_is_chosen_by_eye(open_page: Callable[..., Page], served: Served) -> None:
    here, there = open_page(served), open_page(served)
    write(here, BALL, "a red ball")
    wait_until_saved(here)
    there.reload()
    wait_until_open(there)
    for page, key in ((here, "Control+ArrowLeft"), (there, "Control+ArrowUp")):
        page.keyboard.press("]")
        page.keyboard.press(key)
        page.keyboard.press("Escape")
        if page is here:
            wait_until_saved(page)
    expect(there.locator("#merge-who")).to_contain_text("another tab or on another device")
    there.check("#merge-boxes [value=theirs]")
    there.click("#merge-save")
    expect(there.locator("#merge-dialog")).to_be_hidden()
    expect(there.locator("#saved")).to_be_empty()  # what is there already is not sent again
    assert served.desk().state(1)["phrases"][0]["box"] == pytest.approx([190, 110, 70, 70], abs=1)


# Suggestions ------------------------------------------------------------------------------------------------------


def test_suggestions_come_when_asked_for_and_what_became_of_each_is_kept(
    open_page: Callable[..., Page], serve: Callable[..., Served], proposed: str
) -> None:
    served = serve(suggest=("boxes",), region_set=proposed)
    page = open_page(served)
    assert page.locator("#canvas .suggestion").count() == 0
    page.keyboard.press("g")
    expect(page.locator("#canvas .suggestion")).to_have_count(2)
    wait_until_saved(page)
    assert set(exposures(served).values()) == {"shown"}
    page.keyboard.press("1")
    page.keyboard.type("a red ball")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Digit2")
    expect(page.locator("#canvas .suggestion")).to_have_count(0)
    wait_until_saved(page)
    [phrase] = served.desk().state(1)["phrases"]
    assert phrase["box"] == pytest.approx(BALL)
    assert list(exposures(served).values()) == ["accepted", "ignored"]
    page.keyboard.press("u")
    expect(page.locator("#canvas .suggestion")).to_have_count(1)


def test_suggestions_at_once_are_seen_at_once_and_by_mouse_alone(
    open_page: Callable[..., Page], serve: Callable[..., Served], proposed: str
) -> None:
    served = serve(suggest=("boxes",), region_set=proposed, suggest_when="at-once")
    page = open_page(served)
    wait_until_saved(page)
    assert set(exposures(served).values()) == {"shown"}
    page.click("#suggestions .accept >> nth=1")
    page.fill("#composer-text", "grass")
    page.click("#composer .primary")
    page.click("#suggestions .delete")
    wait_until_saved(page)
    assert list(exposures(served).values()) == ["ignored", "accepted"]


def test_a_suggested_phrase_is_taken_with_its_box_or_put_on_one(
    open_page: Callable[..., Page], serve: Callable[..., Served], proposed: str
) -> None:
    served = serve(suggest=("boxes",), region_set=proposed)
    at, person = served.office.campaign.id, served.desk().person.id
    with served.office.workspace.database.write() as session:
        region = session.scalars(select(Region).where(Region.x == BALL[0], Region.image_id == 1)).one()
        for box, text in ((region.id, "a red ball"), (None, "a meadow")):
            session.add(
                Suggestion(campaign_id=at, annotator_id=person, image_id=1, region_id=box, text=text)
            )  # fmt: skip
    page = open_page(served)
    expect(page.locator("#suggestions li")).to_have_count(2)
    page.keyboard.press("1")
    expect(page.locator("#list li")).to_have_count(1)
    page.keyboard.press("2")
    for key in "aayy":
        page.keyboard.press(key)
    assert page.input_value("#composer-text") == "a meadow"
    page.keyboard.type(" with a ball")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert served.phrases() == ["a red ball", "a meadow with a ball"]
    assert list(exposures(served).values()) == ["accepted", "edited"]


# What a campaign asks for -----------------------------------------------------------------------------------------


def test_fewer_phrases_than_asked_for_need_a_reason(
    open_page: Callable[..., Page], serve: Callable[..., Served]
) -> None:
    served = serve(phrases_per_image=3, words="Say what you see.\n<b>Be</b> brief.")
    page = open_page(served)
    expect(page.locator("#guidelines-text")).to_have_text("Say what you see.\n<b>Be</b> brief.")
    page.keyboard.press("Escape")
    expect(page.locator("#panel-title")).to_have_text("Phrases 0 of 3")
    write(page, BALL, "a red ball")
    page.keyboard.press("Control+Enter")
    page.check("#few-dialog [value='nothing else to describe']")
    page.keyboard.press("Enter")
    wait_until_done(page, 1)
    assert served.desk().state(1)["assignment"]["reason"] == "nothing else to describe"
    page.reload()
    wait_until_open(page)
    expect(page.locator("#guidelines-dialog")).to_be_hidden()


def test_practice_says_what_was_right_and_goes_on_only_when_it_is_passed(
    open_page: Callable[..., Page], serve: Callable[..., Served]
) -> None:
    served = serve(practice={2: (KnownAnswer(BALL, ("a red ball",)),)}, pass_mark=1.0)
    page = open_page(served)
    expect(page.locator("#progress")).to_have_text("Practice: 0 of 1")
    write(page, GRASS, "grass")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#graded")).to_contain_text("0 of 1 right")
    expect(page.locator("#canvas .answer")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#finished-title")).to_have_text("Practise once more")
    page.click("#practise")
    expect(page.locator("#stage")).to_be_visible()
    write(page, BALL, "red ball")
    wait_until_saved(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#graded")).to_contain_text("1 of 1 right")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#progress")).to_have_text("0 of 2")


def test_a_near_duplicate_is_kept_pointed_out_and_can_be_taken_back(page: Page, served: Served) -> None:
    write(page, BALL, "a red ball")
    write(page, (203, 112, 68, 68), "the red ball")
    expect(page.locator("#notice")).to_contain_text("Much like another phrase of yours")
    assert served.phrases() == ["a red ball", "the red ball"]
    page.click("#remedy")
    wait_until_saved(page)
    assert served.phrases() == ["a red ball"]


def test_other_peoples_phrases_are_seen_where_the_campaign_is_not_blind(
    open_page: Callable[..., Page], serve: Callable[..., Served]
) -> None:
    served = serve(team=True, overlap=2, blind=False)
    ann, ben = open_page(served, "ann"), open_page(served, "ben")
    write(ann, BALL, "a <i>red</i> ball")
    wait_until_saved(ann)
    ben.reload()
    wait_until_open(ben)
    expect(ben.locator("#others li")).to_have_text("ann: a <i>red</i> ball")
    expect(ben.locator("#canvas .other")).to_have_count(1)
    drag(ben, BALL)  # what is theirs is in nobody's way
    expect(ben.locator("#composer")).to_be_visible()
