"""The rows behind people's phrases: finding one's own, saying how one stands, and telling who changed it in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from vsa_toolkit.boxes import clip
from vsa_toolkit.errors import UserError
from vsa_toolkit.near_duplicates import likeness
from vsa_toolkit.records import Box

from .campaigns import CampaignInfo
from .datasets import FINISHED
from .journal import Change, Conflict, Place, changes_of
from .models import Annotator, Image, JournalEntry, Phrase, PhraseSource, Region

LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class PhraseInfo:
    """A phrase with the box that it is on now; `seconds` is how long it took, `reason` why it was rejected."""

    id: int
    text: str
    box: Box
    state: str
    version: int
    region_id: int
    annotator: str
    seconds: float | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return values | {"box": [float(side) for side in self.box]}


def phrases_on(image_id: int, campaign_id: int) -> Any:
    """(phrase, region, annotator's name) of an image, in the order in which they were first written.

    Those that an unfinished import brought are not there.
    """
    return (
        select(Phrase, Region, Annotator.name)
        .join(Region, Region.id == Phrase.region_id)
        .join(Annotator, Annotator.id == Phrase.annotator_id)
        .where(
            _by_image(Phrase.campaign_id) == campaign_id, Region.image_id == image_id,
            or_(Phrase.import_id.is_(None), Phrase.import_id.in_(FINISHED)),
        )
        .order_by(Phrase.id)
    )  # fmt: skip


ADJUDICATED = select(PhraseSource.phrase_id).where(PhraseSource.phrase_id == Phrase.id).exists()
"""Whether a phrase was written in review, from others."""


def own_phrases(at: Place) -> Any:
    """The annotator's own phrases on the image; what they wrote as a reviewer is not among them."""
    mine = _by_image(Phrase.annotator_id) == at.annotator_id
    return phrases_on(at.image_id, at.campaign_id).where(mine, ~ADJUDICATED)


def _by_image(column: Any) -> Any:
    """A column without its index: an image's few regions lead to its phrases, not the many phrases of a campaign or an
    annotator, which SQLite would take to be fewer."""
    return column + 0


def others_phrases(at: Place) -> Any:
    """Other people's phrases on the image that were not rejected."""
    return phrases_on(at.image_id, at.campaign_id).where(
        Phrase.annotator_id != at.annotator_id, Phrase.state != "rejected", ~ADJUDICATED
    )


def info(phrase: Phrase, region: Region, annotator: str) -> PhraseInfo:
    return PhraseInfo(
        phrase.id, phrase.text, box_of(region), phrase.state, phrase.version, region.id, annotator, phrase.seconds,
        phrase.reason,
    )  # fmt: skip


def info_of(session: Session, phrase: Phrase) -> PhraseInfo:
    region = session.get_one(Region, phrase.region_id)
    return info(phrase, region, session.get_one(Annotator, phrase.annotator_id).name)


def box_of(region: Region) -> Box:
    return (region.x, region.y, region.width, region.height)


def new_region(
    session: Session, campaign: CampaignInfo, image_id: int, box: Box, replaces: int | None = None
) -> Region:
    """A region of the campaign's set; what is outside the image is cut off.

    Raises:
        UserError: the campaign has no such image.
        DataError: nothing of the box is on it.
    """
    image = session.get(Image, image_id)
    if image is None or image.dataset_id != campaign.dataset_id:
        raise UserError(f"the campaign has no image {image_id}.")
    x, y, width, height = clip(box, (image.width, image.height))
    region = Region(
        region_set_id=campaign.region_set_id, image_id=image.id, x=x, y=y, width=width, height=height,
        replaces_id=replaces,
    )  # fmt: skip
    session.add(region)
    session.flush()
    return region


def tidy_words(text: str) -> str:
    """A phrase as it is kept: one line, no spaces around it. Raises UserError where there are no words, or too many."""
    words = " ".join(text.split())
    if not words or "\0" in words:
        raise UserError("a phrase needs words.")
    if len(words) > LONGEST_TEXT:
        raise UserError(f"a phrase has at most {LONGEST_TEXT:,} characters; this one has {len(words):,}.")
    return words


def near_duplicates(
    session: Session, campaign: CampaignInfo, at: Place, text: str, box: Box, besides: int | None = None
) -> list[dict[str, Any]]:
    """Phrases that say nearly the same of nearly the same box: one's own and, if the campaign is not blind, others'."""
    rows = list(session.execute(own_phrases(at)))
    if not campaign.blind:
        rows += session.execute(others_phrases(at))
    warnings = []
    for phrase, region, name in rows:
        alike = likeness(text, box, phrase.text, box_of(region))
        if phrase.id != besides and alike.is_near_duplicate:
            warnings.append(
                {
                    "kind": "similar",
                    "phrase": phrase.id,
                    "text": phrase.text,
                    "box": list(box_of(region)),
                    "annotator": None if phrase.annotator_id == at.annotator_id else name,
                    "iou": round(alike.iou, 3),
                    "similarity": round(alike.similarity, 3),
                }
            )
    return warnings


# Conflicts --------------------------------------------------------------------------------------------------


def own_phrase(session: Session, at: Place, phrase_id: int, version: int | None, yours: dict[str, Any]) -> Phrase:
    """A phrase of the annotator's on this image, to be changed as `yours` says.

    Raises:
        UserError: there never was such a phrase of theirs.
        Conflict: it was deleted, or another client changed it since it had `version`.
    """
    phrase: Phrase | None = session.scalars(
        own_phrases(at).with_only_columns(Phrase).where(Phrase.id == phrase_id)
    ).one_or_none()
    if phrase is None:
        raise _gone(session, at, phrase_id, yours)
    if version is not None and phrase.version != version:
        history = list(changes_of(session, at.campaign_id, at.image_id, "phrases", phrase_id))
        foreign = _foreign(history, at, version)
        if foreign is not None or not history:
            raise Conflict(
                f"phrase {phrase_id} was changed in between (version {phrase.version}, not {version}).",
                {
                    "kind": "changed", "yours": yours, "base": _as_it_was(session, history, version),
                    "theirs": info_of(session, phrase).as_json(), **_who(session, at, foreign),
                },
            )  # fmt: skip
    return phrase


def _gone(session: Session, at: Place, phrase_id: int, yours: dict[str, Any]) -> UserError | Conflict:
    for entry, change in changes_of(session, at.campaign_id, at.image_id, "phrases", phrase_id):
        if change.after is not None or change.before is None or change.before["annotator_id"] != at.annotator_id:
            break
        base = _version(session, change.before)
        details = {"kind": "deleted", "yours": yours, "base": base, "theirs": None, **_who(session, at, entry)}
        return Conflict(f"phrase {phrase_id} was deleted in between.", details)
    return UserError(f"there is no phrase {phrase_id} of yours on this image: it may have been deleted.")


def _foreign(history: list[tuple[JournalEntry, Change]], at: Place, version: int) -> JournalEntry | None:
    """The newest entry by another client that changed the phrase after it had `version`."""
    for entry, change in history:
        if change.after is not None and change.after["version"] <= version:
            break
        own = at.client is not None and entry.result.get("client") == at.client
        if not own or entry.annotator_id != at.annotator_id:
            return entry
    return None


def _as_it_was(session: Session, history: list[tuple[JournalEntry, Change]], version: int) -> dict[str, Any] | None:
    for _, change in history:
        for values in (change.after, change.before):
            if values is not None and values["version"] == version:
                return _version(session, values)
    return None


def _version(session: Session, values: dict[str, Any]) -> dict[str, Any]:
    region = session.get_one(Region, values["region_id"])
    return {"text": values["text"], "box": list(box_of(region)), "version": values["version"]}


def _who(session: Session, at: Place, entry: JournalEntry | None) -> dict[str, Any]:
    if entry is None:
        return {"by": None, "you": False, "at": None}
    name = session.get_one(Annotator, entry.annotator_id).name
    return {
        "by": name, "you": entry.annotator_id == at.annotator_id, "at": entry.created_at.isoformat(timespec="seconds"),
    }  # fmt: skip
