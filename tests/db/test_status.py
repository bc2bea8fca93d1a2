from __future__ import annotations

from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.status import status_rows
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.importing import run_import

from .conftest import Made


def test_phrases_are_counted_with_their_own_dataset(filled: Workspace) -> None:
    run_import(filled.store, Made(Made.Options()), filled.folder / "photos", "other")
    book = PhraseBook(filled.database)
    campaign, ann = book.campaign("made").id, book.annotator("ann")
    image = book.next_image(campaign, ann)
    assert image is not None
    book.add(Place(campaign, ann, image), "operation-1", "a dog", (2, 3, 10, 12))
    assert [(row["dataset"], row["count"]) for row in status_rows(filled.database) if row["what"] == "phrases"] == [
        ("made", 1)
    ]
