"""Region sets: the frame, and those that proposers, imports and campaigns make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.boxes import clip
from vsa_toolkit.errors import DataError, UserError, did_you_mean

from .base import now
from .datasets import FINISHED, dataset_root, image_records, visible_images
from .engine import take_turns
from .models import Campaign, Dataset, Image, Phrase, Region, RegionSet, RegionSetImage

FRAME = "frame"


def region_set_name(session: Session, dataset: Dataset, name: str | None) -> str:
    """`name` if the dataset has such a finished region set; with None the newest one that a proposer made."""
    if name is not None:
        return region_set_row(session, dataset, name).name
    newest = session.scalars(
        select(RegionSet.name)
        .where(RegionSet.dataset_id == dataset.id, RegionSet.kind == "proposer", RegionSet.state == "finished")
        .order_by(RegionSet.id.desc())
    ).first()
    if newest is None:
        raise UserError(
            f"dataset {dataset.name!r} has no proposed regions yet: run `vsa propose --proposer grid`, "
            f"or use the whole photos with `--regions {FRAME}`."
        )
    return newest


def human_region_set(session: Session, dataset: Dataset, campaign: str | None) -> str:
    """The region set of a campaign; with None that of the only import that brought regions."""
    if campaign is not None:
        regions = session.scalars(
            select(RegionSet.name)
            .join(Campaign, Campaign.region_set_id == RegionSet.id)
            .where(Campaign.dataset_id == dataset.id, Campaign.name == campaign)
        ).one_or_none()
        if regions is None:
            known = session.scalars(select(Campaign.name).where(Campaign.dataset_id == dataset.id)).all()
            raise UserError(f"dataset {dataset.name!r} has no campaign {campaign!r}{did_you_mean(campaign, known)}")
        return regions
    imported = session.scalars(
        select(RegionSet.name)
        .where(RegionSet.dataset_id == dataset.id, RegionSet.kind == "import", RegionSet.state == "finished")
        .order_by(RegionSet.id)
    ).all()
    if len(imported) == 1:
        return imported[0]
    if not imported:
        raise UserError(
            f"dataset {dataset.name!r} has no regions that people drew: import some (vsa import flickr30k-entities"
            " DIR), or name a campaign with --campaign."
        )
    raise UserError(f"several imports brought regions: choose with --regions {' or '.join(imported)}.")


def region_set_row(session: Session, dataset: Dataset, name: str) -> RegionSet:
    """A finished region set by name."""
    found = session.scalars(
        select(RegionSet).where(RegionSet.dataset_id == dataset.id, RegionSet.name == name)
    ).one_or_none()
    if found is None:
        known = session.scalars(select(RegionSet.name).where(RegionSet.dataset_id == dataset.id)).all()
        raise UserError(f"dataset {dataset.name!r} has no region set {name!r}{did_you_mean(name, known)}")
    if found.state != "finished":
        raise UserError(f"region set {name!r} is not finished: run the command that made it again, it goes on.")
    return found


def create_region_set(session: Session, dataset: Dataset, name: str, proposer: str, provenance: dict[str, Any]) -> int:
    """A new region set, or the one of that name and provenance, to be resumed."""
    take_turns(session, "region sets", dataset.id)
    found = session.scalars(
        select(RegionSet).where(RegionSet.dataset_id == dataset.id, RegionSet.name == name)
    ).one_or_none()
    if found is None:
        made = RegionSet(
            dataset_id=dataset.id, name=name, kind="proposer", proposer=proposer, provenance=provenance, state="running"
        )
        session.add(made)
        session.flush()
        return made.id
    if found.kind != "proposer" or found.proposer != proposer or found.provenance != provenance:
        raise UserError(
            f"dataset {dataset.name!r} already has a region set {name!r} made in another way "
            f"({found.kind}{f' {found.proposer}' if found.proposer else ''}): choose another name."
        )
    if found.state == "failed":
        found.state = "running"
    return found.id


def images_without_regions(session: Session, region_set_id: int, workspace: Path) -> list[records.Image]:
    """The images that the region set has not done yet, by id."""
    region_set = session.get_one(RegionSet, region_set_id)
    dataset = session.get_one(Dataset, region_set.dataset_id)
    done = exists().where(RegionSetImage.region_set_id == region_set_id, RegionSetImage.image_id == Image.id)
    rows = session.execute(visible_images(dataset.id).where(~done)).all()
    return image_records(rows, dataset_root(dataset, workspace))


def save_regions(
    session: Session, region_set_id: int, batch: Sequence[tuple[int, Sequence[records.RegionBox]]]
) -> None:
    """Boxes of some images, in pixels of the photo on disk; an image that is there already is refused.

    Raises:
        DataError: a box is empty, not finite or outside its image.
    """
    ids = [image_id for image_id, _ in batch]
    if not ids:
        return
    sizes = {
        id: (width, height)
        for id, width, height in session.execute(
            select(Image.id, Image.width, Image.height).where(Image.id.in_(ids))
        )
    }  # fmt: skip
    try:
        session.execute(
            insert(RegionSetImage), [{"region_set_id": region_set_id, "image_id": image_id} for image_id in ids]
        )
    except IntegrityError as error:
        raise DataError(f"region set {region_set_id} already has one of the images {ids[0]} to {ids[-1]}.") from error
    rows = [
        region_values(region_set_id, image_id, position, region, clip(region.box, sizes[image_id]))
        for image_id, regions in batch
        for position, region in enumerate(regions)
    ]
    if rows:
        session.execute(insert(Region), rows)


def region_values(
    region_set_id: int, image_id: int, position: int, region: records.RegionBox, box: records.Box
) -> dict[str, Any]:
    """The columns of a region's row."""
    x, y, width, height = box
    return {
        "region_set_id": region_set_id, "image_id": image_id, "position": position, "x": x, "y": y, "width": width,
        "height": height, "label": region.label, "score": region.score, "key": region.key,
    }  # fmt: skip


def finish_region_set(session: Session, region_set_id: int) -> None:
    session.execute(
        update(RegionSet).where(RegionSet.id == region_set_id).values(state="finished", finished_at=now())
    )  # fmt: skip


def delete_region_set(session: Session, dataset: Dataset, name: str) -> None:
    """Remove a proposer's region set and its regions.

    Raises:
        UserError: it is the frame, an import's or a campaign's, or something was made from it.
    """
    found = session.scalars(
        select(RegionSet).where(RegionSet.dataset_id == dataset.id, RegionSet.name == name)
    ).one_or_none()
    if found is None:
        region_set_row(session, dataset, name)
        return
    if found.kind != "proposer":
        raise UserError(f"region set {name!r} was made by {found.kind}: only proposed regions can be deleted.")
    try:
        session.execute(delete(RegionSet).where(RegionSet.id == found.id))
    except IntegrityError as error:
        raise UserError(f"region set {name!r} is used by checkpoints, runs or people: delete those first.") from error


def current_regions(region_set: RegionSet) -> Any:
    """The condition for regions that readers may see: of an import's, those that it has finished to bring; of boxes
    that people drew, those that a phrase is on now."""
    chosen = Region.region_set_id == region_set.id
    spoken_of = exists().where(Phrase.region_id == Region.id)
    if region_set.kind == "import":  # people may go on with the phrases of an import, and draw boxes of their own
        chosen = chosen & (Region.import_id.in_(FINISHED) | (Region.import_id.is_(None) & spoken_of))
    if region_set.kind == "campaign":
        chosen = chosen & spoken_of
    return chosen


def count_regions(session: Session, dataset_id: int) -> dict[int, int]:
    """Regions of each set of a dataset, by the set's id."""
    counted = (
        select(RegionSet.id, func.count(Region.id))
        .join(Region, Region.region_set_id == RegionSet.id)
        .where(RegionSet.dataset_id == dataset_id)
        .group_by(RegionSet.id)
    )
    return {id: count for id, count in session.execute(counted)}
