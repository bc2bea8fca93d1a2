"""Reading a dataset for export: image after image, each with all that is chosen of it, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError, did_you_mean
from vsa_toolkit.records import (
    Box,
    GroundingSpan,
    ImageBundle,
    ImageFile,
    RegionBox,
    RegionPhrase,
    SentenceText,
    Size,
)
from vsa_toolkit.store import Selection

from .datasets import FINISHED, brought, check_split, dataset_row
from .models import (
    Annotator,
    Assignment,
    Campaign,
    Dataset,
    Grounding,
    GroundingRegion,
    Image,
    Phrase,
    Region,
    RegionSet,
    Sentence,
)
from .region_sets import current_regions, region_set_row

IMAGES = 500  # that are read at a time
DIGITS = 6  # of a pixel's fraction: what scaling to and fro, and clipping, add lies far beyond them
COLLECTED = ("import", "campaign")  # the kinds of region sets that an export has unless told otherwise


Phrases = dict[int, list[tuple[str, str, str, float | None, str]]]
"""Of each region that has any, the chosen phrases: text, annotator, state, seconds, campaign; by the region's id."""


@dataclass(frozen=True)
class _Chosen:
    """A selection, checked."""

    images: Select[*tuple[Any, ...]]
    regions: ColumnElement[bool]
    phrases: ColumnElement[bool]


def count_selected(session: Session, selection: Selection) -> int:
    chosen = _check(session, selection).images
    return session.scalar(select(func.count()).select_from(chosen.subquery())) or 0


def read_selected(session: Session, selection: Selection) -> Iterator[ImageBundle]:
    """The chosen images by id. Boxes are in the frame in which their source drew them."""
    chosen = _check(session, selection)
    last = 0
    while images := session.execute(chosen.images.where(Image.id > last).order_by(Image.id).limit(IMAGES)).all():
        yield from _bundles(session, chosen, images)
        last = images[-1].id


def _check(session: Session, selection: Selection) -> _Chosen:
    """Raises:
    UserError: something that is named is not there.
    """
    dataset = dataset_row(session, selection.dataset)
    i = Image
    images = select(i.id, i.key, i.split, i.path, i.width, i.height, i.frame_width, i.frame_height).where(
        i.dataset_id == dataset.id, i.import_id.in_(FINISHED)
    )
    if selection.split is not None:
        check_split(session, dataset, selection.split)
        images = images.where(i.split == selection.split)
    return _Chosen(images, _regions(session, dataset, selection), _phrases(session, dataset, selection))


def _regions(session: Session, dataset: Dataset, selection: Selection) -> ColumnElement[bool]:
    if selection.region_sets:
        sets: Sequence[RegionSet] = [region_set_row(session, dataset, name) for name in selection.region_sets]
    else:
        sets = session.scalars(
            select(RegionSet).where(
                RegionSet.dataset_id == dataset.id, RegionSet.kind.in_(COLLECTED), RegionSet.state == "finished"
            )
        ).all()
    return or_(false(), *(current_regions(region_set) for region_set in sets))


def _phrases(session: Session, dataset: Dataset, selection: Selection) -> ColumnElement[bool]:
    """In the chosen states, of the chosen people and campaign; not those on practice images."""
    practice = exists().where(
        Assignment.campaign_id == Phrase.campaign_id, Assignment.annotator_id == Phrase.annotator_id,
        Assignment.image_id == Region.image_id, Assignment.practice,
    )  # fmt: skip
    campaigns = select(Campaign.name, Campaign.id).where(Campaign.dataset_id == dataset.id)
    known = {name: id for name, id in session.execute(campaigns)}
    conditions = [Phrase.state.in_(selection.states), ~practice]
    if selection.campaign is not None:
        if selection.campaign not in known:
            raise UserError(
                f"dataset {dataset.name!r} has no campaign {selection.campaign!r}"
                f"{did_you_mean(selection.campaign, known)}"
            )
        conditions.append(Phrase.campaign_id == known[selection.campaign])
    if selection.annotators:
        conditions.append(Phrase.annotator_id.in_(_annotators(session, selection.annotators)))
    return and_(*conditions)


def _annotators(session: Session, names: Sequence[str]) -> list[int]:
    known = {name: id for name, id in session.execute(select(Annotator.name, Annotator.id))}
    for name in names:
        if name not in known:
            raise UserError(f"there is no annotator {name!r}{did_you_mean(name, known)}")
    return [known[name] for name in names]


def _bundles(session: Session, chosen: _Chosen, images: Sequence[Any]) -> Iterator[ImageBundle]:
    ids = [image.id for image in images]
    sentences: dict[int, list[SentenceText]] = {}
    rows = session.execute(
        select(Sentence.image_id, Sentence.number, Sentence.text)
        .where(Sentence.image_id.in_(ids), Sentence.import_id.in_(FINISHED))
        .order_by(Sentence.image_id, Sentence.number)
    )
    for image_id, number, text in rows:
        sentences.setdefault(image_id, []).append(SentenceText(number, text))
    phrases = _read_phrases(session, chosen, ids)
    regions = _ImageRegions(session, chosen, images, phrases)
    groundings = _groundings(session, ids, regions.keys)
    for image in images:
        yield ImageBundle(
            key=image.key,
            file=ImageFile(image.key, Path(image.path), image.split),
            frame=_frame(image),
            sentences=tuple(sentences.get(image.id, ())),
            regions=tuple(regions.boxes.get(image.id, ())),
            groundings=tuple(groundings.get(image.id, ())),
            raw_boxes=regions.raw.get(image.id, {}),
            phrases=tuple(regions.phrases.get(image.id, ())),
            size=(image.width, image.height),
            origins=regions.origins.get(image.id, {}),
        )


class _ImageRegions:
    """The regions of some images: boxes, raw integers and phrases by image, and each region's key by its id.

    A region that has phrases, but none that is chosen, is left out.
    """

    def __init__(self, session: Session, chosen: _Chosen, images: Sequence[Any], phrases: Phrases) -> None:
        self.phrases: dict[int, list[RegionPhrase]] = {}
        self.boxes: dict[int, list[RegionBox]] = {}
        self.raw: dict[int, dict[str, tuple[int, int, int, int]]] = {}
        self.keys: dict[int, str] = {}
        self.origins: dict[int, dict[str, str]] = {}
        scales = {image.id: _scale(image) for image in images}
        used: dict[int, set[str]] = {}
        r = Region
        rows = session.execute(
            select(r.id, r.image_id, r.x, r.y, r.width, r.height, r.label, r.score, r.key, r.raw_box, RegionSet.name)
            .join(RegionSet, RegionSet.id == r.region_set_id)
            .where(r.image_id.in_(list(scales)), chosen.regions)
            .order_by(r.image_id, r.region_set_id, r.position, r.id)
        )
        for id, image_id, x, y, width, height, label, score, key, raw, region_set in rows:
            on_it = phrases.get(id)
            if on_it is not None and not on_it:
                continue
            taken = used.setdefault(image_id, set())
            if key is None or key in taken:  # drawn here, or the same number in two region sets
                key = f"r{id}"
            taken.add(key)
            self.keys[id] = key
            self.origins.setdefault(image_id, {})[key] = region_set
            box = _in_frame(x, y, width, height, scales[image_id])
            self.boxes.setdefault(image_id, []).append(RegionBox(key, box, label, score))
            if on_it:
                of_image = self.phrases.setdefault(image_id, [])
                of_image += (RegionPhrase(key, *phrase) for phrase in on_it)
            if raw is not None:
                self.raw.setdefault(image_id, {})[key] = tuple(raw)


def _frame(image: Any) -> Size | None:
    return None if image.frame_width is None else (image.frame_width, image.frame_height)


def _scale(image: Any) -> tuple[float, float] | None:
    """What takes pixels on disk to pixels of the frame; None where they are the same."""
    if image.frame_width is None or (image.frame_width, image.frame_height) == (image.width, image.height):
        return None
    return (image.frame_width / image.width, image.frame_height / image.height)


def _in_frame(x: float, y: float, width: float, height: float, scale: tuple[float, float] | None) -> Box:
    if scale is not None:
        x, y, width, height = x * scale[0], y * scale[1], width * scale[0], height * scale[1]
    return (round(x, DIGITS), round(y, DIGITS), round(width, DIGITS), round(height, DIGITS))


def _groundings(session: Session, image_ids: Sequence[int], keys: dict[int, str]) -> dict[int, list[GroundingSpan]]:
    g, s = Grounding, Sentence
    visible = (s.image_id.in_(image_ids), brought(g.import_id), s.import_id.in_(FINISHED))
    tied: dict[int, list[str]] = {}
    pairs = (
        select(GroundingRegion.grounding_id, GroundingRegion.region_id)
        .join(g, g.id == GroundingRegion.grounding_id)
        .join(s, s.id == g.sentence_id)
        .join(Region, Region.id == GroundingRegion.region_id)
        .where(*visible)
        .order_by(GroundingRegion.grounding_id, Region.position, Region.id)
    )
    for grounding_id, region_id in session.execute(pairs):
        if region_id in keys:
            tied.setdefault(grounding_id, []).append(keys[region_id])
    found: dict[int, list[GroundingSpan]] = {}
    rows = (
        select(s.image_id, g.id, s.number, g.start, g.end, g.chain, g.categories, g.no_box, g.scene)
        .join(s, s.id == g.sentence_id)
        .where(*visible)
        .order_by(s.image_id, s.number, g.start, g.end, g.id)
    )
    for image_id, id, number, start, end, chain, categories, no_box, scene in session.execute(rows):
        span = GroundingSpan(number, start, end, tuple(tied.get(id, ())), chain, tuple(categories), no_box, scene)
        found.setdefault(image_id, []).append(span)
    return found


def _read_phrases(session: Session, chosen: _Chosen, image_ids: Sequence[int]) -> Phrases:
    p = Phrase
    rows = session.execute(
        select(p.region_id, chosen.phrases, Annotator.name, p.text, p.state, p.seconds, Campaign.name)
        .join(Region, Region.id == p.region_id)
        .join(Annotator, Annotator.id == p.annotator_id)
        .join(Campaign, Campaign.id == p.campaign_id)
        .where(Region.image_id.in_(image_ids), brought(p.import_id))
        .order_by(p.id)
    )
    found: Phrases = {}
    for region_id, is_chosen, annotator, text, state, seconds, campaign in rows:
        of_region = found.setdefault(region_id, [])
        if is_chosen:
            of_region.append((text, annotator, state, seconds, campaign))
    return found
