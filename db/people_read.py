"""What people said, for evaluation: read-only queries over a campaign's phrases and the regions that runs name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.collected import Collected, PersonPhrase
from vsa_toolkit.errors import UserError, did_you_mean

from . import models as m
from .datasets import FINISHED, dataset_row, read_images

COUNTED = ("submitted", "accepted")
_CHUNK = 500  # ids in one query; SQLite's limit on parameters is higher everywhere


def read_collected(session: Session, dataset: str, split: str, campaign: str | None, workspace: Path) -> Collected:
    """The counted phrases of a campaign on a split (`vsa_toolkit.collected.Collected`).

    Raises:
        UserError: no such campaign, or none with phrases on this split, or several and none was named.
    """
    row = dataset_row(session, dataset)
    images = {image.id: image for image in read_images(session, row, workspace, split)}
    chosen = _campaign(session, row, split, campaign)
    phrases = [
        PersonPhrase(id, annotator, image_id, region_id, (x, y, width, height), text, suggestion)
        for id, annotator, image_id, region_id, x, y, width, height, text, suggestion in session.execute(
            _counted(chosen.id, split)
        )
    ]
    assigned = session.execute(
        select(m.Annotator.name, m.Assignment.image_id)
        .join(m.Annotator, m.Annotator.id == m.Assignment.annotator_id)
        .join(m.Image, m.Image.id == m.Assignment.image_id)
        .where(m.Assignment.campaign_id == chosen.id, m.Image.split == split, m.Assignment.state == "submitted",
               m.Assignment.practice.is_(False))
    )  # fmt: skip
    # Imported phrases come without assignments: who wrote one has finished its image.
    done = {(name, image_id) for name, image_id in assigned} | {(p.annotator, p.image_id) for p in phrases}
    seen = session.execute(
        select(m.Annotator.name, m.Suggestion.image_id)
        .join(m.Annotator, m.Annotator.id == m.Suggestion.annotator_id)
        .where(m.Suggestion.campaign_id == chosen.id, m.Suggestion.exposure != "offered")
        .distinct()
    )
    shown = done & {(name, image_id) for name, image_id in seen}
    finished = {image_id for _, image_id in done}
    return Collected(
        chosen.name, dataset, split, [image for id, image in images.items() if id in finished], phrases,
        frozenset(done), frozenset(shown), _fingerprint(images, phrases, done),
    )  # fmt: skip


def read_regions(session: Session, region_ids: Sequence[int]) -> dict[int, records.Region]:
    """Regions by id, of any region set."""
    r, found = m.Region, dict[int, records.Region]()
    ids = sorted(set(region_ids))
    for start in range(0, len(ids), _CHUNK):
        rows = session.execute(
            select(r.id, r.image_id, r.x, r.y, r.width, r.height, m.RegionSet.kind, r.label, r.score)
            .join(m.RegionSet, m.RegionSet.id == r.region_set_id)
            .where(r.id.in_(ids[start : start + _CHUNK]))
        )
        for id, image_id, x, y, width, height, kind, label, score in rows:
            found[id] = records.Region(id, image_id, (x, y, width, height), kind == "frame", label, score)
    return found


def _campaign(session: Session, dataset: m.Dataset, split: str, name: str | None) -> m.Campaign:
    known = session.scalars(select(m.Campaign).where(m.Campaign.dataset_id == dataset.id).order_by(m.Campaign.id)).all()
    if name is not None:
        found = [campaign for campaign in known if campaign.name == name]
        if not found:
            names = [campaign.name for campaign in known]
            raise UserError(f"dataset {dataset.name!r} has no campaign {name!r}{did_you_mean(name, names)}")
        return found[0]
    used = [campaign for campaign in known if session.execute(_counted(campaign.id, split).limit(1)).first()]
    if not used:
        raise UserError(
            f"nobody has submitted a phrase on split {split!r} of {dataset.name!r} yet: collect some (vsa annotate)."
        )
    if len(used) > 1:
        names = [campaign.name for campaign in used]
        raise UserError(f"there are several campaigns on split {split!r} ({', '.join(names)}): name one by --campaign.")
    return used[0]


def _counted(campaign_id: int, split: str) -> Select[*tuple[Any, ...]]:
    """The phrases that count, with annotator, box and what became of the suggestion behind each."""
    p, r, a = m.Phrase, m.Region, m.Assignment
    adjudicated = select(m.PhraseSource.phrase_id)
    practised = (
        select(a.id)
        .where(a.campaign_id == p.campaign_id, a.annotator_id == p.annotator_id, a.image_id == r.image_id, a.practice)
        .exists()
    )
    suggestion = (
        select(m.Suggestion.exposure).where(m.Suggestion.phrase_id == p.id).order_by(m.Suggestion.id).limit(1)
    ).scalar_subquery()
    return (
        select(p.id, m.Annotator.name, r.image_id, r.id, r.x, r.y, r.width, r.height, p.text, suggestion)
        .join(r, r.id == p.region_id)
        .join(m.Annotator, m.Annotator.id == p.annotator_id)
        .join(m.Image, m.Image.id == r.image_id)
        .where(p.campaign_id == campaign_id, p.state.in_(COUNTED), m.Image.split == split, p.id.not_in(adjudicated),
               ~practised, or_(p.import_id.is_(None), p.import_id.in_(FINISHED)))
        .order_by(r.image_id, m.Annotator.name, p.id)
    )  # fmt: skip


def _fingerprint(
    images: dict[int, records.Image], phrases: Sequence[PersonPhrase], done: set[tuple[str, int]]
) -> str:  # fmt: skip
    """A digest of what was said of what by whom, free of row ids."""
    said = ((images[p.image_id].key, p.annotator, p.box, p.text, p.suggestion) for p in phrases)
    finished = sorted((name, images[image_id].key) for name, image_id in done)
    return hashlib.sha256("\n".join(map(repr, [*said, *finished])).encode()).hexdigest()
