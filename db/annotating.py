"""What the annotation page asks beside the phrases: an image by its id, and how its annotator stands with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.errors import UserError

from .datasets import dataset_root, dataset_row, image_records, visible_images
from .engine import Database
from .journal import Place, last_operation
from .models import Assignment, Image


@dataclass(frozen=True, slots=True)
class Standing:
    """An annotator's assignment of an image: its state, why it was skipped, whether there is something to undo."""

    state: str
    reason: str | None
    undoable: bool


def image_by_id(database: Database, workspace: Path, dataset: str, image_id: int) -> records.Image | None:
    """An image of a dataset by its id; None where readers may not see one of that id there."""
    with database.read() as session:
        row = dataset_row(session, dataset)
        chosen = visible_images(row.id).where(Image.id == image_id)
        found = image_records(session.execute(chosen).all(), dataset_root(row, workspace))
        return found[0] if found else None


def standing(database: Database, at: Place) -> Standing:
    """How the annotator stands with the image; open where they have not begun."""
    with database.read() as session:
        row = (
            session.query(Assignment)
            .filter_by(campaign_id=at.campaign_id, annotator_id=at.annotator_id, image_id=at.image_id)
            .one_or_none()
        )
        undoable = _can_undo(session, at)
        return Standing("open", None, undoable) if row is None else Standing(row.state, row.reason, undoable)


def _can_undo(session: Session, at: Place) -> bool:
    try:
        last_operation(session, at)
    except UserError:
        return False
    return True
