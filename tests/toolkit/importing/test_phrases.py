"""Phrases that an import brings, and imports that only say what would come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from vsa_toolkit import importing
from vsa_toolkit.db.models import Import
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Report
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import ImageBundle, RegionPhrase

from .sources import (
    Importer,
    Killed,
    Photos,
    database_rows,
    problems,
    source,
    spoken,
    stopping,
)


def phrase_rows(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    return [(p["image"], p["annotator"], p["text"], p["state"]) for p in workspace.phrases()]


def test_phrases_come_with_their_annotators_a_campaign_and_assignments(workspace: Workspace, load: Importer) -> None:
    summary = load(
        spoken(0, RegionPhrase("a", " a  dog "), RegionPhrase("b", "a ball", "ann", "accepted")),
        spoken(1, RegionPhrase("a", "mist", "ann", "draft")),
    )
    assert summary.added["phrases"] == 3
    assert phrase_rows(workspace) == [
        ("0_abc", "photos", "a dog", "submitted"), ("0_abc", "ann", "a ball", "accepted"),
        ("1_abc", "ann", "mist", "draft"),
    ]  # fmt: skip
    (campaign,) = workspace.campaigns()
    assert (campaign["campaign"], campaign["region_set"], campaign["phrases"]) == ("photos", "photos", 3)
    done = {(a["image"], a["annotator"]): a["state"] for a in workspace.assignments()}
    assert done == {("0_abc", "photos"): "submitted", ("0_abc", "ann"): "submitted", ("1_abc", "ann"): "open"}


def test_the_same_words_of_several_people_are_kept_and_never_doubled(workspace: Workspace, load: Importer) -> None:
    right = RegionPhrase("a", "right")
    load(spoken(0, right, right))
    assert load(spoken(0, right, right)).nothing_new
    assert load(spoken(0, right, right, right, RegionPhrase("b", "left"))).added["phrases"] == 2
    assert len(workspace.phrases()) == 4
    assert len(workspace.assignments()) == 1


def test_phrases_that_cannot_be_kept_are_reported(load: Importer) -> None:
    summary = load(
        spoken(
            0, RegionPhrase("a", "  "), RegionPhrase("a", "w" * 2001), RegionPhrase("a", "x", state="fine"),
            RegionPhrase("nowhere", "y"), RegionPhrase("a", "z", annotator=" "), RegionPhrase("a", "nul \0"),
        )
    )  # fmt: skip
    assert problems(summary) == {
        "phrases without words": 2, "phrases of more than 2,000 characters": 1,
        "phrases whose state is none of draft, submitted, accepted, rejected": 1,
        "phrases on boxes that were left out": 1, "phrases whose annotator has no name of 1 to 200 characters": 1,
    }  # fmt: skip
    assert summary.added["phrases"] == 0


def test_phrases_of_an_unfinished_import_are_unseen_and_go_with_it(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    before = database_rows(workspace)
    bundles = [spoken(n, RegionPhrase("a", "a dog", "ann")) for n in range(4)]
    with pytest.raises(Killed):
        run_import(workspace.store, stopping(Photos, bundles, 2), folder)
    assert workspace.phrases() == []
    with workspace.database.read() as session:
        import_id = session.scalars(select(Import.id)).one()
    workspace.store.discard_import(import_id)
    assert database_rows(workspace) == before


def test_a_source_that_turns_out_unusable_leaves_nothing_of_what_was_saved(
    workspace: Workspace, folder: Path, load: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where people had gone on with the phrases of an earlier import."""

    class Truncated(Photos):
        def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
            yield from (spoken(n, RegionPhrase("a", "a dog", "bob"), RegionPhrase("b", "a cat")) for n in range(6))
            raise DataError("photos.json is truncated.")

    monkeypatch.setattr(importing, "BATCH", 2)
    load(spoken(0, RegionPhrase("a", "mine", "ann")))
    before = database_rows(workspace)
    with pytest.raises(DataError, match="truncated"):
        run_import(workspace.store, source(Truncated, []), folder)
    assert database_rows(workspace) == before


# Dry runs


def test_a_dry_run_says_what_would_come_and_writes_nothing(workspace: Workspace, folder: Path) -> None:
    before = database_rows(workspace)
    (folder / "1_abc.png").write_text("no photo")
    bundles = [spoken(n, RegionPhrase("a", "a dog"), RegionPhrase("x", "lost")) for n in range(3)]
    summary = run_import(workspace.store, source(Photos, bundles), folder, dry_run=True)
    assert summary.dry_run
    assert summary.added == {
        "images": 2, "sentences": 6, "regions": 4, "groundings": 0, "phrases": 2, "frame sizes": 0
    }  # fmt: skip
    assert problems(summary) == {"photos that are damaged or no photos": 1, "phrases on boxes that were left out": 2}
    assert database_rows(workspace) == before
    assert not (workspace.folder / "imports").exists()
    real = run_import(workspace.store, source(Photos, bundles), folder)
    assert real.added == summary.added
    again = run_import(workspace.store, source(Photos, bundles), folder, dry_run=True)
    assert again.nothing_new
