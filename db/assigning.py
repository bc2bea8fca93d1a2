"""Assignments by name: images kept for one annotator until they are done or given back (`vsa assign`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError

from .base import now
from .campaigns import CampaignInfo
from .engine import Database, take_turns
from .journal import Conflict, Place
from .models import Assignment, Image
from .queue import claim, find_assignment, free_of, give, images_of


def assign(
    database: Database, campaign: CampaignInfo, annotator_id: int, image_ids: Sequence[int]
) -> tuple[int, list[int]]:
    """Keep images for an annotator until they are done or released: how many, and those that too many others have.

    Raises:
        UserError: an image is none of the campaign's.
    """
    with database.read() as session:
        known = set(session.scalars(images_of(campaign)))
    strange = [image_id for image_id in image_ids if image_id not in known]
    if strange:
        raise UserError(f"campaign {campaign.name!r} has no image {strange[0]}, or it is one to practise on.")
    refused = []
    given = 0
    for image_id in image_ids:
        at = Place(campaign.id, annotator_id, image_id)
        with database.write() as session:
            take_turns(session, "image", campaign.id, image_id)
            try:
                given += _reserve(session, campaign, at)
            except Conflict:
                refused.append(image_id)
    return given, refused


def free_images(
    database: Database, campaign: CampaignInfo, annotator_id: int, count: int, split: str | None = None
) -> list[int]:
    """The first `count` images that could be handed to the annotator, by id."""
    with database.read() as session:
        images = images_of(campaign, split)
        return list(session.scalars(free_of(images, campaign, annotator_id).order_by(Image.id).limit(count)))


def release(database: Database, campaign: CampaignInfo, annotator_id: int) -> int:
    """Give back what an annotator holds and has not submitted: how many images. Their drafts stay."""
    with database.write() as session:
        done = session.execute(
            update(Assignment)
            .where(
                Assignment.campaign_id == campaign.id, Assignment.annotator_id == annotator_id,
                Assignment.state == "open", Assignment.practice.is_(False),
            )
            .values(state="released", changed_at=now())
        )  # fmt: skip
        return int(done.rowcount)  # type: ignore[attr-defined]


def _reserve(session: Session, campaign: CampaignInfo, at: Place) -> bool:
    """Whether the image was not the annotator's yet."""
    found = find_assignment(session, at)
    if found is not None and found.state != "released":
        found.reserved = True
        return False
    claim(session, campaign, at)
    give(session, at, found).reserved = True
    return True
