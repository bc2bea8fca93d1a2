"""Suggestions and what came of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from vsa_toolkit.db import suggestions
from vsa_toolkit.db.campaigns import CampaignInfo, CampaignOptions, create_campaign
from vsa_toolkit.db.models import Caption, Dataset, Region, Run, Snippet
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError
from vsa_toolkit.records import RegionBox

ONE, TWO = (1.0, 2.0, 10.0, 12.0), (20.0, 2.0, 10.5, 12.0)
IMAGE = 1


@pytest.fixture
def campaign(filled: Workspace) -> CampaignInfo:
    """Suggests two boxes and, from a run, a caption of the whole image, one of a box and a snippet."""
    store = filled.store
    boxes = store.create_region_set("made", "proposed", "grid", {})
    found = [RegionBox("1", ONE, score=0.2), RegionBox("2", TWO, score=0.9)]
    store.save_regions(boxes, [(image.id, found if image.id == IMAGE else []) for image in store.read_images("made")])
    store.finish_region_set(boxes)
    [sentence, *_] = store.read_sentences(IMAGE)
    with filled.database.write() as session:
        [dataset] = session.scalars(select(Dataset)).all()
        first = session.scalars(select(Region).where(Region.region_set_id == boxes).order_by(Region.id)).first()
        assert first is not None
        run = Run(
            dataset_id=dataset.id, region_set_id=boxes, backend="rnn", split="train", fingerprint="", state="finished"
        )
        session.add(run)
        session.flush()
        session.add_all(
            [
                Caption(run_id=run.id, image_id=IMAGE, text="a  red dog", region_id=first.id, log_probability=-2.0),
                Caption(run_id=run.id, image_id=IMAGE, text="a dog on grass", log_probability=-1.0),
                Snippet(
                    run_id=run.id, sentence_id=sentence.id, region_id=first.id, start=0, end=3, text="a r", score=1
                ),
                Snippet(
                    run_id=run.id, sentence_id=sentence.id, region_id=first.id, start=0, end=3, text="a r", score=2
                ),
            ]
        )
        number = run.id
    options = CampaignOptions(suggest=("boxes", "phrases"), region_set="proposed", run=number)
    return create_campaign(filled.database, "made", "helped", overlap=2, options=options)


@pytest.fixture
def at(filled: Workspace, campaign: CampaignInfo) -> Place:
    book = PhraseBook(filled.database)
    ann = book.annotator("ann")
    assert book.next_image(campaign.id, ann) == IMAGE
    return Place(campaign.id, ann, IMAGE)


@pytest.fixture
def op() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"operation-{next(numbers)}"


def told(workspace: Workspace, campaign: CampaignInfo, at: Place) -> dict[str, Any]:
    with workspace.database.read() as session:
        found = suggestions.suggestions(session, campaign, at)
    assert found is not None
    return found


def exposure(workspace: Workspace, campaign: CampaignInfo, at: Place) -> list[str]:
    return [each["exposure"] for each in told(workspace, campaign, at)["list"]]


def test_the_best_boxes_and_phrases_are_offered_once(filled: Workspace, campaign: CampaignInfo, at: Place) -> None:
    before = told(filled, campaign, at)
    assert (before["asked"], before["boxes"], before["phrases"], before["list"]) == (False, 2, 3, [])
    for _ in range(2):
        suggestions.offer(filled.database, campaign, at)
    offered = told(filled, campaign, at)["list"]
    assert [(each["kind"], each["box"], each["text"]) for each in offered] == [
        ("box", list(TWO), None), ("box", list(ONE), None), ("phrase", None, "a dog on grass"),
        ("phrase", list(ONE), "a red dog"), ("phrase", list(ONE), "a r"),
    ]  # fmt: skip
    assert {each["exposure"] for each in offered} == {"offered"}
    assert [each["score"] for each in offered] == [0.9, 0.2, None, None, None]


def test_boxes_can_be_asked_for_alone(filled: Workspace, campaign: CampaignInfo, at: Place) -> None:
    suggestions.offer(filled.database, campaign, at, ("boxes",))
    assert [each["kind"] for each in told(filled, campaign, at)["list"]] == ["box", "box"]


def test_exposure_follows_what_the_annotator_does(
    filled: Workspace, campaign: CampaignInfo, at: Place, op: Callable[[], str]
) -> None:
    book = PhraseBook(filled.database)
    suggestions.offer(filled.database, campaign, at)
    box, other_box, caption, phrase, snippet = (each["id"] for each in told(filled, campaign, at)["list"])
    suggestions.note_seen(filled.database, at, op(), (box, other_box, caption, phrase))
    assert exposure(filled, campaign, at) == ["shown"] * 4 + ["offered"]
    book.add(at, op(), "a cat", TWO, suggestion=box)  # the machine's box, the person's words
    book.add(at, op(), "a dog", (2.0, 3.0, 10.0, 12.0), suggestion=other_box)  # the box was moved
    made = book.add(at, op(), "a red dog", ONE, suggestion=phrase)["phrase"]["id"]
    suggestions.note_ignored(filled.database, at, op(), caption)
    assert exposure(filled, campaign, at) == ["accepted", "edited", "ignored", "accepted", "offered"]
    book.edit(at, op(), made, "a small red dog")
    assert exposure(filled, campaign, at)[3] == "edited"
    book.undo(at, op())
    assert exposure(filled, campaign, at)[3] == "accepted"
    book.delete(at, op(), made)
    assert exposure(filled, campaign, at)[3] == "ignored"
    book.undo(at, op())
    assert exposure(filled, campaign, at)[3] == "accepted"
    assert told(filled, campaign, at)["list"][3]["phrase"] == made
    suggestions.note_seen(filled.database, at, op(), (snippet,))
    book.submit(at, op())
    assert exposure(filled, campaign, at) == ["accepted", "edited", "ignored", "accepted", "ignored"]
    book.undo(at, op())
    assert exposure(filled, campaign, at)[4] == "shown"


def test_what_was_used_was_seen_also_after_an_undo(
    filled: Workspace, campaign: CampaignInfo, at: Place, op: Callable[[], str]
) -> None:
    suggestions.offer(filled.database, campaign, at, ("boxes",))
    box = told(filled, campaign, at)["list"][0]["id"]
    book = PhraseBook(filled.database)
    book.add(at, op(), "a cat", TWO, suggestion=box)
    book.undo(at, op())
    assert exposure(filled, campaign, at) == ["shown", "offered"]
    book.redo(at, op())
    assert exposure(filled, campaign, at) == ["accepted", "offered"]


def test_another_annotators_suggestion_cannot_be_used(
    filled: Workspace, campaign: CampaignInfo, at: Place, op: Callable[[], str]
) -> None:
    book = PhraseBook(filled.database)
    suggestions.offer(filled.database, campaign, at, ("boxes",))
    box = told(filled, campaign, at)["list"][0]["id"]
    ben = Place(campaign.id, book.annotator("ben"), IMAGE)
    assert book.next_image(campaign.id, ben.annotator_id) == IMAGE
    with pytest.raises(UserError, match="no suggestion"):
        book.add(ben, op(), "a cat", TWO, suggestion=box)
    suggestions.note_seen(filled.database, ben, op(), (box,))
    assert exposure(filled, campaign, at) == ["offered", "offered"]
    assert book.phrases(ben) == []


def test_a_campaign_without_suggestions_says_nothing_of_them(filled: Workspace) -> None:
    plain = create_campaign(filled.database, "made", "plain")
    at = Place(plain.id, PhraseBook(filled.database).annotator("ann"), IMAGE)
    suggestions.offer(filled.database, plain, at)
    with filled.database.read() as session:
        assert suggestions.suggestions(session, plain, at) is None
