"""Suggestions: a machine's boxes and phrases offered to an annotator, and what came of each.

Exposure goes from offered (they could ask for it) over shown (it was on the screen) to accepted, edited or ignored, so
that agreement can be computed without the phrases that a machine may have led to.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError
from vsa_toolkit.records import Box

from .campaigns import WHAT, CampaignInfo
from .engine import Database, take_turns
from .journal import Change, Place, perform, snapshot, touch
from .models import Caption, Image, Phrase, Region, RegionSet, Sentence, Snippet, Suggestion

MOST = 60
"""Suggestions of one kind on one image."""

EXACT = 0.01
"""Pixels by which two boxes that are the same may differ."""


def suggestions(session: Session, campaign: CampaignInfo, at: Place) -> dict[str, Any] | None:
    """What the campaign suggests on an image and what was offered, as JSON; None where it suggests nothing."""
    options = campaign.options
    if not options.suggest:
        return None
    offered = _offered(session, at)
    counts = {what: len(_found(session, campaign, at.image_id, what)) for what in WHAT}
    return {"asked": bool(offered), **counts, "list": [_as_json(*row) for row in offered]}


def offer(database: Database, campaign: CampaignInfo, at: Place, kinds: tuple[str, ...] = WHAT) -> None:
    """Offer the annotator what there is on the image, once; the same again changes nothing."""
    chosen = [what for what in WHAT if what in kinds and what in campaign.options.suggest]
    if not chosen:
        return
    with database.write() as session:
        take_turns(session, "image", at.campaign_id, at.image_id)
        there = {(s.region_id, s.text) for s, _ in _offered(session, at)}
        for what in chosen:
            for region_id, text in _found(session, campaign, at.image_id, what):
                if (region_id, text) not in there:
                    session.add(
                        Suggestion(
                            campaign_id=at.campaign_id, annotator_id=at.annotator_id, image_id=at.image_id,
                            region_id=region_id, text=text, run_id=campaign.options.run if text is not None else None,
                        )
                    )  # fmt: skip
                    session.flush()


def note_seen(database: Database, at: Place, op_id: str, ids: tuple[int, ...]) -> dict[str, Any]:
    """These suggestions were on the annotator's screen. What is not theirs or was seen before stays as it is."""

    def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
        changes = []
        for row in session.scalars(_rows(at).where(Suggestion.id.in_(ids), Suggestion.exposure == "offered")).all():
            changes.append(_set(session, row, "shown", None))
        return changes, {"phrase": None, "undone": None}, None

    return perform(database, at, op_id, "seen", act)


def note_ignored(database: Database, at: Place, op_id: str, suggestion_id: int) -> dict[str, Any]:
    """The annotator dismissed a suggestion."""

    def act(session: Session) -> tuple[list[Change], dict[str, Any], None]:
        row = _own(session, at, suggestion_id)
        changes = [] if row.phrase_id is not None else [_set(session, row, "ignored", None)]
        return changes, {"phrase": None, "undone": None}, None

    return perform(database, at, op_id, "ignore", act)


# In the transaction of a phrase's change ---------------------------------------------------------------------


def note_used(session: Session, at: Place, suggestion_id: int, phrase: Phrase, box: Box) -> list[Change]:
    """A phrase was made from a suggestion: accepted as it was, or edited."""
    row = _own(session, at, suggestion_id)
    return [_set(session, row, _how_used(session, row, phrase.text, box), phrase.id)]


def note_changed(session: Session, at: Place, phrase: Phrase, box: Box) -> list[Change]:
    """A phrase that was made from a suggestion was changed."""
    changes = []
    for row in session.scalars(_rows(at).where(Suggestion.phrase_id == phrase.id)).all():
        how = _how_used(session, row, phrase.text, box)
        if how != row.exposure:
            changes.append(_set(session, row, how, phrase.id))
    return changes


def note_deleted(session: Session, at: Place, phrase: Phrase) -> list[Change]:
    """A phrase that was made from a suggestion is about to go."""
    rows = session.scalars(_rows(at).where(Suggestion.phrase_id == phrase.id)).all()
    return [_set(session, row, "ignored", None) for row in rows]


def note_submitted(session: Session, at: Place) -> list[Change]:
    """The image is done: what was shown and not used was ignored."""
    rows = session.scalars(_rows(at).where(Suggestion.exposure == "shown")).all()
    return [_set(session, row, "ignored", None) for row in rows]


def _set(session: Session, row: Suggestion, exposure: str, phrase_id: int | None) -> Change:
    if row.exposure == "offered" and exposure != "shown":
        row.exposure = "shown"  # nobody uses what they do not see; an undo goes back to this
    before = snapshot(row)
    row.exposure, row.phrase_id = exposure, phrase_id
    touch(row)
    session.flush()
    return Change("suggestions", row.id, before, snapshot(row))


def _how_used(session: Session, row: Suggestion, text: str, box: Box) -> str:
    if row.text is not None and row.text != text:
        return "edited"
    if row.region_id is not None:
        region = session.get_one(Region, row.region_id)
        suggested = (region.x, region.y, region.width, region.height)
        if any(abs(a - b) > EXACT for a, b in zip(suggested, box)):
            return "edited"
    return "accepted"


def _own(session: Session, at: Place, suggestion_id: int) -> Suggestion:
    found: Suggestion | None = session.scalars(_rows(at).where(Suggestion.id == suggestion_id)).one_or_none()
    if found is None:
        raise UserError(f"there is no suggestion {suggestion_id} for you on this image.")
    return found


def _rows(at: Place) -> Any:
    return (
        select(Suggestion)
        .where(
            Suggestion.campaign_id == at.campaign_id, Suggestion.annotator_id == at.annotator_id,
            Suggestion.image_id == at.image_id,
        )
        .order_by(Suggestion.id)
    )  # fmt: skip


# Where they come from ---------------------------------------------------------------------------------------


def _offered(session: Session, at: Place) -> list[tuple[Suggestion, Region | None]]:
    chosen = _rows(at).add_columns(Region).outerjoin(Region, Region.id == Suggestion.region_id)
    return [(row, region) for row, region in session.execute(chosen)]


def _found(session: Session, campaign: CampaignInfo, image_id: int, what: str) -> list[tuple[int | None, str | None]]:
    """(region, text) of what there is to suggest: boxes of the region set, phrases of the run; the best first."""
    options = campaign.options
    if what not in options.suggest:
        return []
    if what == "boxes":
        return [(region, None) for region in session.scalars(_boxes(campaign, image_id))]
    captions = select(Caption.region_id, Caption.text).where(
        Caption.run_id == options.run, Caption.image_id == image_id
    )  # fmt: skip
    snippets = (
        select(Snippet.region_id, Snippet.text)
        .join(Sentence, Sentence.id == Snippet.sentence_id)
        .where(Snippet.run_id == options.run, Sentence.image_id == image_id)
        .order_by(Snippet.score.desc(), Snippet.id)
        .limit(MOST)
    )
    captions = captions.order_by(func.coalesce(Caption.log_probability, 0.0).desc(), Caption.id).limit(MOST)
    frame = session.scalars(_frame(image_id)).first()
    found = [*session.execute(captions).all(), *session.execute(snippets).all()]
    tidy: list[tuple[int | None, str | None]] = [
        (None if region == frame else region, " ".join(text.split())) for region, text in found
    ]
    return [pair for pair in dict.fromkeys(tidy) if pair[1]][:MOST]


def _boxes(campaign: CampaignInfo, image_id: int) -> Select[Any]:
    return (
        select(Region.id)
        .join(RegionSet, RegionSet.id == Region.region_set_id)
        .join(Image, Image.id == Region.image_id)
        .where(
            Region.image_id == image_id, RegionSet.name == campaign.options.region_set,
            RegionSet.dataset_id == Image.dataset_id, RegionSet.state == "finished",
        )
        .order_by(func.coalesce(Region.score, 0.0).desc(), Region.position, Region.id)
        .limit(MOST)
    )  # fmt: skip


def _frame(image_id: int) -> Select[Any]:
    return (
        select(Region.id)
        .join(RegionSet, RegionSet.id == Region.region_set_id)
        .where(Region.image_id == image_id, RegionSet.kind == "frame")
    )


def _as_json(row: Suggestion, region: Region | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": "box" if row.text is None else "phrase",
        "box": None if region is None else [region.x, region.y, region.width, region.height],
        "text": row.text,
        "score": None if region is None or row.text is not None else region.score,
        "exposure": row.exposure,
        "phrase": row.phrase_id,
    }
