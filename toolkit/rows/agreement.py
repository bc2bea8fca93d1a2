"""Rows of the agreement table: how well people agree on sentences, on phrases for regions, on boxes and words."""

from __future__ import annotations

from collections.abc import Sequence

from ..protocols import people
from ..records import Split
from ..tables import Column, Row
from . import regions
from .captions import agreement_rows, human_row, text_columns, text_settings
from .reader import Evaluated, Reader
from .regions import described_regions, people_row
from .request import Protocol, Request


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """Rows of people; no run has a part in them."""
    request = reader.request
    reader.comparable = request.of == "sentences"
    dataset = reader.store.dataset_name(request.dataset)
    if request.of == "campaign":
        return _campaign_rows(reader, dataset)
    split = reader.split(dataset, request.split, "frame")
    if request.of == "phrases":
        described, pooled, data = described_regions(reader, split)
        return [people_row(reader, split, described, pooled, data)]
    return _sentence_rows(reader, split)


def _sentence_rows(reader: Reader, split: Split) -> list[Row]:
    reader.title = f"Human agreement on sentences of {split.dataset}, split {split.name}"
    found = agreement_rows(reader, split)
    reader.references = found[0].values["nrefs"].value
    return found


def _campaign_rows(reader: Reader, dataset: str) -> list[Row]:
    request = reader.request
    collected = reader.store.read_collected(dataset, request.split, request.campaign)
    about = {"dataset": dataset, "split": request.split, "data": collected.fingerprint[:12]}
    iou = people.MATCHED_AT if request.iou is None else request.iou
    found = people.evaluate(collected, text_settings(reader, about), by=request.by, iou=iou)
    reader.title = f"Human agreement in campaign {collected.campaign} on {dataset}, split {request.split}"
    reader.explain(
        f"Box F1: boxes matched one to one at IoU {iou:g}, twice their number over all boxes of two annotators; mean "
        "IoU and the words are of matched boxes. α: 1 − disagreement over that between different photos, for boxes and "
        "words together. Pairs: of annotators on an image."
    )
    return [human_row(name, result) for name, result in found.items()]


def _columns(request: Request) -> Sequence[Column]:
    if request.of != "campaign":
        return text_columns(request)
    stem, title = ("precision", "p") if request.profile == "individual" else ("bleu", "B-")
    return (
        Column("box_f1", "box F1"),
        Column("mean_iou", "mean IoU"),
        *(Column(f"{stem}{n}", f"{title}{n}", spare=n - 1) for n in range(1, 5)),
        Column("chrf", "chrF"),
        Column("alpha", "α", decimals=2),
        Column("nrefs", "refs", best=None),
        Column("pairs", "pairs", decimals=0, best=None),
    )


def _idle(request: Request) -> dict[str, str]:
    if request.of == "campaign":
        return {"pool": "--of phrases"}
    alone = {"by": "--of campaign"}
    if request.of == "phrases":
        return alone | regions.idle(request)
    both = "--of phrases or campaign"
    return alone | {"campaign": both, "iou": both, "pool": "--of phrases"}


PROTOCOL = Protocol(
    _columns,
    "Each person's words are scored against those of the others for the same thing: the bar that models are held to "
    "with as many references (vsa eval --protocol captions --leave-one-out, --protocol regions). In percent but for α.",
    rows,
    None,
    frozenset({"split", "of", "by", "campaign", "pool", "iou", "profile"}),
    idle=_idle,
)
