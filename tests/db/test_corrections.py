"""Corrections from the terminal, on anybody's phrases."""

from __future__ import annotations

import pytest

from vsa_toolkit.db.corrections import Filter, correct, list_phrases, remove, undo_correction
from vsa_toolkit.db.journal import Conflict
from vsa_toolkit.db.models import PhraseSource
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError

BOX, OTHER = (2.0, 3.0, 10.0, 12.0), (5.0, 5.0, 20.0, 20.0)


@pytest.fixture
def book(filled: Workspace) -> PhraseBook:
    return PhraseBook(filled.database)


@pytest.fixture
def at(book: PhraseBook) -> Place:
    """Ann's, with two phrases on it, of which the first is number 1."""
    place = Place(book.campaign("made").id, book.annotator("ann"), 1)
    book.add(place, "operation-1", "teh dog", BOX, seconds=2.0)
    book.add(place, "operation-2", "100% grass", OTHER)
    return place


def texts(book: PhraseBook, at: Place) -> list[str]:
    return [phrase.text for phrase in book.phrases(at)]


def test_phrases_are_listed_by_who_where_and_what(book: PhraseBook, at: Place) -> None:
    database = book.database
    [first, second] = list_phrases(database, Filter())
    assert (first["phrase"], first["image"], first["annotator"], first["campaign"]) == (1, "photo0", "ann", "default")
    assert (first["text"], first["box"], first["seconds"]) == ("teh dog", "2 3 10 12", 2.0)
    for chosen, expected in (
        (Filter(annotator="ben"), []), (Filter(words="TEH"), [first]), (Filter(words="%"), [second]),
        (Filter(image="photo0", state="draft", dataset="made", campaign="default"), [first, second]),
        (Filter(state="accepted"), []),
    ):  # fmt: skip
        assert list_phrases(database, chosen) == expected
    assert list_phrases(database, Filter(), limit=1) == [first]


def test_a_correction_is_made_and_taken_back(book: PhraseBook, at: Place) -> None:
    database = book.database
    assert correct(database, "olga", 1, text=" the  dog ")["phrase"]["text"] == "the dog"
    correct(database, "olga", 1, box=OTHER)
    assert remove(database, "olga", 2)["phrase"]["text"] == "100% grass"
    assert [(phrase.text, phrase.box) for phrase in book.phrases(at)] == [("the dog", OTHER)]
    assert [undo_correction(database, "olga")["undone"] for _ in range(3)] == ["remove", "correct", "correct"]
    assert [(phrase.text, phrase.box) for phrase in book.phrases(at)] == [("teh dog", BOX), ("100% grass", OTHER)]
    with pytest.raises(UserError, match="no correction of yours"):
        undo_correction(database, "olga")


def test_a_correction_is_not_in_the_annotators_own_line_of_undo(book: PhraseBook, at: Place) -> None:
    correct(book.database, "ann", 1, text="the dog")
    assert book.undo(at, "operation-3")["undone"] == "add"  # the second phrase, not the correction
    assert texts(book, at) == ["the dog"]
    with pytest.raises(Conflict, match="changed again since"):
        book.undo(at, "operation-4")


def test_who_edits_a_phrase_that_was_corrected_meanwhile_sees_both(book: PhraseBook, at: Place) -> None:
    correct(book.database, "olga", 1, text="the dog")
    with pytest.raises(Conflict) as caught:
        book.edit(at, "operation-3", 1, "teh red dog", version=1)
    told = caught.value.details
    assert (told["theirs"]["text"], told["by"], told["you"]) == ("the dog", "olga", False)


def test_wrong_corrections_change_nothing_and_make_nobody_known(book: PhraseBook, at: Place) -> None:
    database = book.database
    for wrong in (lambda: correct(database, "olga", 99, text="x"), lambda: remove(database, "olga", 99),
                  lambda: correct(database, "olga", 1, text=" ")):  # fmt: skip
        with pytest.raises(UserError):
            wrong()
    with pytest.raises(DataError, match="outside"):
        correct(database, "ann", 1, text="x", box=(900, 1, 2, 2))
    assert texts(book, at) == ["teh dog", "100% grass"]


def test_an_adjudicated_phrase_goes_with_its_sources_and_comes_back_with_them(book: PhraseBook, at: Place) -> None:
    with book.database.write() as session:
        session.add(PhraseSource(phrase_id=2, source_id=1))
    with pytest.raises(UserError, match="source of an adjudicated phrase"):
        remove(book.database, "olga", 1)
    remove(book.database, "olga", 2)
    undo_correction(book.database, "olga")
    assert [row["sources"] for row in list_phrases(book.database, Filter())] == [None, "1"]
