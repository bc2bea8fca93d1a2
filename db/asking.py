"""One question to a workspace: its session, and what narrows it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError, did_you_mean
from vsa_toolkit.query_rows import Rows

from . import models as m
from .datasets import FINISHED, check_split, dataset_names, dataset_row
from .region_sets import current_regions, region_set_row
from .runs import run_row

PLACE = (m.Dataset.name.label("dataset"), m.Image.key.label("image"), m.Image.split)


class Ask:
    """One answer's session, and what narrows it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, chosen: Any) -> Rows:
        found = self._session.execute(chosen)
        columns = list(found.keys())
        return Rows((dict(row) for row in found.mappings()), columns)

    def datasets(self, name: str | None) -> list[int]:
        """The ids of the datasets that readers may see, or of the one of that name."""
        names = [name] if name is not None else dataset_names(self._session)
        return [dataset_row(self._session, one).id for one in names]

    def of_images(self, chosen: Any, dataset: str | None, split: str | None, image: str | int | None) -> Any:
        """Only what belongs to these images."""
        ids = self.datasets(dataset)
        chosen = chosen.join(m.Dataset, m.Dataset.id == m.Image.dataset_id).where(
            m.Image.dataset_id.in_(ids), m.Image.import_id.in_(FINISHED)
        )
        if split is not None:
            if dataset is not None:
                check_split(self._session, dataset_row(self._session, dataset), split)
            chosen = chosen.where(m.Image.split == split)
        return chosen if image is None else chosen.where(is_image(image))

    def visible_regions(self, dataset: str | None, region_set: str | None) -> ColumnElement[bool]:
        """The condition for the regions of a set, or of all sets but the frames."""
        conditions = []
        for id_ in self.datasets(dataset):
            row = self._session.get_one(m.Dataset, id_)
            if region_set is not None:
                conditions.append(current_regions(region_set_row(self._session, row, region_set)))
            else:
                sets = select(m.RegionSet).where(
                    m.RegionSet.dataset_id == id_, m.RegionSet.kind != "frame", m.RegionSet.state == "finished"
                )
                conditions += [current_regions(found) for found in self._session.scalars(sets)]
        return or_(false(), *conditions)

    def regions_of(self, grounding_ids: Any) -> dict[int, list[int]]:
        """The ids of each grounding's regions."""
        pairs = select(m.GroundingRegion.grounding_id, m.GroundingRegion.region_id).where(
            m.GroundingRegion.grounding_id.in_(grounding_ids)
        )
        found: dict[int, list[int]] = {}
        for grounding, region in self._session.execute(pairs.order_by(m.GroundingRegion.region_id)):
            found.setdefault(grounding, []).append(region)
        return found

    def known(self, column: Any, name: str, what: str) -> str:
        """`name`, which the column has."""
        names = self._session.scalars(select(column)).all()
        if name not in names:
            raise UserError(f"there is no {what} {name!r}{did_you_mean(name, names)}")
        return name

    def run(self, number: int) -> None:
        """Nothing where there is such a run."""
        run_row(self._session, number)


def is_image(image: str | int) -> ColumnElement[bool]:
    return m.Image.id == image if isinstance(image, int) else m.Image.key == image
