"""People's phrases on regions: what the annotation page and `vsa phrases` call.

    book = PhraseBook(workspace.database)
    campaign = book.campaign("flickr8k")                     # CampaignInfo; "default" is made when first asked for
    at = Place(campaign.id, book.annotator("ann"), image_id) # who works where
    book.add(at, op_id, text, box, seconds)                  # a box of the campaign's region set with a phrase on it
    book.edit(at, op_id, phrase_id, text)                    # other words
    book.move(at, op_id, phrase_id, box)                     # a new region that replaces the old; the phrase goes along
    book.delete(at, op_id, phrase_id)
    book.submit(at, op_id)                                   # the image is done: drafts become submitted
    book.skip(at, op_id, reason)
    book.undo(at, op_id)  book.redo(at, op_id)               # the annotator's last operation on this image
    book.phrases(at)  book.assignment(at)                    # as they are now
    book.next_image(campaign.id, annotator, split)           # where the annotator goes on
    book.progress(campaign.id, annotator, split)             # {"done": …, "total": …}

Boxes are pixels of the photo on disk, `(x, y, width, height)`; they are clipped to it. Each call is one transaction
that also writes the journal. `op_id` is the client's: the same one again changes nothing and gives the first answer:
{"op_id", "kind", "saved_at", "phrase": phrase as JSON or None, "undone": kind or None, "warnings": near duplicates}.
With `version`, a change of a phrase that another client changed since is a Conflict. Wrong input is a UserError, an
impossible box a DataError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError
from vsa_toolkit.records import Box

from . import people, queue, suggestions
from .campaigns import DEFAULT_CAMPAIGN, CampaignInfo, campaign_info, open_campaign
from .datasets import check_split
from .engine import Database
from .journal import (
    ANNOTATING,
    Change,
    Conflict,
    Place,
    kind_of_origin,
    perform,
    snapshot,
    take_back,
    to_take_back,
    touch,
)
from .models import Assignment, Campaign, Dataset, JournalEntry, Phrase, PhraseSource, Region
from .phrase_rows import (
    PhraseInfo,
    box_of,
    info,
    info_of,
    near_duplicates,
    new_region,
    own_phrase,
    own_phrases,
    tidy_words,
)
from .practice import grade

__all__ = ["CampaignInfo", "Conflict", "PhraseBook", "PhraseInfo", "Place"]

Made = tuple[list[Change], dict[str, Any], int | None]


class PhraseBook:
    """The phrases of one workspace, read and written; see the top of this file."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._campaigns: dict[int, CampaignInfo] = {}  # what a campaign asks for is settled when it is made
        self._splits: set[tuple[int, str]] = set()  # that were looked up and are there

    # Who and where
    def campaign(self, dataset: str, name: str = DEFAULT_CAMPAIGN) -> CampaignInfo:
        """A campaign of a dataset; the default one is made when it is first asked for."""
        return open_campaign(self.database, dataset, name)

    def annotator(self, name: str) -> int:
        """The id of an annotator, who is noted when first heard of."""
        return people.annotator(self.database, name).id

    def next_image(self, campaign_id: int, annotator_id: int, split: str | None = None) -> int | None:
        """The image that the annotator goes on with; None where there is none for now (`vsa_toolkit.db.queue`)."""
        return queue.next_image(self.database, self.with_split(campaign_id, split), annotator_id, split)

    def progress(self, campaign_id: int, annotator_id: int, split: str | None = None) -> dict[str, int]:
        """How many images the annotator has done, and how many there are for them."""
        return queue.progress(self.database, self.with_split(campaign_id, split), annotator_id, split)

    # Reading
    def phrases(self, at: Place) -> list[PhraseInfo]:
        """The annotator's phrases on the image, in the order in which they were first written."""
        with self.database.read() as session:
            return [info(*row) for row in session.execute(own_phrases(at))]

    def assignment(self, at: Place) -> str:
        """ "open", "submitted", "skipped" or "released"; open as well where the annotator has not begun."""
        with self.database.read() as session:
            row = queue.find_assignment(session, at)
            return row.state if row is not None else "open"

    # Writing
    def add(
        self, at: Place, op_id: str, text: str, box: Box, seconds: float | None = None, suggestion: int | None = None
    ) -> dict[str, Any]:
        """A new region in the campaign's region set, with a phrase on it; `suggestion`: what it was made from."""
        words = tidy_words(text)

        def act(session: Session) -> Made:
            campaign = self._settings(at.campaign_id)
            region = new_region(session, campaign, at.image_id, box)
            assignment = queue.hold(session, campaign, at)
            state = "submitted" if assignment.state == "submitted" else "draft"
            warnings = near_duplicates(session, campaign, at, words, box_of(region))
            phrase = Phrase(
                region_id=region.id, campaign_id=at.campaign_id, annotator_id=at.annotator_id, text=words, state=state,
                seconds=seconds,
            )  # fmt: skip
            session.add(phrase)
            session.flush()
            changes = [Change("phrases", phrase.id, None, snapshot(phrase))]
            if suggestion is not None:
                changes += suggestions.note_used(session, at, suggestion, phrase, box_of(region))
            return changes, _answer(session, phrase, warnings), None

        return perform(self.database, at, op_id, "add", act)

    def edit(
        self, at: Place, op_id: str, phrase_id: int, text: str, seconds: float | None = None, version: int | None = None
    ) -> dict[str, Any]:
        """Other words for the same region. A phrase that was reviewed waits for review again."""
        words = tidy_words(text)

        def act(session: Session) -> Made:
            phrase = own_phrase(session, at, phrase_id, version, {"kind": "edit", "text": words, "box": None})

            def change() -> None:
                phrase.text = words
                if seconds is not None:
                    phrase.seconds = (phrase.seconds or 0.0) + seconds

            return self._changed(session, at, phrase, change)

        return perform(self.database, at, op_id, "edit", act)

    def move(self, at: Place, op_id: str, phrase_id: int, box: Box, version: int | None = None) -> dict[str, Any]:
        """A new region that replaces the phrase's; the phrase moves to it, the old region stays for runs to name."""

        def act(session: Session) -> Made:
            phrase = own_phrase(session, at, phrase_id, version, {"kind": "move", "text": None, "box": list(box)})

            def change() -> None:
                campaign = self._settings(at.campaign_id)
                phrase.region_id = new_region(session, campaign, at.image_id, box, replaces=phrase.region_id).id

            return self._changed(session, at, phrase, change)

        return perform(self.database, at, op_id, "move", act)

    def delete(self, at: Place, op_id: str, phrase_id: int, version: int | None = None) -> dict[str, Any]:
        """Remove a phrase; its region stays, without words."""

        def act(session: Session) -> Made:
            phrase = own_phrase(session, at, phrase_id, version, {"kind": "delete", "text": None, "box": None})
            queue.hold(session, self._settings(at.campaign_id), at)
            refuse_source(session, phrase_id)
            changes = suggestions.note_deleted(session, at, phrase) if self._suggests(at) else []
            before = snapshot(phrase)
            session.delete(phrase)
            session.flush()
            return [*changes, Change("phrases", phrase_id, before, None)], _answer(session, None), None

        return perform(self.database, at, op_id, "delete", act)

    def submit(self, at: Place, op_id: str, reason: str | None = None) -> dict[str, Any]:
        """The image is done: the annotator's drafts on it become submitted.

        `reason`: why there are fewer phrases than the campaign asks for. A practice image is graded: "practice" in the
        answer.
        """

        def act(session: Session) -> Made:
            campaign = self._settings(at.campaign_id)
            assignment = queue.hold(session, campaign, at)
            if assignment.state != "submitted":
                _check_enough(session, campaign, at, reason)
            if assignment.state == "skipped":
                queue.claim(session, campaign, at)
            before = snapshot(assignment)
            assignment.state, assignment.reason = "submitted", reason
            answer = _answer(session, None)
            if assignment.practice:
                answer["practice"] = grade(session, campaign, assignment)
            changes = [_noted(session, "assignments", assignment, before)]
            drafts = session.scalars(own_phrases(at).with_only_columns(Phrase).where(Phrase.state == "draft")).all()
            earlier = [snapshot(phrase) for phrase in drafts]
            for phrase in drafts:
                phrase.state = "submitted"
                touch(phrase)
            session.flush()
            changes += [
                Change("phrases", phrase.id, before, snapshot(phrase)) for phrase, before in zip(drafts, earlier)
            ]
            if self._suggests(at):
                changes += suggestions.note_submitted(session, at)
            return changes, answer, None

        return perform(self.database, at, op_id, "submit", act)

    def skip(self, at: Place, op_id: str, reason: str) -> dict[str, Any]:
        """The image is left out, and why; drafts on it stay drafts."""
        reason = reason.strip()
        if not reason:
            raise UserError("say in a few words why the image is skipped.")

        def act(session: Session) -> Made:
            assignment = queue.hold(session, self._settings(at.campaign_id), at)
            before = snapshot(assignment)
            assignment.state, assignment.reason = "skipped", reason
            return [_noted(session, "assignments", assignment, before)], _answer(session, None), None

        return perform(self.database, at, op_id, "skip", act)

    def undo(self, at: Place, op_id: str) -> dict[str, Any]:
        """Take back the annotator's last operation on this image that stands."""

        def act(session: Session) -> Made:
            return self._back(session, at, to_take_back(session, at, ANNOTATING, "undo"))

        return perform(self.database, at, op_id, "undo", act)

    def redo(self, at: Place, op_id: str) -> dict[str, Any]:
        """Take back the last undo, if nothing new was done since."""

        def act(session: Session) -> Made:
            return self._back(session, at, to_take_back(session, at, ANNOTATING, "redo"))

        return perform(self.database, at, op_id, "redo", act)

    def _settings(self, campaign_id: int) -> CampaignInfo:
        found = self._campaigns.get(campaign_id)
        if found is None:
            with self.database.read() as session:
                found = campaign_info(session, session.get_one(Campaign, campaign_id))
            self._campaigns[campaign_id] = found
        return found

    def _suggests(self, at: Place) -> bool:
        return bool(self._settings(at.campaign_id).options.suggest)

    def with_split(self, campaign_id: int, split: str | None) -> CampaignInfo:
        """A campaign whose dataset has this split. Raises UserError where it has none."""
        campaign = self._settings(campaign_id)
        if split is not None and (campaign_id, split) not in self._splits:
            with self.database.read() as session:
                check_split(session, session.get_one(Dataset, campaign.dataset_id), split)
            self._splits.add((campaign_id, split))
        return campaign

    def _changed(self, session: Session, at: Place, phrase: Phrase, change: Callable[[], None]) -> Made:
        """Carry out a change of a phrase, and note it."""
        campaign = self._settings(at.campaign_id)
        queue.hold(session, campaign, at)
        before = snapshot(phrase)
        change()
        if phrase.state in ("accepted", "rejected"):
            phrase.state, phrase.reason = "submitted", None
        changes = [_noted(session, "phrases", phrase, before)]
        box = box_of(session.get_one(Region, phrase.region_id))
        if self._suggests(at):
            changes += suggestions.note_changed(session, at, phrase, box)
        warnings = near_duplicates(session, campaign, at, phrase.text, box, besides=phrase.id)
        return changes, _answer(session, phrase, warnings), None

    def _back(self, session: Session, at: Place, entry: JournalEntry) -> Made:
        campaign = self._settings(at.campaign_id)
        assignment = queue.find_assignment(session, at)
        if assignment is not None and assignment.state == "released":
            queue.hold(session, campaign, at)
        changes = take_back(session, entry)
        if any(_takes_an_image_again(change) for change in changes):
            queue.claim(session, campaign, at)
        ids = [change.id for change in changes if change.table == "phrases" and change.after is not None]
        phrase = session.get(Phrase, ids[0]) if ids else None
        return changes, _answer(session, phrase) | {"undone": kind_of_origin(session, entry)}, entry.id


def refuse_source(session: Session, phrase_id: int) -> None:
    """Raises UserError where an adjudicated phrase was written from this one."""
    if session.scalars(select(PhraseSource.phrase_id).where(PhraseSource.source_id == phrase_id)).first():
        raise UserError(f"phrase {phrase_id} is a source of an adjudicated phrase: it is kept.")


def _check_enough(session: Session, campaign: CampaignInfo, at: Place, reason: str | None) -> None:
    wanted = campaign.options.phrases_per_image
    if not wanted or reason or at.image_id in campaign.options.practice:
        return
    there = session.scalar(select(func.count()).select_from(own_phrases(at).subquery())) or 0
    if there < wanted:
        raise UserError(
            f"this campaign asks for {wanted} phrases an image, here are {there}: add more, or say why not."
        )


def _noted(session: Session, table: str, row: Phrase | Assignment, before: dict[str, Any]) -> Change:
    touch(row)
    session.flush()
    return Change(table, row.id, before, snapshot(row))


def _takes_an_image_again(change: Change) -> bool:
    """Whether a change makes somebody hold an image that they had left to others."""
    if change.table != "assignments" or change.before is None or change.after is None:
        return False
    return change.before["state"] in ("skipped", "released") and change.after["state"] in ("open", "submitted")


def _answer(
    session: Session, phrase: Phrase | None, warnings: list[dict[str, Any]] | None = None
) -> dict[str, Any]:  # fmt: skip
    told = None if phrase is None else info_of(session, phrase).as_json()
    return {"phrase": told, "undone": None, "warnings": warnings or []}
