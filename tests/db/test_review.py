"""Review: accepted, rejected, adjudicated, and taken back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from vsa_toolkit.db.campaigns import CampaignInfo, create_campaign
from vsa_toolkit.db.journal import Conflict
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.review import ReviewBook
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError

DOG, NEAR_DOG, CAT = (2.0, 3.0, 10.0, 12.0), (3.0, 3.0, 10.0, 12.0), (20.0, 3.0, 10.0, 12.0)
IMAGE = 1
ANNS_DOG, ANNS_CAT, BENS_DOG = 1, 2, 3


@pytest.fixture
def op() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"operation-{next(numbers)}"


@pytest.fixture
def campaign(filled: Workspace, op: Callable[[], str]) -> CampaignInfo:
    """Ann and ben have submitted image 1 (phrases 1 and 2, phrase 3); cat has begun it and skipped image 2."""
    made = create_campaign(filled.database, "made", "pilot", overlap=3, blind=True)
    book = PhraseBook(filled.database)
    for name, phrases in (("ann", [("a dog", DOG), ("a cat", CAT)]), ("ben", [("the dog", NEAR_DOG)])):
        at = Place(made.id, book.annotator(name), IMAGE)
        assert book.next_image(made.id, at.annotator_id) == IMAGE
        for text, box in phrases:
            book.add(at, op(), text, box)
        book.submit(at, op())
    cat = book.annotator("cat")
    assert book.next_image(made.id, cat) == IMAGE
    book.add(Place(made.id, cat, IMAGE), op(), "a draft", DOG)
    return made


@pytest.fixture
def review(filled: Workspace, campaign: CampaignInfo) -> ReviewBook:
    return ReviewBook(filled.database, campaign)


@pytest.fixture
def at(review: ReviewBook) -> Place:
    return Place(review.campaign.id, PhraseBook(review.database).annotator("rita"), IMAGE)


def states(review: ReviewBook, at: Place) -> dict[int, tuple[str, str | None]]:
    return {p.info.id: (p.info.state, p.info.reason) for p in review.image(at.annotator_id, IMAGE).phrases}


def test_what_people_submitted_is_matched_and_drafts_are_not_there(review: ReviewBook, at: Place) -> None:
    seen = review.image(at.annotator_id, IMAGE)
    assert seen.people == ["ann", "ben"]
    assert [p.info.id for p in seen.phrases] == [ANNS_DOG, ANNS_CAT, BENS_DOG]
    assert sorted(seen.groups) == [[ANNS_DOG, BENS_DOG], [ANNS_CAT]]
    assert seen.agreement["boxes"] == pytest.approx(2 / 3)
    assert seen.agreement["words"] == 1
    assert review.images() == [{"id": 1, "key": "photo0", "phrases": 3, "waiting": 3, "annotators": 2}]


def test_phrases_are_accepted_rejected_reopened_and_each_act_is_taken_back(
    review: ReviewBook, at: Place, op: Callable[[], str]
) -> None:
    review.accept(at, op(), [ANNS_DOG, BENS_DOG])
    review.reject(at, op(), [ANNS_CAT], " no cat ")
    assert states(review, at) == {1: ("accepted", None), 2: ("rejected", "no cat"), 3: ("accepted", None)}
    assert review.images()[0]["waiting"] == 0
    review.reopen(at, op(), [BENS_DOG])
    assert states(review, at)[3] == ("submitted", None)
    assert [review.undo(at, op())["undone"] for _ in range(3)] == ["reopen", "reject", "accept"]
    assert set(states(review, at).values()) == {("submitted", None)}
    assert review.redo(at, op())["undone"] == "accept"
    assert states(review, at)[1] == ("accepted", None)


def test_an_adjudicated_phrase_is_new_and_points_to_its_sources(
    review: ReviewBook, at: Place, op: Callable[[], str]
) -> None:
    made = review.adjudicate(at, op(), [ANNS_DOG, BENS_DOG], "the  brown dog", DOG)["phrase"]
    assert (made["text"], made["state"], made["annotator"]) == ("the brown dog", "accepted", "rita")
    seen = review.image(at.annotator_id, IMAGE)
    assert {p.info.id: p.sources for p in seen.phrases}[made["id"]] == (ANNS_DOG, BENS_DOG)
    assert sorted(map(len, seen.groups)) == [1, 3]
    assert states(review, at)[ANNS_DOG] == ("submitted", None)
    assert review.images()[0] == {"id": 1, "key": "photo0", "phrases": 4, "waiting": 1, "annotators": 2}
    assert seen.people == ["ann", "ben"]
    assert seen.agreement["boxes"] == pytest.approx(2 / 3)  # it is nobody's own
    book = PhraseBook(review.database)
    regions = {p.info.id: p.info.region_id for p in seen.phrases}
    assert regions[made["id"]] == regions[ANNS_DOG]
    assert book.phrases(at) == []  # not on the reviewer's own page
    review.undo(at, op())
    assert made["id"] not in states(review, at)
    review.redo(at, op())
    assert states(review, at)[made["id"]] == ("accepted", None)


def test_an_adjudicated_phrase_is_no_source_of_another(review: ReviewBook, at: Place, op: Callable[[], str]) -> None:
    made = review.adjudicate(at, op(), [ANNS_DOG], "the dog", CAT)["phrase"]["id"]
    with pytest.raises(UserError, match="not from another such phrase"):
        review.adjudicate(at, op(), [made], "x", DOG)


def test_a_phrase_that_was_changed_since_the_reviewer_saw_it_is_not_judged(
    review: ReviewBook, at: Place, op: Callable[[], str]
) -> None:
    book = PhraseBook(review.database)
    ann = Place(at.campaign_id, book.annotator("ann"), IMAGE)
    seen = {p.info.id: p.info.version for p in review.image(at.annotator_id, IMAGE).phrases}
    book.edit(ann, op(), ANNS_DOG, "a small dog")
    with pytest.raises(Conflict, match="'a small dog' now") as caught:
        review.accept(at, op(), [ANNS_CAT, ANNS_DOG], seen)
    assert caught.value.details["by"] == "ann"
    assert {state for state, _ in states(review, at).values()} == {"submitted"}
    review.accept(at, op(), [ANNS_CAT], seen)
    with pytest.raises(Conflict):  # and the other way round: who edits what was accepted sees it
        book.edit(ann, op(), ANNS_CAT, "a big cat", version=seen[ANNS_CAT])


def test_what_is_not_there_to_be_judged_is_a_sentence(review: ReviewBook, at: Place, op: Callable[[], str]) -> None:
    for ids, reason in (([], "x"), ([99], "x"), ([4], "x"), ([ANNS_DOG], "  ")):  # 4 is a draft
        with pytest.raises(UserError, match=r"say which|no submitted phrase|say in a few words"):
            review.reject(at, op(), ids, reason)
    other = Place(at.campaign_id, at.annotator_id, 2)
    with pytest.raises(UserError, match="no submitted phrase"):
        review.accept(other, op(), [ANNS_DOG])


def test_a_reviewers_line_of_undo_is_not_the_annotators(review: ReviewBook, at: Place, op: Callable[[], str]) -> None:
    book = PhraseBook(review.database)
    ann = Place(at.campaign_id, book.annotator("ann"), IMAGE)
    review.accept(ann, op(), [BENS_DOG])  # ann reviews as well
    assert book.undo(ann, op())["undone"] == "submit"
    assert review.undo(ann, op())["undone"] == "accept"


def test_skips_are_shown_with_their_reason(review: ReviewBook, at: Place, op: Callable[[], str]) -> None:
    book = PhraseBook(review.database)
    book.skip(Place(at.campaign_id, book.annotator("cat"), IMAGE), op(), "too dark")
    assert review.image(at.annotator_id, IMAGE).skips == [("cat", "too dark")]
