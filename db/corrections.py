"""Corrections from the terminal, on anybody's phrases: edited, deleted and taken back through the same journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from vsa_toolkit.errors import UserError
from vsa_toolkit.records import Box

from . import people, suggestions
from .campaigns import campaign_info
from .datasets import FINISHED
from .engine import Database
from .journal import CORRECTING, Change, Place, kind_of_origin, perform, snapshot, take_back, touch
from .models import Annotator, Campaign, Dataset, Image, JournalEntry, Phrase, PhraseSource, Region, Suggestion
from .phrase_rows import box_of, info_of, new_region, tidy_words
from .phrases import refuse_source


@dataclass(frozen=True, slots=True)
class Filter:
    """Which phrases; None: any. `image` is an image's key, `words` a part of the text in any case."""

    dataset: str | None = None
    campaign: str | None = None
    annotator: str | None = None
    image: str | None = None
    state: str | None = None
    words: str | None = None


def list_phrases(database: Database, chosen: Filter, limit: int | None = None) -> list[dict[str, Any]]:
    """Flat rows by image, then phrase; those that an unfinished import brought are not there."""
    with database.read() as session:
        rows = session.execute(_filtered(chosen).limit(limit)).all()
        ids = [phrase.id for phrase, *_ in rows]
        suggested = dict(session.execute(
            select(Suggestion.phrase_id, Suggestion.exposure).where(Suggestion.phrase_id.in_(ids))
        ).all())  # fmt: skip
        sources: dict[int, list[int]] = {}
        for phrase_id, source_id in session.execute(
            select(PhraseSource.phrase_id, PhraseSource.source_id).where(PhraseSource.phrase_id.in_(ids))
        ):
            sources.setdefault(phrase_id, []).append(source_id)
    return [
        {
            "phrase": phrase.id,
            "image": key,
            "annotator": annotator,
            "campaign": campaign,
            "state": phrase.state,
            "text": phrase.text,
            "box": " ".join(f"{side:.10g}" for side in box_of(region)),
            "version": phrase.version,
            "seconds": phrase.seconds,
            "suggestion": suggested.get(phrase.id),
            "sources": " ".join(map(str, sources.get(phrase.id, []))) or None,
            "reason": phrase.reason,
        }
        for phrase, region, key, annotator, campaign in rows
    ]


def correct(
    database: Database, operator: str, phrase_id: int, text: str | None = None, box: Box | None = None
) -> dict[str, Any]:
    """Other words or another box for a phrase, whoever wrote it, by `operator`; a reviewed one waits for review again.

    Raises:
        UserError: there is no such phrase, or the words are none.
        DataError: nothing of the box is on the image.
    """
    words = None if text is None else tidy_words(text)
    author, at = _places(database, operator, phrase_id)

    def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
        phrase = _phrase(session, phrase_id)
        before = snapshot(phrase)
        phrase.text = words or phrase.text
        if box is not None:
            campaign = campaign_info(session, session.get_one(Campaign, author.campaign_id))
            phrase.region_id = new_region(session, campaign, author.image_id, box, replaces=phrase.region_id).id
        if phrase.state in ("accepted", "rejected"):
            phrase.state, phrase.reason = "submitted", None
        touch(phrase)
        session.flush()
        changes = [Change("phrases", phrase.id, before, snapshot(phrase))]
        changes += suggestions.note_changed(session, author, phrase, box_of(session.get_one(Region, phrase.region_id)))
        return changes, {"phrase": info_of(session, phrase).as_json()}, None

    return perform(database, at, uuid4().hex, "correct", act)


def remove(database: Database, operator: str, phrase_id: int) -> dict[str, Any]:
    """Delete a phrase, whoever wrote it. Raises UserError where there is none, or it is a source of another."""
    author, at = _places(database, operator, phrase_id)

    def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
        phrase = _phrase(session, phrase_id)
        refuse_source(session, phrase_id)
        told = info_of(session, phrase).as_json()
        changes = suggestions.note_deleted(session, author, phrase)
        for source in session.scalars(select(PhraseSource).where(PhraseSource.phrase_id == phrase_id)).all():
            changes.append(Change("phrase_sources", source.source_id, snapshot(source), None))
            session.delete(source)
        session.flush()
        before = snapshot(phrase)
        session.delete(phrase)
        session.flush()
        return [*changes, Change("phrases", phrase_id, before, None)], {"phrase": told}, None

    return perform(database, at, uuid4().hex, "remove", act)


def undo_correction(database: Database, operator: str) -> dict[str, Any]:
    """Take back the operator's last correction that stands, on whatever image it was: {"undone", "phrase"}.

    Raises:
        UserError: there is none.
        Conflict: the phrase was changed since.
    """
    with database.read() as session:
        entry = _last_correction(session, operator)
        at = Place(entry.campaign_id, entry.annotator_id, entry.image_id or 0)
        entry_id = entry.id

    def act(session: Session) -> tuple[list[Change], dict[str, Any], int]:
        entry = session.get_one(JournalEntry, entry_id)
        changes = take_back(session, entry)
        phrases = [session.get(Phrase, change.id) for change in changes if change.table == "phrases"]
        told = [info_of(session, phrase).as_json() for phrase in phrases if phrase is not None]
        return changes, {"undone": kind_of_origin(session, entry), "phrase": told[0] if told else None}, entry_id

    return perform(database, at, uuid4().hex, CORRECTING.undo, act)


def _last_correction(session: Session, operator: str) -> JournalEntry:
    later = aliased(JournalEntry)
    found = session.scalars(
        select(JournalEntry)
        .join(Annotator, Annotator.id == JournalEntry.annotator_id)
        .where(
            Annotator.name == people.tidy_name(operator), JournalEntry.kind.in_(CORRECTING.kinds),
            ~select(later.id).where(later.undoes_id == JournalEntry.id).exists(),
        )
        .order_by(JournalEntry.id.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise UserError("there is no correction of yours to undo.")
    return found


def _places(database: Database, operator: str, phrase_id: int) -> tuple[Place, Place]:
    """Where the phrase's author worked, and the operator in the same place."""
    with database.read() as session:
        phrase = _phrase(session, phrase_id)
        image_id = session.get_one(Region, phrase.region_id).image_id
        author = Place(phrase.campaign_id, phrase.annotator_id, image_id)
    return author, Place(author.campaign_id, people.annotator(database, operator).id, image_id)


def _phrase(session: Session, phrase_id: int) -> Phrase:
    found = session.get(Phrase, phrase_id) if 0 < phrase_id < 2**63 else None
    if found is None:
        raise UserError(f"there is no phrase {phrase_id}: `vsa phrases list` shows them.")
    return found


def _filtered(chosen: Filter) -> Any:
    rows = (
        select(Phrase, Region, Image.key, Annotator.name, Campaign.name)
        .join(Region, Region.id == Phrase.region_id)
        .join(Image, Image.id == Region.image_id)
        .join(Annotator, Annotator.id == Phrase.annotator_id)
        .join(Campaign, Campaign.id == Phrase.campaign_id)
        .join(Dataset, Dataset.id == Campaign.dataset_id)
        .where(or_(Phrase.import_id.is_(None), Phrase.import_id.in_(FINISHED)))
        .order_by(Image.id, Phrase.id)
    )
    for column, value in (
        (Dataset.name, chosen.dataset), (Campaign.name, chosen.campaign), (Annotator.name, chosen.annotator),
        (Image.key, chosen.image), (Phrase.state, chosen.state),
    ):  # fmt: skip
        if value is not None:
            rows = rows.where(column == value)
    if chosen.words is not None:
        rows = rows.where(Phrase.text.icontains(chosen.words, autoescape=True))
    return rows
