"""Imports: rows with a state, whose batches readers see when the import has finished."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.errors import UserError

from .base import now
from .datasets import dataset_root, root_to_keep
from .engine import take_turns
from .import_batches import find_campaign, find_region_set
from .models import (
    Annotator,
    Assignment,
    Campaign,
    Dataset,
    Grounding,
    Image,
    Import,
    JournalEntry,
    Phrase,
    Region,
    RegionSet,
    Sentence,
)
from .region_sets import FRAME

BROUGHT: tuple[type[Phrase | Grounding | Region | Sentence | Image], ...] = (
    Phrase, Grounding, Region, Sentence, Image,
)  # fmt: skip
"""What an import brings, so that nothing points to what comes later in the list."""
ROWS = 5000  # that are removed in one transaction


def begin_import(
    session: Session, workspace: Path, dataset: str, format: str, source: Path, root: Path | None,
    options: dict[str, Any],
) -> int:  # fmt: skip
    """A new import, or the unfinished one of the same command."""
    take_turns(session, "imports", dataset)
    row = session.scalars(select(Dataset).where(Dataset.name == dataset)).one_or_none()
    if row is None:
        if root is None:
            raise UserError(f"there is no dataset {dataset!r} yet: import its photos first.")
        row = Dataset(name=dataset, format=format, root=root_to_keep(root, workspace))
        session.add(row)
        session.flush()
        session.add(RegionSet(dataset_id=row.id, name=FRAME, kind="frame", state="finished", finished_at=now()))
    else:
        _check_root(row, workspace, root)
    for unfinished in session.scalars(select(Import).where(Import.dataset_id == row.id, Import.state != "finished")):
        if (unfinished.format, unfinished.source, unfinished.options) == (format, str(source), options):
            return unfinished.id
        raise UserError(
            f"an import into dataset {dataset!r} is unfinished: run `{_command(unfinished, dataset)}` again, it goes "
            "on; or remove it with `vsa db check --fix`."
        )
    made = Import(dataset_id=row.id, format=format, source=str(source), options=options, state="running")
    session.add(made)
    session.flush()
    return made.id


def check_import(session: Session, workspace: Path, dataset: str, root: Path | None) -> None:
    """Nothing where photos below `root` may go into the dataset, if it is there."""
    row = session.scalars(select(Dataset).where(Dataset.name == dataset)).one_or_none()
    if row is not None:
        _check_root(row, workspace, root)


def _check_root(row: Dataset, workspace: Path, root: Path | None) -> None:
    there = dataset_root(row, workspace)
    if root is not None and os.path.realpath(there) != os.path.realpath(root):
        raise UserError(
            f"dataset {row.name!r} has its photos in {there}: "
            f"to import those of {root} give another name with --dataset."
        )


def _command(row: Import, dataset: str) -> str:
    """What a person typed, as far as the row tells."""
    options = {name: value for name, value in row.options.items() if value is not None}
    images = f" --images {options.pop('images')}" if "images" in options else ""
    return f"vsa import {row.format} {row.source}{images}{f' --dataset {dataset}' if dataset != row.format else ''}"


def image_keys(session: Session, dataset: str) -> list[str]:
    keys = select(Image.key).join(Dataset, Dataset.id == Image.dataset_id).where(Dataset.name == dataset)
    return list(session.scalars(keys.order_by(Image.id)))


def duplicate_photos(session: Session, import_id: int) -> list[list[str]]:
    """Keys of the dataset's images whose files are byte for byte the same."""
    dataset_id = session.get_one(Import, import_id).dataset_id
    twice = (
        select(Image.sha256).where(Image.dataset_id == dataset_id).group_by(Image.sha256).having(func.count() > 1)
    )  # fmt: skip
    rows = session.execute(
        select(Image.sha256, Image.key)
        .where(Image.dataset_id == dataset_id, Image.sha256.in_(twice))
        .order_by(Image.sha256, Image.key)
    )
    groups: dict[str, list[str]] = {}
    for sha256, key in rows:
        groups.setdefault(sha256, []).append(key)
    return sorted(groups.values())


def count_import(session: Session, import_id: int) -> dict[str, int]:
    row = session.get_one(Import, import_id)

    def count(table: type[Any], *conditions: Any) -> int:
        return session.scalar(select(func.count()).where(table.import_id == import_id, *conditions)) or 0

    region_set, campaign = find_region_set(session, row), find_campaign(session, row)
    return {
        "images": count(Image),
        "sentences": count(Sentence),
        "regions": count(Region, Region.region_set_id == region_set.id) if region_set else 0,
        "groundings": count(Grounding),
        "phrases": count(Phrase, Phrase.campaign_id == campaign.id) if campaign else 0,
    }


def finish_import(
    session: Session, import_id: int, frames: dict[int, records.Size], summary: dict[str, Any]
) -> None:  # fmt: skip
    """Note the original sizes of images that were there, and let readers see all of it."""
    row = session.get_one(Import, import_id)
    if frames:
        session.execute(
            update(Image),
            [{"id": id, "frame_width": width, "frame_height": height} for id, (width, height) in frames.items()],
        )
    session.execute(
        update(RegionSet)
        .where(RegionSet.import_id == import_id)
        .values(state="finished", finished_at=now())
    )  # fmt: skip
    row.state, row.finished_at, row.summary = "finished", now(), summary


def discard_rows(session: Session, import_id: int, table: type[Any], after: int) -> int | None:
    """Remove some of the rows of one table that an unfinished import brought; the last one's id, None if that is all.

    So that what a large import brought can be removed in short transactions, and nobody waits long.
    """
    _unfinished(session, import_id)
    mine = select(table.id).where(table.import_id == import_id, table.id > after).order_by(table.id)
    ids: Sequence[int] = session.scalars(mine.limit(ROWS)).all()
    if not ids:
        return None
    if table is Image:
        session.execute(delete(Assignment).where(Assignment.image_id.in_(ids)))
    session.execute(delete(table).where(table.import_id == import_id, table.id.between(ids[0], ids[-1])))
    return ids[-1]


def discard_import(session: Session, import_id: int) -> None:
    """Remove an unfinished import and all that it brought, and the dataset if nothing else is in it."""
    row = _unfinished(session, import_id)
    campaign = find_campaign(session, row)
    session.execute(delete(Phrase).where(Phrase.import_id == import_id))
    if campaign is not None:
        _discard_campaign(session, row, campaign)
    session.execute(
        delete(Assignment).where(Assignment.image_id.in_(select(Image.id).where(Image.import_id == import_id)))
    )
    for table in BROUGHT[1:-1]:
        session.execute(delete(table).where(table.import_id == import_id))
    session.execute(delete(RegionSet).where(RegionSet.import_id == import_id))
    session.execute(delete(Image).where(Image.import_id == import_id))
    session.execute(delete(Import).where(Import.id == import_id))
    if not session.scalar(select(func.count()).where(Import.dataset_id == row.dataset_id)):
        session.execute(delete(Dataset).where(Dataset.id == row.dataset_id))


def _unfinished(session: Session, import_id: int) -> Import:
    row = session.get_one(Import, import_id)
    if row.state == "finished":
        raise UserError(f"import {import_id} has finished: it cannot be discarded.")
    return row


def _discard_campaign(session: Session, row: Import, campaign: Campaign) -> None:
    """The campaign, if the import made it; else the assignments that it made; and the annotators whom it named first
    and who did nothing since."""
    region_set = session.get_one(RegionSet, campaign.region_set_id)
    if region_set.import_id == row.id:
        session.execute(delete(Campaign).where(Campaign.id == campaign.id))
    else:
        written = (
            exists()
            .where(Phrase.campaign_id == campaign.id, Phrase.annotator_id == Assignment.annotator_id)
            .where(Region.id == Phrase.region_id, Region.image_id == Assignment.image_id)
        )
        session.execute(
            delete(Assignment).where(
                Assignment.campaign_id == campaign.id, Assignment.created_at >= row.started_at, ~written
            )
        )
    used = [
        select(table.annotator_id).distinct() for table in (Phrase, Assignment, JournalEntry)
    ]  # fmt: skip
    new = row.summary.get("annotators", [])
    session.execute(delete(Annotator).where(Annotator.id.in_(new), *(Annotator.id.not_in(ids) for ids in used)))
