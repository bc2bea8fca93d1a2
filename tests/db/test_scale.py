"""One image is found through its own few rows, however large the dataset: what SQLite plans without statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from vsa_toolkit.db.annotating import view
from vsa_toolkit.db.campaigns import create_campaign
from vsa_toolkit.db.models import Region
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace

from .conftest import sqlite_only

FEW = ("datasets", "imports", "annotators", "campaigns", "region_sets")
"""Tables that stay small."""


def plans(workspace: Workspace, ask: Callable[[], Any]) -> list[str]:
    """How SQLite goes about each statement that `ask` runs."""
    said: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            said.append((statement, parameters))

    event.listen(workspace.database.engine, "before_cursor_execute", note)
    ask()
    event.remove(workspace.database.engine, "before_cursor_execute", note)
    assert said
    with workspace.database.engine.connect() as connection:
        return [
            str(step[3])
            for statement, parameters in said
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@sqlite_only
@pytest.mark.parametrize("overlap", [1, 3])
def test_an_annotators_view_of_an_image_reads_no_table_from_end_to_end(filled: Workspace, overlap: int) -> None:
    campaign = create_campaign(filled.database, "made", "effort", overlap=overlap)
    book = PhraseBook(filled.database)
    ann = book.annotator("ann")
    image = book.next_image(campaign.id, ann)
    assert image is not None
    at = Place(campaign.id, ann, image)
    book.add(at, "operation-1", "a dog", (2, 3, 10, 12))

    steps = plans(filled, lambda: view(filled.database, filled.folder, campaign, at))
    scanned = [
        step for step in steps if step.startswith("SCAN") and not step.startswith(tuple(f"SCAN {t}" for t in FEW))
    ]
    assert scanned == []
    phrases = [step for step in steps if step.startswith("SEARCH phrases")]
    assert phrases
    assert all("region_id=?" in step or "PRIMARY KEY" in step for step in phrases)


@sqlite_only
def test_an_image_its_sentences_and_its_regions_are_found_by_index(filled: Workspace) -> None:
    def ask() -> None:
        image = filled.store.find_image("made", "photo3")
        filled.store.read_sentences(image.id)
        with filled.database.read() as session:
            session.scalars(select(Region).where(Region.image_id == image.id)).all()

    steps = plans(filled, ask)
    assert {step.split()[1] for step in steps if step.startswith("SCAN")} <= set(FEW)
    assert any("uq_images_dataset_id_key" in step or "sqlite_autoindex_images" in step for step in steps)
