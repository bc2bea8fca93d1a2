"""A batch of an import, written in one short transaction.

The region set and the campaign of an import have its format's name. A batch takes its ids in advance, so that
sentences, regions, groundings and phrases can name each other in plain bulk inserts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError
from vsa_toolkit.store import ImportedImage

from .base import now
from .bulk import bulk_insert, for_driver, insert_tuples, reserve_ids
from .datasets import dataset_root, path_to_keep
from .engine import take_turns
from .models import (
    Annotator,
    Assignment,
    Campaign,
    Dataset,
    Grounding,
    GroundingRegion,
    Image,
    Import,
    Phrase,
    Region,
    RegionSet,
    Sentence,
)
from .region_sets import FRAME

# In the order in which the rows of the largest tables are put together below.
REGION_COLUMNS = (
    "id", "region_set_id", "image_id", "import_id", "position", "x", "y", "width", "height", "label", "score", "key",
    "raw_box",
)  # fmt: skip
GROUNDING_COLUMNS = (
    "id", "sentence_id", "import_id", "start", "end", "chain", "categories", "no_box", "scene",
)  # fmt: skip
PHRASE_COLUMNS = (
    "region_id", "campaign_id", "annotator_id", "import_id", "text", "state", "version", "seconds", "created_at",
    "changed_at",
)  # fmt: skip


def save_import_batch(session: Session, workspace: Path, import_id: int, batch: Sequence[ImportedImage]) -> None:
    """All rows of a batch: images with their frame regions, sentences, regions, groundings, phrases."""
    row = session.get_one(Import, import_id)
    root = dataset_root(session.get_one(Dataset, row.dataset_id), workspace)
    image_ids = _insert_images(session, row, root, batch)
    sentence_ids = _insert_sentences(session, import_id, batch, image_ids)
    region_ids = _insert_regions(session, row, batch, image_ids)
    _insert_groundings(session, import_id, batch, sentence_ids, region_ids)
    if any(image.phrases for image in batch):
        _insert_phrases(session, row, batch, image_ids, region_ids)


def _insert_images(session: Session, row: Import, root: Path, batch: Sequence[ImportedImage]) -> list[int]:
    """The id of each image of the batch, new or known."""
    new = iter(reserve_ids(session, Image, sum(image.photo is not None for image in batch)))
    ids = [image.known.id if image.known else next(new) for image in batch]
    photos = [(id, image.photo) for id, image in zip(ids, batch) if image.photo]
    if not photos:
        return ids
    bulk_insert(
        session,
        Image,
        [
            {
                "id": id, "dataset_id": row.dataset_id, "import_id": row.id, "key": photo.key, "split": photo.split,
                "path": path_to_keep(photo.path, root), "sha256": photo.sha256, "bytes": photo.bytes,
                "width": photo.width, "height": photo.height,
                "frame_width": photo.frame[0] if photo.frame else None,
                "frame_height": photo.frame[1] if photo.frame else None,
            }
            for id, photo in photos
        ],
    )  # fmt: skip
    frame = select(RegionSet.id).where(RegionSet.dataset_id == row.dataset_id, RegionSet.kind == FRAME)
    frame_id = session.scalars(frame).one()
    bulk_insert(
        session,
        Region,
        [
            {"region_set_id": frame_id, "image_id": id, "import_id": row.id, "position": 0, "x": 0.0, "y": 0.0,
             "width": float(photo.width), "height": float(photo.height)}
            for id, photo in photos
        ],
    )  # fmt: skip
    return ids


def _insert_sentences(
    session: Session, import_id: int, batch: Sequence[ImportedImage], image_ids: Sequence[int]
) -> list[dict[int, int]]:
    """For each image of the batch the sentence ids by number, of those that were there too."""
    ids = iter(reserve_ids(session, Sentence, sum(len(image.sentences) for image in batch)))
    by_number: list[dict[int, int]] = []
    rows: list[dict[str, Any]] = []
    for image, image_id in zip(batch, image_ids):
        numbers = {s.number: s.id for s in image.known.sentences} if image.known else {}
        for sentence in image.sentences:
            numbers[sentence.number] = next(ids)
            rows.append(
                {"id": numbers[sentence.number], "image_id": image_id, "import_id": import_id,
                 "number": sentence.number, "text": sentence.text}
            )  # fmt: skip
        by_number.append(numbers)
    bulk_insert(session, Sentence, rows)
    return by_number


def _insert_regions(
    session: Session, row: Import, batch: Sequence[ImportedImage], image_ids: Sequence[int]
) -> list[dict[str, int]]:
    """For each image of the batch the region ids by the source's key, of those that were there too."""
    count = sum(len(image.boxes) for image in batch)
    region_set = _region_set(session, row).id if count else 0
    as_json = for_driver(session, Region.raw_box)
    ids = iter(reserve_ids(session, Region, count))
    import_id = row.id
    by_key: list[dict[str, int]] = []
    rows: list[tuple[Any, ...]] = []
    for image, image_id in zip(batch, image_ids):
        keys = {key: region.id for key, region in image.known.regions.items()} if image.known else {}
        for position, box in enumerate(image.boxes, start=len(keys)):
            keys[box.key] = id = next(ids)
            raw = as_json(box.raw) if box.raw else None
            rows.append(
                (id, region_set, image_id, import_id, position, *box.box, box.label, box.score, box.key, raw)
            )  # fmt: skip
        by_key.append(keys)
    insert_tuples(session, Region, REGION_COLUMNS, rows)
    return by_key


def _insert_groundings(
    session: Session, import_id: int, batch: Sequence[ImportedImage], sentence_ids: Sequence[dict[int, int]],
    region_ids: Sequence[dict[str, int]],
) -> None:  # fmt: skip
    ids = iter(reserve_ids(session, Grounding, sum(len(image.groundings) for image in batch)))
    as_json = lru_cache(for_driver(session, Grounding.categories))  # a source has a few categories in all
    rows: list[tuple[Any, ...]] = []
    pairs: list[tuple[int, int]] = []
    for image, numbers, keys in zip(batch, sentence_ids, region_ids):
        for span in image.groundings:
            id = next(ids)
            rows.append(
                (id, numbers[span.sentence], import_id, span.start, span.end, span.chain,
                 as_json(tuple(span.categories)), span.no_box, span.scene)
            )  # fmt: skip
            pairs += [(id, keys[key]) for key in span.regions]
    insert_tuples(session, Grounding, GROUNDING_COLUMNS, rows)
    insert_tuples(session, GroundingRegion, ("grounding_id", "region_id"), pairs)


def _insert_phrases(
    session: Session, row: Import, batch: Sequence[ImportedImage], image_ids: Sequence[int],
    region_ids: Sequence[dict[str, int]],
) -> None:  # fmt: skip
    campaign = _campaign(session, row).id
    annotators = _annotators(session, row, {phrase.annotator or "" for image in batch for phrase in image.phrases})
    import_id, moment = row.id, for_driver(session, Phrase.created_at)(now())
    rows = [
        (
            keys[phrase.region], campaign, annotators[phrase.annotator], import_id, phrase.text, phrase.state, 1,
            phrase.seconds, moment, moment,
        )
        for image, keys in zip(batch, region_ids)
        for phrase in image.phrases
    ]  # fmt: skip
    insert_tuples(session, Phrase, PHRASE_COLUMNS, rows)
    _insert_assignments(session, campaign, batch, image_ids, annotators)


def _insert_assignments(
    session: Session, campaign: int, batch: Sequence[ImportedImage], image_ids: Sequence[int],
    annotators: Mapping[str | None, int],
) -> None:  # fmt: skip
    """Who wrote on an image has done it; who wrote drafts only is still at it."""
    states: dict[tuple[int, int], str] = {}
    for image, image_id in zip(batch, image_ids):
        for phrase in image.phrases:
            place = (annotators[phrase.annotator], image_id)
            if phrase.state != "draft":
                states[place] = "submitted"
            elif place not in states:
                states[place] = "open"
    a = Assignment
    known = [id for image, id in zip(batch, image_ids) if image.known]
    rows = session.execute(select(a.annotator_id, a.image_id).where(a.campaign_id == campaign, a.image_id.in_(known)))
    there = {tuple(place) for place in rows}
    moment = now()
    bulk_insert(
        session,
        Assignment,
        [
            {"campaign_id": campaign, "annotator_id": annotator, "image_id": image_id, "state": state,
             "practice": False, "reserved": False, "created_at": moment, "changed_at": moment}
            for (annotator, image_id), state in states.items()
            if (annotator, image_id) not in there
        ],
    )  # fmt: skip


def find_region_set(session: Session, row: Import) -> RegionSet | None:
    """The region set that has the format's name."""
    return session.scalars(
        select(RegionSet).where(RegionSet.dataset_id == row.dataset_id, RegionSet.name == row.format)
    ).one_or_none()


def _region_set(session: Session, row: Import) -> RegionSet:
    """The same, made if it is not there."""
    found = find_region_set(session, row)
    if found is None:
        provenance = {"format": row.format, "source": row.source, "options": row.options}
        found = RegionSet(dataset_id=row.dataset_id, import_id=row.id, name=row.format, kind="import",
                          provenance=provenance, state="running")  # fmt: skip
        session.add(found)
        session.flush()
    if found.kind != "import":
        raise UserError(f"region set {row.format!r} was made by {found.kind}, the import needs that name.")
    return found


def find_campaign(session: Session, row: Import) -> Campaign | None:
    """The campaign that has the format's name."""
    return session.scalars(
        select(Campaign).where(Campaign.dataset_id == row.dataset_id, Campaign.name == row.format)
    ).one_or_none()


def _campaign(session: Session, row: Import) -> Campaign:
    """The same, made if it is not there; its boxes are those of the import."""
    region_set = _region_set(session, row)
    found = find_campaign(session, row)
    if found is None:
        found = Campaign(dataset_id=row.dataset_id, region_set_id=region_set.id, name=row.format, options={})
        session.add(found)
        session.flush()
    if found.region_set_id != region_set.id:
        raise UserError(f"campaign {row.format!r} has boxes of its own, the import needs that name for its phrases.")
    return found


def _annotators(session: Session, row: Import, names: set[str]) -> dict[str | None, int]:
    """The annotators' ids by name; those first heard of are noted, with the import that named them."""
    take_turns(session, "annotators")
    known = select(Annotator.name, Annotator.id).where(Annotator.name.in_(names))
    ids: dict[str | None, int] = {name: id for name, id in session.execute(known)}
    made = [Annotator(name=name) for name in sorted(names - ids.keys())]
    if made:
        session.add_all(made)
        session.flush()
        ids |= {annotator.name: annotator.id for annotator in made}
        there = row.summary.get("annotators", [])
        row.summary = {**row.summary, "annotators": [*there, *(annotator.id for annotator in made)]}
    return ids
