"""Rows of the regions table: what runs say of regions that several people described, and what the people say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from ..errors import DataError, UserError
from ..protocols import descriptions, regions
from ..protocols.descriptions import Described, Said, said_by_people
from ..records import RunInfo, Split
from ..signature import Value
from ..tables import Row
from .captions import MEANING, human_row, perplexity_of, text_columns, text_settings
from .reader import Evaluated, Reader, naming, short
from .request import OF_RUNS, Protocol, Request

STAND_IN = "stand-in: Flickr30k Entities spans, not the slides' region set"


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """A row a run that has captions of the described regions, and that of the people beside them."""
    made: list[Row] = []
    split = _any_split(reader, runs[0].info)
    described, pooled, data = described_regions(reader, split)
    images = [image.key for image in split.images]
    for run in runs:
        texts = _texts(reader, run.info, described)
        perplexity, vocabulary = perplexity_of(run)
        with naming(run.info):
            if len(texts) < len(described):
                raise DataError(f"{_missing(texts, described)}: {reader.command_for(run.info)} describes all.")
            settings = text_settings(reader, {**run.about_captions(), **data, **vocabulary})
            result = regions.evaluate(texts, described, images, settings, pooled, perplexity)
        made.append(reader.keep(run, run.name_of_captions, result))
    made.append(people_row(reader, split, described, pooled, data))
    return made


def unfit(reader: Reader, runs: Sequence[RunInfo]) -> dict[int, str]:
    """Runs that did not describe all regions that people described: those of a proposer, or of others' boxes."""
    described, *_ = described_regions(reader, _any_split(reader, runs[0]))
    reasons = {}
    for run in runs:
        texts = _texts(reader, run, described)
        if not texts:
            reasons[run.id] = "it describes other regions than people did"
        elif len(texts) < len(described):
            reasons[run.id] = _missing(texts, described)
    return reasons


def people_row(
    reader: Reader, split: Split, described: Sequence[Described], pooled: Mapping[str, Value],
    data: Mapping[str, Value],
) -> Row:  # fmt: skip
    """What people say of a region, against what others say of it."""
    about = {"dataset": split.dataset, "split": split.name, **data}
    images = [image.key for image in split.images]
    result = regions.evaluate(None, described, images, text_settings(reader, about), pooled)
    return human_row("people", result)


def described_regions(reader: Reader, split: Split) -> tuple[list[Described], dict[str, Value], dict[str, Value]]:
    """What was described twice, how that was decided, and which data it is; sets the table's title.

    Raises:
        UserError: annotators are asked for, but the data set does not say who wrote what.
        DataError: nothing was described twice.
    """
    request = reader.request
    pool = request.pool or ("grounding" if request.campaign is None else "annotator")
    if pool == "annotator" and request.campaign is None:
        raise UserError("--pool annotator needs --campaign: a data set's own phrases do not say who wrote them.")
    if pool == "grounding" and request.campaign is not None:
        raise UserError("--pool grounding is of a data set's own spans: pool a campaign by annotator or iou.")
    said: list[Said] = []
    data: dict[str, Value] = {"data": short(split.fingerprint)}
    if request.campaign is not None:
        collected = reader.store.read_collected(split.dataset, split.name, request.campaign)
        said, data = said_by_people(collected), {"campaign": collected.campaign, "data": short(collected.fingerprint)}
    if pool == "grounding":
        described, pooled = descriptions.from_chains(split), dict[str, Value](pool=pool)
    else:
        usual = descriptions.MATCHED_AT if pool == "annotator" else descriptions.MERGED_AT
        iou = usual if request.iou is None else request.iou
        pooled = {"pool": pool, "iou": iou}
        if pool == "annotator":
            described = descriptions.from_annotators(said, iou)
        else:
            described = descriptions.from_overlaps(said or descriptions.said_in_sentences(split), iou)
    whose = STAND_IN if request.campaign is None else f"campaign {request.campaign}"
    reader.title = f"Regions of {split.dataset}, split {split.name} ({whose})"
    reader.explain(
        f"{sum(d.weight for d in described):,.0f} things in {len({d.image for d in described}):,} photos, described "
        f"{len(described):,} times with {regions.mean_words(described):.1f} words on average; each description is "
        "scored against the others of the same thing, the same ones for people and models."
    )
    return described, pooled, data


def _any_split(reader: Reader, run: RunInfo) -> Split:
    """The split with no regions but the frames: descriptions bring their own boxes."""
    return reader.split(run.dataset, run.split, "frame")


def _texts(reader: Reader, run: RunInfo, described: Sequence[Described]) -> dict[str, str]:
    """The run's caption for each description: of its region, or of one with the same box; those that it has."""
    said = {c.region_id: c.text for c in reader.captions(run, regions=True) if c.region_id is not None}
    regions = reader.store.read_regions(list(said))
    by_box = {(region.image_id, region.box): said[id] for id, region in regions.items()}
    found = {d.id: said.get(d.region_id or 0, by_box.get((d.image_id, d.box))) for d in described}
    return {id: text for id, text in found.items() if text is not None}


def _missing(texts: Mapping[str, str], described: Sequence[Described]) -> str:
    """How many descriptions have no caption, and the first of them."""
    missing = [d for d in described if d.id not in texts]
    box = ", ".join(f"{side:g}" for side in missing[0].box)
    return (
        f"no caption for {len(missing)} of {len(described)} descriptions; the first is of the region ({box}) of "
        f"{missing[0].image}"
    )


def _made_by(request: Request) -> str:
    campaign = "" if request.campaign is None else f" --campaign {shlex.quote(request.campaign)}"
    return f"vsa run --backend rnn --on human-regions{campaign}"


def idle(request: Request) -> dict[str, str]:
    """Spans of one chain need no overlap."""
    return {"iou": "--pool iou, or --campaign"} if request.campaign is None and request.pool != "iou" else {}


PROTOCOL = Protocol(
    text_columns,
    f"{MEANING} Phrases are short: B-1 and B-2 lead, longer n-grams are few (see their numbers).",
    rows,
    "region captions",
    OF_RUNS | {"profile", "pool", "iou", "campaign"},
    _made_by,
    unfit,
    idle,
)
