"""What the annotation page asks beside the phrases."""

from __future__ import annotations

from sqlalchemy import update

from vsa_toolkit.db.annotating import View, image_by_id, view
from vsa_toolkit.db.models import Import
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace

IMAGE = 2


def place(workspace: Workspace, name: str) -> Place:
    book = PhraseBook(workspace.database)
    [dataset] = workspace.store.list_datasets()
    return Place(book.campaign(dataset).id, book.annotator(name), IMAGE)


def test_an_image_is_found_by_its_id_in_its_own_dataset(filled: Workspace) -> None:
    [dataset] = filled.store.list_datasets()
    found = image_by_id(filled.database, filled.folder, dataset, IMAGE)
    assert found in filled.store.read_images(dataset)
    assert image_by_id(filled.database, filled.folder, dataset, 999) is None


def test_an_image_of_an_unfinished_import_is_not_there_yet(filled: Workspace) -> None:
    [dataset] = filled.store.list_datasets()
    with filled.database.write() as session:
        [first] = session.query(Import).all()
        more = Import(dataset_id=first.dataset_id, format="made", source="elsewhere", state="finished")
        session.add(more)
        session.flush()
        session.execute(update(Import).where(Import.id == first.id).values(state="running"))
    assert image_by_id(filled.database, filled.folder, dataset, IMAGE) is None


def test_before_anything_an_image_is_open_and_there_is_nothing_to_undo(filled: Workspace) -> None:
    assert stands(filled, "ann") == ("open", None, False)


def test_a_skip_stands_with_its_reason_until_it_is_undone(filled: Workspace) -> None:
    at = place(filled, "ann")
    book = PhraseBook(filled.database)
    book.skip(at, "skip-it", "too dark")
    assert stands(filled, "ann") == ("skipped", "too dark", True)
    assert stands(filled, "ben") == ("open", None, False)
    book.undo(at, "take-it-back")
    assert stands(filled, "ann") == ("open", None, False)


def stands(workspace: Workspace, name: str) -> tuple[str, str | None, bool]:
    seen = see(workspace, name)
    return seen.assignment.state, seen.assignment.reason, seen.undoable


def see(workspace: Workspace, name: str) -> View:
    at = place(workspace, name)
    [dataset] = workspace.store.list_datasets()
    found = view(workspace.database, workspace.folder, PhraseBook(workspace.database).campaign(dataset), at)
    assert found is not None
    return found
