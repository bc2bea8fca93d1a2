"""What a dataset has of images that an import meets again: sentences, and what came from the same format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.store import KnownImage

from .models import Annotator, Campaign, Dataset, Grounding, GroundingRegion, Image, Phrase, Region, RegionSet, Sentence

Regions = dict[int, dict[str, records.Region]]
"""Of each image the regions by the source's key."""


def known_images(session: Session, dataset: str, format: str, keys: Sequence[str]) -> dict[str, KnownImage]:
    """Those of `keys` that the dataset has, with what was imported from the format, finished or not."""
    i = Image
    chosen = select(i.id, i.key, i.sha256, i.width, i.height, i.split, i.frame_width, i.frame_height)
    dataset_id = select(Dataset.id).where(Dataset.name == dataset).scalar_subquery()
    found = session.execute(chosen.where(i.dataset_id == dataset_id, i.key.in_(keys))).all()
    if not found:
        return {}
    ids = [image.id for image in found]
    sentences: dict[int, list[records.Sentence]] = {}
    columns = (Sentence.id, Sentence.image_id, Sentence.number, Sentence.text)
    for sentence in session.execute(select(*columns).where(Sentence.image_id.in_(ids)).order_by(Sentence.number)):
        sentences.setdefault(sentence.image_id, []).append(records.Sentence(*sentence))
    regions = _regions_by_key(session, dataset, format, ids)
    groundings = _grounding_identities(session, ids, regions)
    phrases = _phrase_identities(session, dataset, format, regions)
    return {
        image.key: KnownImage(
            id=image.id, key=image.key, sha256=image.sha256, width=image.width, height=image.height,
            split=image.split,
            frame=None if image.frame_width is None else (image.frame_width, image.frame_height or 0),
            sentences=tuple(sentences.get(image.id, ())),
            regions=regions.get(image.id, {}),
            groundings=frozenset(groundings.get(image.id, ())),
            phrases=phrases.get(image.id, {}),
        )
        for image in found
    }  # fmt: skip


def _regions_by_key(session: Session, dataset: str, format: str, image_ids: Sequence[int]) -> Regions:
    r = Region
    rows = session.execute(
        select(r.id, r.image_id, r.x, r.y, r.width, r.height, r.label, r.score, r.key)
        .join(RegionSet, RegionSet.id == r.region_set_id)
        .join(Dataset, Dataset.id == RegionSet.dataset_id)
        .where(Dataset.name == dataset, RegionSet.name == format, r.image_id.in_(image_ids))
        .order_by(r.position)
    )
    regions: Regions = {}
    for id, image_id, x, y, width, height, label, score, key in rows:
        record = records.Region(id, image_id, (x, y, width, height), False, label, score)
        regions.setdefault(image_id, {})[key or str(id)] = record
    return regions


def _grounding_identities(
    session: Session, image_ids: Sequence[int], regions: Regions
) -> dict[int, set[tuple[Any, ...]]]:
    """As `vsa_toolkit.store.grounding_identity` has them; those of other formats' boxes never look the same."""
    keys = {region.id: key for of_image in regions.values() for key, region in of_image.items()}
    tied: dict[int, set[Any]] = {}
    pairs = (
        select(GroundingRegion.grounding_id, GroundingRegion.region_id)
        .join(Grounding, Grounding.id == GroundingRegion.grounding_id)
        .join(Sentence, Sentence.id == Grounding.sentence_id)
        .where(Sentence.image_id.in_(image_ids))
    )
    for grounding_id, region_id in session.execute(pairs):
        tied.setdefault(grounding_id, set()).add(keys.get(region_id, region_id))
    found: dict[int, set[tuple[Any, ...]]] = {}
    rows = (
        select(Sentence.image_id, Sentence.number, Grounding.id, Grounding.start, Grounding.end, Grounding.chain)
        .join(Sentence, Sentence.id == Grounding.sentence_id)
        .where(Sentence.image_id.in_(image_ids))
    )
    for image_id, number, id, start, end, chain in session.execute(rows):
        found.setdefault(image_id, set()).add((number, start, end, chain, frozenset(tied.get(id, ()))))
    return found


def _phrase_identities(
    session: Session, dataset: str, format: str, regions: Regions
) -> dict[int, dict[tuple[Any, ...], int]]:
    """How often each phrase of the format's campaign is there, as `vsa_toolkit.store.phrase_identity` names it."""
    places = {region.id: (image, key) for image, of_image in regions.items() for key, region in of_image.items()}
    rows = (
        select(Phrase.region_id, Annotator.name, Phrase.text)
        .join(Annotator, Annotator.id == Phrase.annotator_id)
        .join(Campaign, Campaign.id == Phrase.campaign_id)
        .join(Dataset, Dataset.id == Campaign.dataset_id)
        .where(Dataset.name == dataset, Campaign.name == format)
    )
    found: dict[int, Counter[tuple[Any, ...]]] = {}
    for some in _in_pieces(list(places)):
        for region_id, annotator, text in session.execute(rows.where(Phrase.region_id.in_(some))):
            image_id, key = places[region_id]
            found.setdefault(image_id, Counter())[key, annotator, text] += 1
    return dict(found)


def _in_pieces(ids: Sequence[int]) -> list[Sequence[int]]:
    """SQLite takes some ten thousand values in one statement."""
    return [ids[start : start + 5000] for start in range(0, len(ids), 5000)]
