"""A split of a dataset as frozen records: a handful of queries whatever its size, in a fixed order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from vsa_toolkit.records import Box, Grounding, Image, Region, Sentence, Split

from . import models as m
from .datasets import FINISHED, check_split, dataset_row, read_images
from .region_sets import FRAME, current_regions, region_set_row


def read_split(session: Session, dataset: str, split: str, region_set: str, workspace: Path) -> Split:
    """A split with the regions of one region set; each image's frame region comes first.

    Images by id, sentences by number, regions by position, groundings by sentence and place.

    Raises:
        UserError: there is no such dataset, split or finished region set (naming those there are).
    """
    row = dataset_row(session, dataset)
    check_split(session, row, split)
    chosen = region_set_row(session, row, region_set)
    frame = region_set_row(session, row, FRAME)
    images = read_images(session, row, workspace, split)
    inside = _images_of(row.id, split)
    sentences = _sentences(session, inside)
    regions = _regions(session, inside, frame, is_frame=True)
    if chosen.id != frame.id:
        regions += _regions(session, inside, chosen, is_frame=False)
        regions.sort(key=lambda region: (region.image_id, not region.is_frame))  # stable: positions stay in order
    groundings = _groundings(session, inside)
    fingerprint = _fingerprint(images, sentences, regions, groundings)
    return Split(dataset, split, region_set, images, sentences, regions, groundings, fingerprint)


def _images_of(dataset_id: int, split: str) -> Select[int]:
    return select(m.Image.id).where(
        m.Image.dataset_id == dataset_id, m.Image.split == split, m.Image.import_id.in_(FINISHED)
    )


def _sentences(session: Session, inside: Select[int]) -> list[Sentence]:
    s = m.Sentence
    rows = session.execute(
        select(s.id, s.image_id, s.number, s.text)
        .where(s.image_id.in_(inside), s.import_id.in_(FINISHED))
        .order_by(s.image_id, s.number)
    )
    return [Sentence(*row) for row in rows]


def _regions(session: Session, inside: Select[int], region_set: m.RegionSet, is_frame: bool) -> list[Region]:
    r = m.Region
    rows = session.execute(
        select(r.id, r.image_id, r.x, r.y, r.width, r.height, r.label, r.score)
        .where(current_regions(region_set), r.image_id.in_(inside))
        .order_by(r.image_id, r.position, r.id)
    )
    return [
        Region(id, image_id, (x, y, width, height), is_frame, label, score)
        for id, image_id, x, y, width, height, label, score in rows
    ]


def _groundings(session: Session, inside: Select[int]) -> list[Grounding]:
    g, s = m.Grounding, m.Sentence
    visible = (s.image_id.in_(inside), g.import_id.in_(FINISHED))
    boxes: dict[int, list[Box]] = {}
    tied = (
        select(m.GroundingRegion.grounding_id, m.Region.x, m.Region.y, m.Region.width, m.Region.height)
        .join(m.Region, m.Region.id == m.GroundingRegion.region_id)
        .join(g, g.id == m.GroundingRegion.grounding_id)
        .join(s, s.id == g.sentence_id)
        .where(*visible)
        .order_by(m.GroundingRegion.grounding_id, m.Region.position, m.Region.id)
    )
    for grounding_id, x, y, width, height in session.execute(tied):
        boxes.setdefault(grounding_id, []).append((x, y, width, height))
    rows = session.execute(
        select(g.id, g.sentence_id, s.image_id, g.start, g.end, g.chain, g.categories, g.no_box, g.scene)
        .join(s, s.id == g.sentence_id)
        .where(*visible)
        .order_by(s.image_id, s.number, g.start, g.end, g.id)
    )
    return [
        Grounding(
            id, sentence_id, image_id, start, end, tuple(boxes.get(id, ())), chain, tuple(categories), no_box, scene
        )
        for id, sentence_id, image_id, start, end, chain, categories, no_box, scene in rows
    ]


def _fingerprint(
    images: Sequence[Image], sentences: Sequence[Sentence], regions: Sequence[Region], groundings: Sequence[Grounding]
) -> str:
    """A digest of the contents, free of row ids: the same data in another workspace has the same one."""
    keys = {image.id: image.key for image in images}
    places = {s.id: (keys[s.image_id], s.number) for s in sentences}
    digest = hashlib.sha256()

    def add(kind: str, rows: Iterable[tuple[Any, ...]]) -> None:
        digest.update("\n".join([kind, *map(repr, rows), ""]).encode())

    add("images", ((i.key, i.sha256, i.width, i.height, i.frame) for i in images))
    add("sentences", ((keys[s.image_id], s.number, s.text) for s in sentences))
    add("regions", ((keys[r.image_id], r.box, r.is_frame, r.label, r.score) for r in regions))
    spans = ((g.start, g.end, g.boxes, g.chain, g.categories, g.no_box, g.scene) for g in groundings)
    add("groundings", zip((places[g.sentence_id] for g in groundings), spans, strict=True))
    return digest.hexdigest()
