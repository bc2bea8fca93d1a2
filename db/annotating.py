"""What the annotation page shows of one image to one annotator: never what others wrote in a blind campaign."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit import records

from .campaigns import CampaignInfo
from .datasets import dataset_row, image_records, visible_images
from .engine import Database
from .journal import ANNOTATING, Place, standing
from .models import Dataset, Image, JournalEntry
from .phrase_rows import PhraseInfo, info, others_phrases, own_phrases
from .queue import find_assignment
from .suggestions import suggestions


@dataclass(frozen=True, slots=True)
class Assigned:
    """An annotator's assignment of an image: its state, why it was skipped, whether it is practice and how it went."""

    state: str = "open"
    reason: str | None = None
    practice: bool = False
    score: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """All that an annotator sees of an image."""

    image: records.Image
    assignment: Assigned
    phrases: list[PhraseInfo]
    others: list[PhraseInfo]
    suggestions: dict[str, Any] | None
    undoable: bool
    redoable: bool


def view(database: Database, workspace: Path, campaign: CampaignInfo, at: Place) -> View | None:
    """An image of the campaign as an annotator sees it; None where it is none of theirs."""
    with database.read() as session:
        image = _image(session, workspace, campaign.dataset_id, at.image_id)
        row = find_assignment(session, at)
        if image is None or (row is None and campaign.overlap is not None):
            return None
        stands = standing(session, at, ANNOTATING)
        others = [] if campaign.blind else [info(*found) for found in session.execute(others_phrases(at))]
        return View(
            image=image,
            assignment=Assigned() if row is None else Assigned(row.state, row.reason, row.practice, row.score),
            phrases=[info(*found) for found in session.execute(own_phrases(at))],
            others=others,
            suggestions=suggestions(session, campaign, at),
            undoable=stands.undo is not None,
            redoable=stands.redo is not None,
        )


def image_by_id(database: Database, workspace: Path, dataset: str, image_id: int) -> records.Image | None:
    """An image of a dataset by its id; None where readers may not see one of that id there."""
    with database.read() as session:
        return _image(session, workspace, dataset_row(session, dataset).id, image_id)


def phrase_of_operation(database: Database, at: Place, op_id: str) -> int | None:
    """The phrase that the annotator's `add` of this operation id made; None where there is no such operation."""
    with database.read() as session:
        entry = session.scalars(
            select(JournalEntry).where(
                JournalEntry.operation_id == op_id, JournalEntry.annotator_id == at.annotator_id,
                JournalEntry.image_id == at.image_id, JournalEntry.kind == "add",
            )
        ).one_or_none()  # fmt: skip
        return None if entry is None else int(entry.result["phrase"]["id"])


def _image(session: Session, workspace: Path, dataset_id: int, image_id: int) -> records.Image | None:
    chosen = visible_images(dataset_id).add_columns(Dataset.root).join(Dataset, Dataset.id == Image.dataset_id)
    row = session.execute(chosen.where(Image.id == image_id)).one_or_none()
    return None if row is None else image_records([row[:-1]], workspace / row[-1])[0]
