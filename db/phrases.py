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
    book.undo(at, op_id)                                     # the annotator's last operation on this image
    book.phrases(at)  book.assignment(at)                    # as they are now
    book.next_image(campaign.id, annotator, split)           # the first image not yet submitted or skipped
    book.progress(campaign.id, annotator, split)             # {"done": …, "total": …}

Boxes are pixels of the photo on disk, `(x, y, width, height)`; they are clipped to it. Each call is one transaction
that also writes the journal. `op_id` is the client's: the same one again changes nothing and gives the first answer:
{"op_id", "kind", "saved_at", "phrase": phrase as JSON or None, "undone": kind or None}. With `version`, a change of a
phrase that has another one now is a Conflict. Wrong input is a UserError, an impossible box a DataError.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vsa_toolkit.boxes import clip
from vsa_toolkit.errors import UserError
from vsa_toolkit.records import Box

from .base import now
from .datasets import FINISHED, check_split, dataset_row
from .engine import Database, take_turns
from .journal import Change, Conflict, Place, last_operation, perform, snapshot, take_back, touch
from .models import Annotator, Assignment, Campaign, Dataset, Image, Phrase, PhraseSource, Region, RegionSet

LONGEST_TEXT = 2000
DEFAULT_CAMPAIGN = "default"

__all__ = ["CampaignInfo", "Conflict", "PhraseBook", "PhraseInfo", "Place"]


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    id: int
    name: str
    dataset: str
    region_set: str


@dataclass(frozen=True, slots=True)
class PhraseInfo:
    """A phrase with the box that it is on now."""

    id: int
    text: str
    box: Box
    state: str
    version: int
    region_id: int
    annotator: str


class PhraseBook:
    """The phrases of one workspace, read and written; see the top of this file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # Who and where
    def campaign(self, dataset: str, name: str = DEFAULT_CAMPAIGN) -> CampaignInfo:
        """A campaign of a dataset; it is made, with a region set of its own, when it is first asked for."""
        with self.database.write() as session:
            row = dataset_row(session, dataset)
            take_turns(session, "campaigns", row.id)
            found = session.scalars(
                select(Campaign).where(Campaign.dataset_id == row.id, Campaign.name == name)
            ).one_or_none()
            found = found or _new_campaign(session, row, name)
            regions = session.get_one(RegionSet, found.region_set_id)
            return CampaignInfo(found.id, found.name, dataset, regions.name)

    def annotator(self, name: str) -> int:
        """The id of an annotator, who is noted when first heard of."""
        name = " ".join(name.split())
        if not name or len(name) > 200:
            raise UserError("an annotator needs a name of 1 to 200 characters.")
        with self.database.write() as session:
            take_turns(session, "annotators")
            found = session.scalars(select(Annotator).where(Annotator.name == name)).one_or_none()
            if found is None:
                found = Annotator(name=name)
                session.add(found)
                session.flush()
            return found.id

    def next_image(self, campaign_id: int, annotator_id: int, split: str | None = None) -> int | None:
        """The first image, by id, that the annotator has neither submitted nor skipped; None where all are done."""
        with self.database.read() as session:
            done = _done(campaign_id, annotator_id)
            chosen = _images(session, campaign_id, split).where(Image.id.not_in(done)).order_by(Image.id).limit(1)
            return session.scalars(chosen).one_or_none()

    def progress(self, campaign_id: int, annotator_id: int, split: str | None = None) -> dict[str, int]:
        """How many images the annotator has done, and how many there are."""
        with self.database.read() as session:
            images = _images(session, campaign_id, split)
            total = session.scalar(select(func.count()).select_from(images.subquery())) or 0
            done = images.where(Image.id.in_(_done(campaign_id, annotator_id)))
            return {"done": session.scalar(select(func.count()).select_from(done.subquery())) or 0, "total": total}

    # Reading
    def phrases(self, at: Place) -> list[PhraseInfo]:
        """The annotator's phrases on the image, in the order in which they were first written."""
        with self.database.read() as session:
            ids = session.scalars(_phrases_at(at).with_only_columns(Phrase.id).order_by(Phrase.id)).all()
            return [_info(session, session.get_one(Phrase, id)) for id in ids]

    def assignment(self, at: Place) -> str:
        """ "open", "submitted" or "skipped"; open as well where the annotator has not begun."""
        with self.database.read() as session:
            row = _find_assignment(session, at)
            return row.state if row is not None else "open"

    # Writing
    def add(self, at: Place, op_id: str, text: str, box: Box, seconds: float | None = None) -> dict[str, Any]:
        """A new region in the campaign's region set, with a phrase on it."""
        words = _words(text)

        def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
            assignment = _assignment(session, at)
            region = _new_region(session, at, box)
            state = "submitted" if assignment.state == "submitted" else "draft"
            phrase = Phrase(
                region_id=region.id, campaign_id=at.campaign_id, annotator_id=at.annotator_id, text=words, state=state,
                version=1, seconds=seconds,
            )  # fmt: skip
            session.add(phrase)
            session.flush()
            return [Change("phrases", phrase.id, None, snapshot(phrase))], _answer(session, phrase), None

        return perform(self.database, at, op_id, "add", act)

    def edit(
        self, at: Place, op_id: str, phrase_id: int, text: str, seconds: float | None = None, version: int | None = None
    ) -> dict[str, Any]:
        """Other words for the same region. A phrase that was reviewed waits for review again."""
        words = _words(text)

        def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
            phrase = _phrase(session, at, phrase_id, version)
            before = snapshot(phrase)
            phrase.text = words
            if seconds is not None:
                phrase.seconds = (phrase.seconds or 0.0) + seconds
            return _changed(session, phrase, before)

        return perform(self.database, at, op_id, "edit", act)

    def move(self, at: Place, op_id: str, phrase_id: int, box: Box, version: int | None = None) -> dict[str, Any]:
        """A new region that replaces the phrase's; the phrase moves to it, the old region stays for runs to name."""

        def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
            phrase = _phrase(session, at, phrase_id, version)
            before = snapshot(phrase)
            phrase.region_id = _new_region(session, at, box, replaces=phrase.region_id).id
            return _changed(session, phrase, before)

        return perform(self.database, at, op_id, "move", act)

    def delete(self, at: Place, op_id: str, phrase_id: int, version: int | None = None) -> dict[str, Any]:
        """Remove a phrase; its region stays, without words."""

        def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
            phrase = _phrase(session, at, phrase_id, version)
            if session.scalars(select(PhraseSource.phrase_id).where(PhraseSource.source_id == phrase_id)).first():
                raise UserError(f"phrase {phrase_id} is a source of an adjudicated phrase: it is kept.")
            before = snapshot(phrase)
            session.delete(phrase)
            session.flush()
            return [Change("phrases", phrase_id, before, None)], {"phrase": None, "undone": None}, None

        return perform(self.database, at, op_id, "delete", act)

    def submit(self, at: Place, op_id: str) -> dict[str, Any]:
        """The image is done: the annotator's drafts on it become submitted."""
        return self._close(at, op_id, "submit", "submitted", None)

    def skip(self, at: Place, op_id: str, reason: str) -> dict[str, Any]:
        """The image is left out, and why; drafts on it stay drafts."""
        if not reason.strip():
            raise UserError("say in a few words why the image is skipped.")
        return self._close(at, op_id, "skip", "skipped", reason.strip())

    def undo(self, at: Place, op_id: str) -> dict[str, Any]:
        """Take back the annotator's last operation on this image that was not taken back yet."""

        def act(session: Session) -> tuple[list[Change], dict[str, Any], int]:
            entry = last_operation(session, at)
            changes = take_back(session, entry)
            ids = [change.id for change in changes if change.table == "phrases" and change.after is not None]
            phrase = session.get(Phrase, ids[0]) if ids else None
            answer = _answer(session, phrase) if phrase is not None else {"phrase": None}
            return changes, answer | {"undone": entry.kind}, entry.id

        return perform(self.database, at, op_id, "undo", act)

    def _close(self, at: Place, op_id: str, kind: str, state: str, reason: str | None) -> dict[str, Any]:
        def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
            assignment = _assignment(session, at)
            before = snapshot(assignment)
            assignment.state, assignment.reason = state, reason
            touch(assignment)
            session.flush()
            changes = [Change("assignments", assignment.id, before, snapshot(assignment))]
            drafts = session.scalars(_phrases_at(at).where(Phrase.state == "draft")) if state == "submitted" else ()
            for phrase in drafts:
                earlier = snapshot(phrase)
                phrase.state = "submitted"
                touch(phrase)
                session.flush()
                changes.append(Change("phrases", phrase.id, earlier, snapshot(phrase)))
            return changes, {"phrase": None, "undone": None}, None

        return perform(self.database, at, op_id, kind, act)


def _new_campaign(session: Session, dataset: Dataset, name: str) -> Campaign:
    regions = RegionSet(
        dataset_id=dataset.id, name=f"campaign {name}", kind="campaign", provenance={"campaign": name},
        state="finished", finished_at=now(),
    )  # fmt: skip
    session.add(regions)
    session.flush()
    made = Campaign(dataset_id=dataset.id, region_set_id=regions.id, name=name)
    session.add(made)
    session.flush()
    return made


def _images(session: Session, campaign_id: int, split: str | None) -> Any:
    """The ids of the campaign's images that readers may see."""
    campaign = session.get_one(Campaign, campaign_id)
    chosen = select(Image.id).where(Image.dataset_id == campaign.dataset_id, Image.import_id.in_(FINISHED))
    if split is None:
        return chosen
    check_split(session, session.get_one(Dataset, campaign.dataset_id), split)
    return chosen.where(Image.split == split)


def _done(campaign_id: int, annotator_id: int) -> Any:
    return select(Assignment.image_id).where(
        Assignment.campaign_id == campaign_id, Assignment.annotator_id == annotator_id, Assignment.state != "open"
    )


def _find_assignment(session: Session, at: Place) -> Assignment | None:
    return session.scalars(
        select(Assignment).where(
            Assignment.campaign_id == at.campaign_id, Assignment.annotator_id == at.annotator_id,
            Assignment.image_id == at.image_id,
        )
    ).one_or_none()  # fmt: skip


def _assignment(session: Session, at: Place) -> Assignment:
    """The annotator's assignment of the image, opened if there is none."""
    found = _find_assignment(session, at)
    if found is None:
        _image(session, at)
        found = Assignment(campaign_id=at.campaign_id, annotator_id=at.annotator_id, image_id=at.image_id, state="open")
        session.add(found)
        session.flush()
    return found


def _image(session: Session, at: Place) -> Image:
    campaign = session.get(Campaign, at.campaign_id)
    image = session.get(Image, at.image_id)
    if campaign is None or image is None or image.dataset_id != campaign.dataset_id:
        raise UserError(f"the campaign has no image {at.image_id}.")
    return image


def _new_region(session: Session, at: Place, box: Box, replaces: int | None = None) -> Region:
    image = _image(session, at)
    x, y, width, height = clip(box, (image.width, image.height))
    campaign = session.get_one(Campaign, at.campaign_id)
    region = Region(
        region_set_id=campaign.region_set_id, image_id=image.id, x=x, y=y, width=width, height=height,
        replaces_id=replaces,
    )  # fmt: skip
    session.add(region)
    session.flush()
    return region


def _phrases_at(at: Place) -> Any:
    return (
        select(Phrase)
        .join(Region, Region.id == Phrase.region_id)
        .where(
            Phrase.campaign_id == at.campaign_id, Phrase.annotator_id == at.annotator_id,
            Region.image_id == at.image_id,
        )
    )  # fmt: skip


def _phrase(session: Session, at: Place, phrase_id: int, version: int | None) -> Phrase:
    phrase: Phrase | None = session.scalars(_phrases_at(at).where(Phrase.id == phrase_id)).one_or_none()
    if phrase is None:
        raise UserError(f"there is no phrase {phrase_id} of yours on this image: it may have been deleted.")
    if version is not None and phrase.version != version:
        raise Conflict(f"phrase {phrase_id} was changed in between (version {phrase.version}, not {version}).")
    return phrase


def _changed(session: Session, phrase: Phrase, before: dict[str, Any]) -> tuple[list[Change], dict[str, Any], None]:
    if phrase.state in ("accepted", "rejected"):
        phrase.state, phrase.reason = "submitted", None
    touch(phrase)
    session.flush()
    return [Change("phrases", phrase.id, before, snapshot(phrase))], _answer(session, phrase), None


def _answer(session: Session, phrase: Phrase) -> dict[str, Any]:
    info = asdict(_info(session, phrase))
    return {"phrase": info | {"box": [float(side) for side in info["box"]]}, "undone": None}  # as JSON gives it back


def _info(session: Session, phrase: Phrase) -> PhraseInfo:
    region = session.get_one(Region, phrase.region_id)
    name = session.get_one(Annotator, phrase.annotator_id).name
    box = (region.x, region.y, region.width, region.height)
    return PhraseInfo(phrase.id, phrase.text, box, phrase.state, phrase.version, region.id, name)


def _words(text: str) -> str:
    """A phrase as it is kept: one line, no spaces around it."""
    words = " ".join(text.split())
    if not words or "\0" in words:
        raise UserError("a phrase needs words.")
    if len(words) > LONGEST_TEXT:
        raise UserError(f"a phrase has at most {LONGEST_TEXT:,} characters; this one has {len(words):,}.")
    return words
