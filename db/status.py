"""What a workspace holds, counted; and the step that usually comes next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .datasets import brought, dataset_names, dataset_row, splits
from .engine import Database
from .models import Campaign, Checkpoint, Grounding, Import, Phrase, RegionSet, Run, Sentence
from .models import Image as ImageRow
from .region_sets import count_regions


def status_rows(database: Database) -> list[dict[str, Any]]:
    """Flat rows: dataset, what, count, detail."""
    rows: list[dict[str, Any]] = []
    with database.read() as session:
        for name in dataset_names(session):
            rows += (
                {"dataset": name, "what": what, "count": count, "detail": detail}
                for what, count, detail in _dataset_counts(session, name)
            )
        for dataset_id, format, source in session.execute(
            select(Import.dataset_id, Import.format, Import.source).where(Import.state != "finished")
        ):
            detail = f"run `vsa import {format} {source}` again"
            rows.append({"dataset": f"#{dataset_id}", "what": "unfinished import", "count": 1, "detail": detail})
    return rows


def _dataset_counts(session: Session, name: str) -> list[tuple[str, int, str]]:
    row = dataset_row(session, name)
    by_split = splits(session, row.id)
    inside = select(ImageRow.id).where(ImageRow.dataset_id == row.id)
    sentences = select(Sentence.id).where(Sentence.image_id.in_(inside))
    counts = [
        ("images", sum(by_split.values()), ", ".join(f"{split or 'no split'} {n:,}" for split, n in by_split.items())),
        ("sentences", _count(session, Sentence, Sentence.image_id.in_(inside)), ""),
        ("groundings", _count(session, Grounding, Grounding.sentence_id.in_(sentences)), ""),
    ]
    regions = count_regions(session, row.id)
    sets = session.scalars(select(RegionSet).where(RegionSet.dataset_id == row.id).order_by(RegionSet.id)).all()
    counts += [(f"regions {s.name}", regions.get(s.id, 0), "" if s.state == "finished" else s.state) for s in sets]
    for what, table in (("checkpoints", Checkpoint), ("runs", Run)):
        states = session.execute(
            select(table.state, func.count()).where(table.dataset_id == row.id).group_by(table.state)
        ).all()
        detail = ", ".join(f"{state} {n}" for state, n in states if state != "finished")
        counts.append((what, sum(n for _, n in states), detail))
    phrases = select(func.count(Phrase.id)).join(Campaign).where(
        Campaign.dataset_id == row.id, brought(Phrase.import_id)
    )  # fmt: skip
    if total := session.scalar(phrases) or 0:
        counts.append(("phrases", total, ""))
    return [(what, count, detail) for what, count, detail in counts if count]


def _count(session: Session, table: type[Any], *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def next_step(database: Database) -> str:
    """The command that usually comes next."""
    with database.read() as session:
        if not dataset_names(session):
            return "vsa import flickr8k DIR (or folder DIR)"
        finished = {"state": "finished"}
        if not session.scalars(select(RegionSet.id).filter_by(kind="proposer", **finished)).first():
            return "vsa propose --proposer grid"
        if not session.scalars(select(Checkpoint.id).filter_by(**finished)).first():
            return "vsa train --backend brnn"
        if not session.scalars(select(Run.id).filter_by(**finished)).first():
            return "vsa run --backend brnn --split test"
        return "vsa eval --protocol retrieval"
