"""Review: all people's phrases of an image together, matched; accepted, rejected, or adjudicated into a new phrase.

    book = ReviewBook(workspace.database, campaign)
    book.images()                                       # what there is to review
    book.image(reviewer, image_id)                      # ReviewedImage: phrases, groups, agreement
    book.accept(at, op_id, phrase_ids, versions)        # `at`: the reviewer on the image
    book.reject(at, op_id, phrase_ids, reason, versions)
    book.reopen(at, op_id, phrase_ids, versions)        # neither accepted nor rejected any more
    book.adjudicate(at, op_id, source_ids, text, box, versions)
    book.undo(at, op_id)  book.redo(at, op_id)          # the reviewer's own last act on the image

An adjudicated phrase is the reviewer's, accepted, and points to its sources, which stay what they are. `versions` are
those that the reviewer saw, by phrase; a phrase that has another one now is a Conflict and nothing is changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError
from vsa_toolkit.records import Box
from vsa_toolkit.same_things import group_by_thing

from .campaigns import CampaignInfo
from .datasets import FINISHED
from .engine import Database
from .journal import (
    REVIEWING,
    Act,
    Change,
    Conflict,
    Place,
    kind_of_origin,
    perform,
    snapshot,
    standing,
    take_back,
    to_take_back,
    touch,
)
from .models import Annotator, Assignment, Image, Phrase, PhraseSource, Region, Suggestion
from .phrase_rows import ADJUDICATED, PhraseInfo, box_of, info, info_of, new_region, phrases_on, tidy_words
from .progress import Agreement, agreement

Made = tuple[list[Change], dict[str, Any], int | None]
REVIEWED = ("submitted", "accepted", "rejected")
IS_SOURCE = select(PhraseSource.source_id).where(PhraseSource.source_id == Phrase.id).exists()


@dataclass(frozen=True, slots=True)
class ReviewedPhrase:
    """A phrase as a reviewer sees it: who wrote it, what a suggestion had to do with it, what it was written from."""

    info: PhraseInfo
    suggestion: str | None
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReviewedImage:
    """All phrases of an image. `groups`: phrases of different people on one thing, by number; adjudicated ones stand
    with their first source. `skips`: who skipped the image and why."""

    people: list[str]
    phrases: list[ReviewedPhrase]
    groups: list[list[int]]
    agreement: dict[str, Any]
    skips: list[tuple[str, str]]
    undoable: bool
    redoable: bool


class ReviewBook:
    """The phrases of one campaign, reviewed; see the top of this file."""

    def __init__(self, database: Database, campaign: CampaignInfo) -> None:
        self.database = database
        self.campaign = campaign

    # Reading
    def images(self) -> list[dict[str, Any]]:
        """Flat rows of the images with phrases that were submitted, by id: id, key, phrases, waiting, annotators."""
        waits = (Phrase.state == "submitted") & ~ADJUDICATED & ~IS_SOURCE
        practised = (
            select(Assignment.id)
            .where(
                Assignment.campaign_id == Phrase.campaign_id, Assignment.annotator_id == Phrase.annotator_id,
                Assignment.image_id == Region.image_id, Assignment.practice,
            )
            .exists()
        )  # fmt: skip
        chosen = (
            select(
                Image.id, Image.key, func.count(Phrase.id), func.count(Phrase.id).filter(waits),
                func.count(Phrase.annotator_id.distinct()).filter(~ADJUDICATED),
            )
            .join(Region, Region.image_id == Image.id)
            .join(Phrase, Phrase.region_id == Region.id)
            .where(
                Phrase.campaign_id == self.campaign.id, Phrase.state.in_(REVIEWED), ~practised,
                or_(Phrase.import_id.is_(None), Phrase.import_id.in_(FINISHED)),
            )
            .group_by(Image.id, Image.key)
            .order_by(Image.id)
        )  # fmt: skip
        names = ("id", "key", "phrases", "waiting", "annotators")
        with self.database.read() as session:
            return [dict(zip(names, row)) for row in session.execute(chosen)]

    def image(self, reviewer: int, image_id: int) -> ReviewedImage:
        """What people wrote on an image and submitted."""
        at = Place(self.campaign.id, reviewer, image_id)
        with self.database.read() as session:
            rows = [row for row in session.execute(phrases_on(image_id, self.campaign.id)) if row[0].state in REVIEWED]
            sources = _sources(session, [phrase.id for phrase, _, _ in rows])
            exposures = _exposures(session, [phrase.id for phrase, _, _ in rows])
            phrases = [
                ReviewedPhrase(info(*row), exposures.get(row[0].id), tuple(sources.get(row[0].id, ()))) for row in rows
            ]
            own = [phrase for phrase in phrases if not phrase.sources]
            finished = self._annotators(session, image_id, ("submitted",))
            stands = standing(session, at, REVIEWING)
            return ReviewedImage(
                people=sorted({phrase.info.annotator for phrase in own} | {name for name, _ in finished}),
                phrases=phrases,
                groups=_groups(phrases),
                agreement=_agreement(own, [name for name, _ in finished]).as_json(),
                skips=[(name, reason or "") for name, reason in self._annotators(session, image_id, ("skipped",))],
                undoable=stands.undo is not None,
                redoable=stands.redo is not None,
            )

    def _annotators(self, session: Session, image_id: int, states: tuple[str, ...]) -> list[tuple[str, str | None]]:
        """Who stands in one of these states with the image, and why."""
        rows = session.execute(
            select(Annotator.name, Assignment.reason)
            .join(Assignment, Assignment.annotator_id == Annotator.id)
            .where(
                Assignment.campaign_id == self.campaign.id, Assignment.image_id == image_id,
                Assignment.state.in_(states),
            )
            .order_by(Annotator.name)
        )  # fmt: skip
        return [(name, reason) for name, reason in rows]

    # Judging
    def accept(self, at: Place, op_id: str, ids: Sequence[int], versions: Mapping[int, int] | None = None) -> Any:
        """These phrases are good."""
        return self._judge(at, op_id, "accept", ids, versions, "accepted", None)

    def reject(
        self, at: Place, op_id: str, ids: Sequence[int], reason: str, versions: Mapping[int, int] | None = None
    ) -> Any:
        """These phrases are not to be used, and why: their annotator is told."""
        reason = reason.strip()
        if not reason:
            raise UserError("say in a few words why the phrase is rejected.")
        return self._judge(at, op_id, "reject", ids, versions, "rejected", reason)

    def reopen(self, at: Place, op_id: str, ids: Sequence[int], versions: Mapping[int, int] | None = None) -> Any:
        """These phrases wait for review again."""
        return self._judge(at, op_id, "reopen", ids, versions, "submitted", None)

    def adjudicate(
        self, at: Place, op_id: str, ids: Sequence[int], text: str, box: Box,
        versions: Mapping[int, int] | None = None,
    ) -> Any:  # fmt: skip
        """A new, accepted phrase in the reviewer's words, which points to the phrases that it was written from."""
        words = tidy_words(text)

        def act(session: Session) -> Made:
            sources = self._phrases(session, at, ids, versions)
            if any(
                session.scalars(select(PhraseSource).where(PhraseSource.phrase_id == p.id)).first() for p in sources
            ):
                raise UserError(
                    "an adjudicated phrase is written from what people wrote, not from another such phrase."
                )
            region = _region_of(session, sources, box) or new_region(session, self.campaign, at.image_id, box)
            made = Phrase(
                region_id=region.id, campaign_id=at.campaign_id, annotator_id=at.annotator_id, text=words,
                state="accepted",
            )  # fmt: skip
            session.add(made)
            session.flush()
            changes = [Change("phrases", made.id, None, snapshot(made))]
            for source in sources:
                link = PhraseSource(phrase_id=made.id, source_id=source.id)
                session.add(link)
                session.flush()
                changes.append(Change("phrase_sources", source.id, None, snapshot(link)))
            return changes, {"phrase": info_of(session, made).as_json(), "undone": None}, None

        return perform(self.database, at, op_id, "adjudicate", act)

    def undo(self, at: Place, op_id: str) -> Any:
        """Take back the reviewer's last act on this image that stands."""
        return perform(self.database, at, op_id, REVIEWING.undo, _back(at, "undo"))

    def redo(self, at: Place, op_id: str) -> Any:
        """Take back the last undo, if nothing new was done since."""
        return perform(self.database, at, op_id, REVIEWING.redo, _back(at, "redo"))

    def _judge(
        self, at: Place, op_id: str, kind: str, ids: Sequence[int], versions: Mapping[int, int] | None, state: str,
        reason: str | None,
    ) -> Any:  # fmt: skip
        def act(session: Session) -> Made:
            changes = []
            for phrase in self._phrases(session, at, ids, versions):
                before = snapshot(phrase)
                phrase.state, phrase.reason = state, reason
                touch(phrase)
                session.flush()
                changes.append(Change("phrases", phrase.id, before, snapshot(phrase)))
            return changes, {"phrase": None, "undone": None}, None

        return perform(self.database, at, op_id, kind, act)

    def _phrases(
        self, session: Session, at: Place, ids: Sequence[int], versions: Mapping[int, int] | None
    ) -> list[Phrase]:
        """The phrases on the image with these numbers, as the reviewer saw them."""
        if not ids:
            raise UserError("say which phrases.")
        rows = {row[0].id: row for row in session.execute(phrases_on(at.image_id, at.campaign_id))}
        found = []
        for number in dict.fromkeys(ids):
            row = rows.get(number)
            if row is None or row[0].state not in REVIEWED:
                raise UserError(f"there is no submitted phrase {number} on this image: it may have been deleted.")
            phrase: Phrase = row[0]
            seen = (versions or {}).get(number, phrase.version)
            if phrase.version != seen:
                raise Conflict(
                    f"phrase {number} was changed in between: it says {phrase.text!r} now.",
                    {"kind": "changed", "theirs": info(*row).as_json(), "by": row[2], "you": False},
                )
            found.append(phrase)
        return found


def _back(at: Place, how: str) -> Act:
    def act(session: Session) -> Made:
        entry = to_take_back(session, at, REVIEWING, how)
        return take_back(session, entry), {"phrase": None, "undone": kind_of_origin(session, entry)}, entry.id

    return act


def _region_of(session: Session, sources: Sequence[Phrase], box: Box) -> Region | None:
    """The region of a source that has exactly this box."""
    regions = [session.get_one(Region, source.region_id) for source in sources]
    return next((region for region in regions if box_of(region) == box), None)


def _groups(phrases: Sequence[ReviewedPhrase]) -> list[list[int]]:
    by_person: dict[str, list[tuple[int, Box]]] = defaultdict(list)
    for phrase in phrases:
        if not phrase.sources:
            by_person[phrase.info.annotator].append((phrase.info.id, phrase.info.box))
    groups = group_by_thing(list(by_person.values()))
    for phrase in phrases:
        if phrase.sources:
            of_source = next((group for group in groups if phrase.sources[0] in group), None)
            if of_source is None:
                groups.append([phrase.info.id])
            else:
                of_source.append(phrase.info.id)
    return groups


def _agreement(phrases: Sequence[ReviewedPhrase], finished: Sequence[str]) -> Agreement:
    """Of all pairs of people who submitted the image, with what was not rejected."""
    said = {
        name: [(p.info.box, p.info.text) for p in phrases if p.info.annotator == name and p.info.state != "rejected"]
        for name in finished
    }
    total = Agreement()
    for number, one in enumerate(finished):
        for other in finished[number + 1 :]:
            total.add(agreement(said[one], said[other]))
    return total


def _sources(session: Session, ids: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    rows = select(PhraseSource.phrase_id, PhraseSource.source_id).where(PhraseSource.phrase_id.in_(ids))
    for phrase, source in session.execute(rows.order_by(PhraseSource.source_id)):
        found[phrase].append(source)
    return found


def _exposures(session: Session, ids: Sequence[int]) -> dict[int, str]:
    rows = select(Suggestion.phrase_id, Suggestion.exposure).where(Suggestion.phrase_id.in_(ids))
    return {phrase: exposure for phrase, exposure in session.execute(rows) if phrase is not None}
