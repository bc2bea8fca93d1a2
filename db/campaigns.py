"""Campaigns: what a collection effort asks for, its practice images, and how it is made and found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vsa_toolkit.boxes import clip
from vsa_toolkit.errors import DataError, UserError, did_you_mean
from vsa_toolkit.records import Box

from .base import now
from .datasets import FINISHED, check_split, dataset_row
from .engine import Database, take_turns
from .models import Campaign, Dataset, Image, RegionSet, Run
from .region_sets import region_set_row

DEFAULT_CAMPAIGN = "default"
WHEN = ("asked", "at-once")
WHAT = ("boxes", "phrases")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A box of a practice image and phrases that are right for it."""

    box: Box
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class CampaignOptions:
    """What a campaign asks for, beside its overlap. Kept as JSON in `campaigns.options`; unknown names are ignored.

    phrases_per_image: how many an image should have (0: as many as one likes). suggest: "boxes", "phrases". region_set:
    whose boxes are suggested. run: whose captions and snippets are. return_hours: an image that was handed out and not
    touched for so long goes to somebody else. practice: known answers by image id.
    """

    split: str | None = None
    phrases_per_image: int = 0
    suggest: tuple[str, ...] = ()
    suggest_when: str = "asked"
    region_set: str | None = None
    run: int | None = None
    return_hours: float = 72.0
    pass_mark: float = 0.6
    practice: Mapping[int, tuple[KnownAnswer, ...]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CampaignOptions:
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        practice = {
            int(image): tuple(KnownAnswer(tuple(a["box"]), tuple(a["phrases"])) for a in answers)
            for image, answers in known.pop("practice", {}).items()
        }
        return cls(**known | {"suggest": tuple(known.get("suggest", ())), "practice": practice})

    def as_json(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        practice = {str(image): [asdict(answer) for answer in answers] for image, answers in self.practice.items()}
        return values | {"suggest": list(self.suggest), "practice": practice}


@dataclass(frozen=True)
class CampaignInfo:
    """A campaign as people see it; `overlap` None: every annotator gets every image."""

    id: int
    name: str
    dataset: str
    region_set: str
    dataset_id: int
    region_set_id: int
    overlap: int | None = None
    blind: bool = False
    guidelines: str = ""
    options: CampaignOptions = field(default_factory=CampaignOptions)


def create_campaign(
    database: Database, dataset: str, name: str, *, overlap: int = 1, blind: bool = False, guidelines: str = "",
    options: CampaignOptions | None = None,
) -> CampaignInfo:  # fmt: skip
    """A new campaign with a region set of its own.

    Raises:
        UserError: there is one of that name, or an option names a split, a region set or a run that is not there.
        DataError: a known answer's box is not on its image.
    """
    options = options or CampaignOptions()
    name = " ".join(name.split())
    if not name or len(name) > 200:
        raise UserError("a campaign needs a name of 1 to 200 characters.")
    with database.write() as session:
        row = dataset_row(session, dataset)
        take_turns(session, "campaigns", row.id)
        if _find(session, row, name) is not None:
            raise UserError(f"dataset {dataset!r} has a campaign {name!r} already: choose another name.")
        options = _checked(session, row, options)
        made = new_campaign(session, row, name, overlap, blind, guidelines, options)
        return campaign_info(session, made)


def find_campaign(database: Database, dataset: str, name: str) -> CampaignInfo:
    """A campaign of a dataset by its name. Raises UserError where there is none."""
    with database.read() as session:
        row = dataset_row(session, dataset)
        found = _find(session, row, name)
        if found is None:
            known = session.scalars(select(Campaign.name).where(Campaign.dataset_id == row.id)).all()
            raise UserError(f"dataset {dataset!r} has no campaign {name!r}{did_you_mean(name, known)}")
        return campaign_info(session, found)


def open_campaign(database: Database, dataset: str, name: str | None) -> CampaignInfo:
    """A campaign by its name; with None the dataset's default one, made when it is first asked for.

    In that one everybody gets every image and sees nothing of what others wrote.
    """
    if name is not None and name != DEFAULT_CAMPAIGN:
        return find_campaign(database, dataset, name)
    with database.write() as session:
        row = dataset_row(session, dataset)
        take_turns(session, "campaigns", row.id)
        found = _find(session, row, DEFAULT_CAMPAIGN)
        return campaign_info(session, found or new_campaign(session, row, DEFAULT_CAMPAIGN, blind=True))


def list_campaigns(database: Database, dataset: str | None = None) -> list[CampaignInfo]:
    """All campaigns (of one dataset), oldest first."""
    with database.read() as session:
        chosen = select(Campaign).order_by(Campaign.id)
        if dataset is not None:
            chosen = chosen.where(Campaign.dataset_id == dataset_row(session, dataset).id)
        return [campaign_info(session, row) for row in session.scalars(chosen).all()]


def campaign_info(session: Session, row: Campaign) -> CampaignInfo:
    dataset = session.get_one(Dataset, row.dataset_id)
    regions = session.get_one(RegionSet, row.region_set_id)
    return CampaignInfo(
        row.id, row.name, dataset.name, regions.name, dataset.id, regions.id, row.overlap, row.blind, row.guidelines,
        CampaignOptions.from_json(row.options),
    )  # fmt: skip


def new_campaign(
    session: Session, dataset: Dataset, name: str, overlap: int | None = None, blind: bool = False,
    guidelines: str = "", options: CampaignOptions | None = None,
) -> Campaign:  # fmt: skip
    """The row of a campaign and that of its region set, in a write transaction."""
    regions = RegionSet(
        dataset_id=dataset.id, name=f"campaign {name}", kind="campaign", provenance={"campaign": name},
        state="finished", finished_at=now(),
    )  # fmt: skip
    session.add(regions)
    session.flush()
    made = Campaign(
        dataset_id=dataset.id, region_set_id=regions.id, name=name, overlap=overlap, blind=blind,
        guidelines=guidelines, options=options.as_json() if options else {},
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def practice_answers(
    database: Database, dataset: str, given: Sequence[tuple[str, Sequence[KnownAnswer]]]
) -> dict[int, tuple[KnownAnswer, ...]]:
    """Known answers by image key, as they are kept: by image id.

    Raises:
        UserError: the dataset has no image of that key.
    """
    with database.read() as session:
        row = dataset_row(session, dataset)
        found: dict[int, tuple[KnownAnswer, ...]] = {}
        for key, answers in given:
            image = session.scalars(
                select(Image.id).where(Image.dataset_id == row.id, Image.key == key, Image.import_id.in_(FINISHED))
            ).one_or_none()
            if image is None:
                raise UserError(f"dataset {dataset!r} has no image {key!r}, for which a practice answer is given.")
            found[image] = (*found.get(image, ()), *answers)
        return found


def _find(session: Session, dataset: Dataset, name: str) -> Campaign | None:
    return session.scalars(
        select(Campaign).where(Campaign.dataset_id == dataset.id, Campaign.name == name)
    ).one_or_none()


def _checked(session: Session, dataset: Dataset, options: CampaignOptions) -> CampaignOptions:
    """The options, with nothing in them that is not there."""
    if options.split is not None:
        check_split(session, dataset, options.split)
    if "boxes" in options.suggest:
        if options.region_set is None:
            raise UserError("boxes are suggested from a region set: name it with --proposer-set SET.")
        region_set_row(session, dataset, options.region_set)
    if "phrases" in options.suggest:
        _check_run(session, dataset, options.run)
    for image, answers in options.practice.items():
        row = session.get_one(Image, image)
        for answer in answers:
            try:
                clip(answer.box, (row.width, row.height))
            except DataError as error:
                raise DataError(f"practice image {row.key!r}: {error}.") from error
    return options


def _check_run(session: Session, dataset: Dataset, run_id: int | None) -> None:
    if run_id is None:
        raise UserError("phrases are suggested from a run: name it with --run N.")
    run = session.get(Run, run_id)
    if run is None or run.dataset_id != dataset.id or run.state != "finished":
        known = session.scalar(
            select(func.max(Run.id)).where(Run.dataset_id == dataset.id, Run.state == "finished")
        )  # fmt: skip
        hint = f": the newest is {known}." if known else ": make one with `vsa run --produce captions`."
        raise UserError(f"dataset {dataset.name!r} has no finished run {run_id}{hint}")
