"""The queue of a campaign: who gets which image next. No image goes to more people than the campaign asks for.

An image is taken by an annotator whose assignment of it is open or submitted. It returns to the queue when it is
skipped, released, or open and untouched for longer than the campaign's `return_hours`. After as many people skipped it
as should describe it, it is given up. A campaign without overlap has no queue: everybody gets every image, by id.

On PostgreSQL people who ask at once are given different images (FOR UPDATE SKIP LOCKED), each decided under the image's
own turn; on SQLite a writer is alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from vsa_toolkit.errors import UserError

from .base import now
from .campaigns import CampaignInfo
from .datasets import FINISHED
from .engine import Database, take_turns
from .journal import Conflict, Place
from .models import Assignment, Image

NOTED_AFTER = timedelta(minutes=1)
"""That somebody is at work on an image is written down this seldom."""

AT_A_TIME = 20
"""How many candidates are tried until one is found that nobody else took in that moment."""


def next_image(database: Database, campaign: CampaignInfo, annotator_id: int, split: str | None = None) -> int | None:
    """The image that the annotator goes on with, handed to them if it was not yet; None where there is none for now."""
    if campaign.overlap is None:
        with database.read() as session:
            return _first_undone(session, campaign, annotator_id, split)
    with database.write() as session:
        take_turns(session, "annotator", campaign.id, annotator_id)  # who asks from two tabs gets one image
        image_id = _go_on(session, campaign, annotator_id, split)
        for wait in (False, True):
            image_id = image_id or _hand_out(session, campaign, annotator_id, split, wait)
        return image_id


def progress(database: Database, campaign: CampaignInfo, annotator_id: int, split: str | None = None) -> dict[str, int]:
    """How many images the annotator has done, and those together with what is left for them."""
    with database.read() as session:
        images = images_of(campaign, split)
        counts: dict[str, int] = dict(
            session.execute(
                select(Assignment.state, func.count())
                .where(*_own(campaign.id, annotator_id), Assignment.image_id.in_(images))
                .group_by(Assignment.state)
            ).all()
        )
        done = counts.get("submitted", 0) + counts.get("skipped", 0)
        if campaign.overlap is None:
            return {"done": done, "total": _size(session, images)}
        left = counts.get("open", 0) + _size(session, free_of(images, campaign, annotator_id))
        return {"done": done, "total": done + left}


def others_hold(database: Database, campaign: CampaignInfo, annotator_id: int, split: str | None = None) -> bool:
    """Whether there are images that others hold and have not submitted, which may come back to the annotator."""
    if campaign.overlap is None:
        return False
    mine, held = _mine(campaign.id, annotator_id, "open", "submitted", "skipped"), aliased(Assignment)
    with database.read() as session:
        images = images_of(campaign, split).where(Image.id.not_in(mine))
        open_elsewhere = select(held.id).where(
            held.campaign_id == campaign.id, held.image_id == Image.id, held.state == "open"
        )  # fmt: skip
        return session.scalars(images.where(open_elsewhere.exists()).limit(1)).first() is not None


def images_of(campaign: CampaignInfo, split: str | None = None) -> Select[Any]:
    """The ids of a campaign's images that readers may see, without its practice images."""
    chosen = select(Image.id).where(Image.dataset_id == campaign.dataset_id, Image.import_id.in_(FINISHED))
    if campaign.options.practice:
        chosen = chosen.where(Image.id.not_in(list(campaign.options.practice)))
    split = split or campaign.options.split
    return chosen if split is None else chosen.where(Image.split == split)


def hold(session: Session, campaign: CampaignInfo, at: Place) -> Assignment:
    """The annotator's assignment of an image that they are about to change, in the image's turn; noted as active.

    Raises:
        UserError: the image was not handed to them.
        Conflict: it went to somebody else meanwhile.
    """
    found = find_assignment(session, at)
    if found is None:
        if campaign.overlap is not None:
            raise UserError(f"image {at.image_id} was not handed to you: ask for the next one.")
        found = Assignment(campaign_id=at.campaign_id, annotator_id=at.annotator_id, image_id=at.image_id, state="open")
        session.add(found)
        session.flush()
    elif found.state == "released":
        claim(session, campaign, at)
        found.state, found.changed_at = "open", now()
    elif found.state == "open" and _is_news(found):
        found.changed_at = now()
    return found


def _is_news(held: Assignment) -> bool:
    """Whether to note that somebody is at work on an image: their first change, or the first for long."""
    return held.changed_at == held.created_at or now() - held.changed_at > NOTED_AFTER


def claim(session: Session, campaign: CampaignInfo, at: Place) -> None:
    """Nothing where the annotator may have the image (again); in the image's turn.

    Raises:
        Conflict: it has gone to as many others as should describe it.
    """
    if campaign.overlap is None or at.image_id in campaign.options.practice:
        return
    _return_untouched(session, campaign, at)
    taken = session.scalar(
        _counted(campaign, Assignment.state.in_(("open", "submitted"))).where(
            Assignment.image_id == at.image_id, Assignment.annotator_id != at.annotator_id
        )
    )
    if (taken or 0) >= campaign.overlap:
        raise Conflict(
            "this image has gone to somebody else meanwhile; what you wrote on it is kept as drafts.",
            {"kind": "released"},
        )


def find_assignment(session: Session, at: Place) -> Assignment | None:
    """The annotator's assignment of the image, if there is one."""
    return session.scalars(
        select(Assignment).where(
            Assignment.campaign_id == at.campaign_id, Assignment.annotator_id == at.annotator_id,
            Assignment.image_id == at.image_id,
        )
    ).one_or_none()  # fmt: skip


# Handing out ------------------------------------------------------------------------------------------------


def _go_on(session: Session, campaign: CampaignInfo, annotator_id: int, split: str | None) -> int | None:
    """What the annotator holds already: first what they wrote on, then what was kept for them."""
    images = images_of(campaign, split)
    begun = session.scalars(
        select(Assignment)
        .where(
            *_own(campaign.id, annotator_id), Assignment.state == "open", Assignment.image_id.in_(images)
        )
        .order_by(Assignment.changed_at == Assignment.created_at, Assignment.image_id)
        .limit(1)
    ).one_or_none()  # fmt: skip
    if begun is None or begun.changed_at >= _cutoff(campaign):
        return None if begun is None else begun.image_id
    take_turns(session, "image", campaign.id, begun.image_id)
    session.refresh(begun)
    if begun.state != "open":  # somebody got it in this moment
        return None
    begun.changed_at = now()  # whoever is back has their time once more
    return begun.image_id


def _first_undone(session: Session, campaign: CampaignInfo, annotator_id: int, split: str | None) -> int | None:
    images = images_of(campaign, split).where(Image.id.not_in(_done(campaign.id, annotator_id)))
    return session.scalars(images.order_by(Image.id).limit(1)).one_or_none()


def _hand_out(session: Session, campaign: CampaignInfo, annotator_id: int, split: str | None, wait: bool) -> int | None:
    """Hand the annotator the first image that still needs people; with `wait`, also ones that others just decide on."""
    images = free_of(images_of(campaign, split), campaign, annotator_id)
    tried: list[int] = []
    for _ in range(AT_A_TIME):
        chosen = images.where(Image.id.not_in(tried)).order_by(Image.id).limit(1)
        if not wait:
            chosen = chosen.with_for_update(skip_locked=True, key_share=True, of=Image)
        image_id: int | None = session.scalars(chosen).one_or_none()
        if image_id is None:
            return None
        at = Place(campaign.id, annotator_id, image_id)
        take_turns(session, "image", campaign.id, image_id)
        try:
            claim(session, campaign, at)
        except Conflict:
            tried.append(image_id)
            continue
        give(session, at, find_assignment(session, at))
        return image_id
    return None


def give(session: Session, at: Place, found: Assignment | None) -> Assignment:
    """The annotator has the image from now on; `found` is their earlier assignment of it."""
    moment = now()
    if found is None:
        found = Assignment(campaign_id=at.campaign_id, annotator_id=at.annotator_id, image_id=at.image_id)
        session.add(found)
    found.state, found.reason, found.reserved, found.created_at, found.changed_at = "open", None, False, moment, moment
    session.flush()
    return found


def _return_untouched(session: Session, campaign: CampaignInfo, at: Place) -> None:
    """Others who left the image alone for too long hold it no more, now that somebody asks for it."""
    session.execute(
        update(Assignment)
        .where(
            Assignment.campaign_id == campaign.id, Assignment.image_id == at.image_id, Assignment.state == "open",
            Assignment.annotator_id != at.annotator_id, Assignment.reserved.is_(False),
            Assignment.changed_at < _cutoff(campaign),
        )
        .values(state="released")
    )  # fmt: skip


def free_of(images: Select[Any], campaign: CampaignInfo, annotator_id: int) -> Select[Any]:
    """Of these images, those that the annotator does not have and that need more people."""
    if campaign.overlap is None:
        return images.where(Image.id.not_in(_done(campaign.id, annotator_id)))
    mine, other = aliased(Assignment), aliased(Assignment)
    taken = _counted(campaign, _is_taken(campaign, other), other).where(other.image_id == Image.id).correlate(Image)
    skips = _counted(campaign, other.state == "skipped", other).where(other.image_id == Image.id).correlate(Image)
    has = select(mine.id).where(
        mine.campaign_id == campaign.id, mine.annotator_id == annotator_id, mine.image_id == Image.id,
        mine.state != "released",
    )  # fmt: skip
    return images.where(
        ~has.exists(), taken.scalar_subquery() < campaign.overlap, skips.scalar_subquery() < campaign.overlap
    )


def _counted(campaign: CampaignInfo, condition: Any, table: Any = Assignment) -> Select[Any]:
    return select(func.count(table.id)).where(table.campaign_id == campaign.id, condition)


def _is_taken(campaign: CampaignInfo, table: Any) -> Any:
    held = and_(table.state == "open", or_(table.reserved.is_(True), table.changed_at >= _cutoff(campaign)))
    return or_(table.state == "submitted", held)


def _cutoff(campaign: CampaignInfo) -> Any:
    return now() - timedelta(hours=campaign.options.return_hours)


def _done(campaign_id: int, annotator_id: int) -> Select[Any]:
    return _mine(campaign_id, annotator_id, "submitted", "skipped")


def _mine(campaign_id: int, annotator_id: int, *states: str) -> Select[Any]:
    return select(Assignment.image_id).where(*_own(campaign_id, annotator_id), Assignment.state.in_(states))


def _own(campaign_id: int, annotator_id: int) -> tuple[Any, ...]:
    """What makes an assignment the annotator's, and one that counts."""
    return (
        Assignment.campaign_id == campaign_id, Assignment.annotator_id == annotator_id,
        Assignment.practice.is_(False),
    )  # fmt: skip


def _size(session: Session, chosen: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
