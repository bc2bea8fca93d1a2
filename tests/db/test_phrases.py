from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import func, select

from vsa_toolkit.db.campaigns import CampaignOptions, create_campaign
from vsa_toolkit.db.engine import Database
from vsa_toolkit.db.models import JournalEntry, Phrase, PhraseSource, Region
from vsa_toolkit.db.phrases import Conflict, PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError

BOX = (2.0, 3.0, 10.0, 12.0)
OTHER = (5.0, 5.0, 20.0, 20.0)


@pytest.fixture
def book(filled: Workspace) -> PhraseBook:
    return PhraseBook(filled.database)


@pytest.fixture
def at(book: PhraseBook) -> Place:
    campaign, ann = book.campaign("made").id, book.annotator("ann")
    first = book.next_image(campaign, ann)
    assert first is not None
    return Place(campaign, ann, first)


@pytest.fixture
def op() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"operation-{next(numbers)}"


def texts(book: PhraseBook, at: Place) -> list[str]:
    return [phrase.text for phrase in book.phrases(at)]


def journal(book: PhraseBook) -> list[str]:
    with book.database.read() as session:
        return list(session.scalars(select(JournalEntry.kind).order_by(JournalEntry.id)))


def test_a_phrase_lands_on_a_region_of_the_campaign(book: PhraseBook, at: Place, filled: Workspace) -> None:
    answer = book.add(at, "operation-1", "  a  red\ndog ", (-4.0, 3.0, 14.0, 12.0), seconds=2.5)
    assert answer["phrase"]["text"] == "a red dog"
    assert answer["phrase"]["box"] == [0, 3, 10, 12]  # clipped to the photo
    (phrase,) = book.phrases(at)
    assert (phrase.state, phrase.version, phrase.annotator) == ("draft", 1, "ann")
    split = filled.store.read_split("made", "train", book.campaign("made").region_set)
    assert [r.id for r in split.regions if not r.is_frame] == [phrase.region_id]


def test_the_same_operation_again_changes_nothing_and_is_answered_as_before(book: PhraseBook, at: Place) -> None:
    first = book.add(at, "operation-1", "a dog", BOX)
    assert book.add(at, "operation-1", "a cat", OTHER) == first
    assert texts(book, at) == ["a dog"]
    assert journal(book) == ["add"]


def test_an_operation_id_is_not_taken_for_something_else(book: PhraseBook, at: Place) -> None:
    made = book.add(at, "operation-1", "a dog", BOX)
    with pytest.raises(UserError, match="used for something else"):
        book.edit(at, "operation-1", made["phrase"]["id"], "a cat")
    bob = Place(at.campaign_id, book.annotator("bob"), at.image_id)
    with pytest.raises(UserError, match="used for something else"):
        book.add(bob, "operation-1", "a cat", BOX)


def test_one_operation_sent_by_many_at_once_happens_once(book: PhraseBook, at: Place) -> None:
    answers: list[object] = []

    def send() -> None:
        database = Database(str(book.database.engine.url))
        answers.append(PhraseBook(database).add(at, "operation-1", "a dog", BOX))
        database.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    assert texts(book, at) == ["a dog"]


def test_a_moved_box_is_a_new_region_and_the_old_one_stays(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]
    moved = book.move(at, op(), made["id"], OTHER)["phrase"]
    assert moved["id"] == made["id"]
    assert moved["box"] == list(OTHER)
    with book.database.read() as session:
        old, new = session.get_one(Region, made["region_id"]), session.get_one(Region, moved["region_id"])
        assert new.replaces_id == old.id
        assert (old.x, old.y, old.width, old.height) == BOX


def test_undo_takes_back_one_operation_after_another_across_submit(
    book: PhraseBook, at: Place, op: Callable[[], str]
) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    book.edit(at, op(), made, "a red dog")
    book.move(at, op(), made, OTHER)
    book.submit(at, op())
    assert (book.phrases(at)[0].state, book.assignment(at)) == ("submitted", "submitted")
    book.delete(at, op(), made)
    states = []
    for _ in range(5):
        undone = book.undo(at, op())["undone"]
        states.append((undone, [(p.text, p.box, p.state) for p in book.phrases(at)], book.assignment(at)))
    assert states == [
        ("delete", [("a red dog", OTHER, "submitted")], "submitted"),
        ("submit", [("a red dog", OTHER, "draft")], "open"),
        ("move", [("a red dog", BOX, "draft")], "open"),
        ("edit", [("a dog", BOX, "draft")], "open"),
        ("add", [], "open"),
    ]
    with pytest.raises(UserError, match="nothing to undo"):
        book.undo(at, op())
    assert journal(book) == ["add", "edit", "move", "submit", "delete", *["undo"] * 5]


def test_a_phrase_that_comes_back_keeps_its_number_and_its_version_goes_on(
    book: PhraseBook, at: Place, op: Callable[[], str]
) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]
    book.delete(at, op(), made["id"])
    other = book.add(at, op(), "a cat", BOX)["phrase"]
    assert other["id"] != made["id"]
    book.undo(at, op())
    back = book.undo(at, op())["phrase"]
    assert (back["id"], back["version"] > made["version"]) == (made["id"], True)


def test_undo_is_the_annotators_own(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    book.add(at, op(), "a dog", BOX)
    bob = Place(at.campaign_id, book.annotator("bob"), at.image_id)
    book.add(bob, op(), "bob's dog", BOX)
    book.undo(at, op())
    assert (texts(book, at), texts(book, bob)) == ([], ["bob's dog"])


def test_undo_stops_where_somebody_changed_the_phrase_since(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    with book.database.write() as session:
        session.get_one(Phrase, made).state = "accepted"
    with pytest.raises(Conflict, match="changed again since"):
        book.undo(at, op())
    assert journal(book) == ["add"]


def test_a_change_of_an_old_version_is_a_conflict(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    book.edit(at, op(), made, "a red dog", version=1)
    with pytest.raises(Conflict, match=r"version 2, not 1"):
        book.edit(at, op(), made, "a blue dog", version=1)
    assert texts(book, at) == ["a red dog"]


def test_redo_takes_the_undo_back_until_there_is_something_new(
    book: PhraseBook, at: Place, op: Callable[[], str]
) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    book.edit(at, op(), made, "a red dog")
    book.submit(at, op())
    for _ in range(3):
        book.undo(at, op())
    assert texts(book, at) == []
    assert [book.redo(at, op())["undone"] for _ in range(3)] == ["add", "edit", "submit"]
    assert (texts(book, at), book.assignment(at)) == (["a red dog"], "submitted")
    with pytest.raises(UserError, match="nothing to redo"):
        book.redo(at, op())
    assert [book.undo(at, op())["undone"] for _ in range(2)] == ["submit", "edit"]
    assert book.redo(at, op())["undone"] == "edit"
    book.undo(at, op())
    book.move(at, op(), made, OTHER)
    with pytest.raises(UserError, match="nothing to redo"):
        book.redo(at, op())
    assert [book.undo(at, op())["undone"] for _ in range(2)] == ["move", "add"]
    assert texts(book, at) == []


def test_a_walk_of_undo_and_redo_is_that_of_two_stacks(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    """Beside a list of states with a finger in it, which is what people expect of undo and redo."""
    random = Random(3)
    made = book.add(at, op(), "phrase 0", BOX)["phrase"]["id"]
    states, finger = [[], ["phrase 0"]], 1
    for number in range(1, 60):
        act = random.choice(("edit", "undo", "undo", "redo"))
        try:
            if act == "edit" and states[finger]:
                book.edit(at, op(), made, f"phrase {number}")
                states, finger = [*states[: finger + 1], [f"phrase {number}"]], finger + 1
            elif act == "undo":
                book.undo(at, op())
                finger -= 1
            elif act == "redo":
                book.redo(at, op())
                finger += 1
        except UserError:
            assert finger == (0 if act == "undo" else len(states) - 1)
        assert texts(book, at) == states[finger]


def test_what_a_client_changed_itself_since_is_no_conflict(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    tab, other = replace(at, client="tab-one-"), replace(at, client="tab-two-")
    made = book.add(tab, op(), "a dog", BOX)["phrase"]["id"]
    book.edit(tab, op(), made, "a red dog", version=1)
    book.move(tab, op(), made, OTHER, version=1)
    assert book.edit(tab, op(), made, "a big red dog", version=1)["phrase"]["version"] == 4
    with pytest.raises(Conflict) as caught:
        book.edit(other, op(), made, "a small dog", version=1)
    told = caught.value.details
    assert told["kind"] == "changed"
    assert told["yours"] == {"kind": "edit", "text": "a small dog", "box": None}
    assert told["base"] == {"text": "a dog", "box": list(BOX), "version": 1}
    assert (told["theirs"]["text"], told["theirs"]["box"], told["theirs"]["version"]) == (
        "a big red dog",
        list(OTHER),
        4,
    )
    assert (told["by"], told["you"]) == ("ann", True)
    book.edit(other, op(), made, "a small dog", version=4)
    with pytest.raises(Conflict):  # its own edit, and one of another tab after it
        book.edit(tab, op(), made, "mine", version=1)
    assert texts(book, at) == ["a small dog"]


def test_a_change_of_a_phrase_that_was_deleted_meanwhile_is_a_conflict_that_keeps_the_words(
    book: PhraseBook, at: Place, op: Callable[[], str]
) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    book.delete(replace(at, client="tab-two-"), op(), made)
    with pytest.raises(Conflict, match="deleted in between") as caught:
        book.edit(at, op(), made, "a red dog", version=1)
    told = caught.value.details
    assert (told["kind"], told["theirs"], told["base"]["text"]) == ("deleted", None, "a dog")
    assert told["yours"]["text"] == "a red dog"
    bob = Place(at.campaign_id, book.annotator("bob"), at.image_id)
    with pytest.raises(UserError, match="no phrase"):  # it was never his: he learns nothing of it
        book.edit(bob, op(), made, "mine")


def test_phrases_that_say_nearly_the_same_of_nearly_the_same_box_are_pointed_out(
    book: PhraseBook, at: Place, op: Callable[[], str]
) -> None:
    first = book.add(at, op(), "a red dog", BOX)
    assert first["warnings"] == []
    second = book.add(at, op(), "the red dogs", (2.0, 3.0, 11.0, 12.0))
    [warning] = second["warnings"]
    assert (warning["phrase"], warning["text"], warning["annotator"]) == (first["phrase"]["id"], "a red dog", None)
    assert book.edit(at, op(), second["phrase"]["id"], "its collar")["warnings"] == []
    assert book.move(at, op(), second["phrase"]["id"], OTHER)["warnings"] == []


@pytest.mark.parametrize("blind", [True, False])
def test_in_a_blind_campaign_nobody_is_told_what_others_wrote(
    book: PhraseBook, op: Callable[[], str], blind: bool
) -> None:
    campaign = create_campaign(book.database, "made", "pilot", overlap=2, blind=blind)
    ann, ben = (Place(campaign.id, book.annotator(name), 1) for name in ("ann", "ben"))
    for at in (ann, ben):
        assert book.next_image(campaign.id, at.annotator_id) == 1
    book.add(ann, op(), "a red dog", BOX)
    warnings = book.add(ben, op(), "the red dog", BOX)["warnings"]
    assert [warning["annotator"] for warning in warnings] == ([] if blind else ["ann"])


def test_an_image_with_fewer_phrases_than_asked_needs_a_reason(book: PhraseBook, op: Callable[[], str]) -> None:
    options = CampaignOptions(phrases_per_image=2)
    campaign = create_campaign(book.database, "made", "pilot", options=options)
    at = Place(campaign.id, book.annotator("ann"), 1)
    assert book.next_image(campaign.id, at.annotator_id) == 1
    book.add(at, op(), "a dog", BOX)
    with pytest.raises(UserError, match="asks for 2 phrases an image, here are 1"):
        book.submit(at, op())
    assert book.assignment(at) == "open"
    book.submit(at, op(), "nothing else to describe")
    assert book.assignment(at) == "submitted"


def test_others_phrases_cannot_be_touched(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    bob = Place(at.campaign_id, book.annotator("bob"), at.image_id)
    for act in (
        lambda: book.edit(bob, op(), made, "mine"), lambda: book.move(bob, op(), made, OTHER),
        lambda: book.delete(bob, op(), made),
    ):  # fmt: skip
        with pytest.raises(UserError, match=f"no phrase {made} of yours"):
            act()
    assert journal(book) == ["add"]


@pytest.mark.parametrize("text", ["", "  \n ", "a\0b", "x" * 2001])
def test_words_that_are_none_are_refused(book: PhraseBook, at: Place, text: str) -> None:
    with pytest.raises(UserError, match="a phrase"):
        book.add(at, "operation-1", text, BOX)
    assert journal(book) == []


@pytest.mark.parametrize("box", [(50.0, 0.0, 5.0, 5.0), (1.0, 1.0, 0.0, 5.0), (float("nan"), 0.0, 5.0, 5.0)])
def test_a_box_that_cannot_be_leaves_nothing(book: PhraseBook, at: Place, box: tuple[float, ...]) -> None:
    with pytest.raises(DataError):
        book.add(at, "operation-1", "a dog", box)  # type: ignore[arg-type]
    with book.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Phrase)) == 0
    assert journal(book) == []


def test_an_image_of_elsewhere_is_refused(book: PhraseBook, at: Place) -> None:
    with pytest.raises(UserError, match="the campaign has no image 999"):
        book.add(Place(at.campaign_id, at.annotator_id, 999), "operation-1", "a dog", BOX)


def test_images_come_one_after_another(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    campaign, ann = at.campaign_id, at.annotator_id
    assert book.progress(campaign, ann, "train") == {"done": 0, "total": 4}
    seen = []
    while (image := book.next_image(campaign, ann, "train")) is not None:
        seen.append(image)
        place = Place(campaign, ann, image)
        if len(seen) % 2:
            book.submit(place, op())
        else:
            book.skip(place, op(), "too dark")
    assert seen == sorted(set(seen))
    assert book.progress(campaign, ann, "train") == {"done": 4, "total": 4}
    assert book.progress(campaign, ann)["done"] == 4
    assert book.next_image(campaign, book.annotator("bob"), "train") == seen[0]
    with pytest.raises(UserError, match="no split 'tran'"):
        book.next_image(campaign, ann, "tran")


def test_skipping_wants_a_reason(book: PhraseBook, at: Place) -> None:
    with pytest.raises(UserError, match="why the image is skipped"):
        book.skip(at, "operation-1", "  ")


def test_a_phrase_on_a_submitted_image_is_submitted(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    book.submit(at, op())
    book.add(at, op(), "a dog", BOX)
    assert book.phrases(at)[0].state == "submitted"


def test_a_reviewed_phrase_waits_for_review_again_when_edited(
    book: PhraseBook, at: Place, op: Callable[[], str]
) -> None:
    made = book.add(at, op(), "a dog", BOX)["phrase"]["id"]
    with book.database.write() as session:
        phrase = session.get_one(Phrase, made)
        phrase.state, phrase.reason = "rejected", "no dog"
    assert book.edit(at, op(), made, "a cat")["phrase"]["state"] == "submitted"


def test_a_source_of_an_adjudicated_phrase_is_kept(book: PhraseBook, at: Place, op: Callable[[], str]) -> None:
    source, result = (book.add(at, op(), text, BOX)["phrase"]["id"] for text in ("a dog", "a red dog"))
    with book.database.write() as session:
        session.add(PhraseSource(phrase_id=result, source_id=source))
    with pytest.raises(UserError, match="is a source of an adjudicated phrase"):
        book.delete(at, op(), source)


def test_the_journal_cannot_be_rewritten(book: PhraseBook, at: Place) -> None:
    book.add(at, "operation-1", "a dog", BOX)
    with pytest.raises(DataError, match="append-only"), book.database.write() as session:
        session.scalars(select(JournalEntry)).one().kind = "edit"
    with pytest.raises(DataError, match="append-only"), book.database.write() as session:
        session.delete(session.scalars(select(JournalEntry)).one())
    assert journal(book) == ["add"]


def test_a_campaign_is_made_once(book: PhraseBook) -> None:
    assert book.campaign("made") == book.campaign("made")
    second = create_campaign(book.database, "made", "second", overlap=2)
    assert book.campaign("made", "second") == second
    assert second.id != book.campaign("made").id
    with pytest.raises(UserError, match="has a campaign 'second' already"):
        create_campaign(book.database, "made", "second")
    with pytest.raises(UserError, match=r"no campaign 'secnd'\. Did you mean 'second'"):
        book.campaign("made", "secnd")
    with pytest.raises(UserError, match="no dataset"):
        book.campaign("elsewhere")


def test_an_annotator_has_one_name(book: PhraseBook) -> None:
    assert book.annotator(" ann  b ") == book.annotator("ann b")
    with pytest.raises(UserError, match="needs a name"):
        book.annotator("  ")
