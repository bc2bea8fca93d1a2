"""Rows of the dense captioning table: what runs say of the regions of a photo, beside all that people described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import DataError
from ..metrics.chrf import Chrf
from ..metrics.metric import TextMetric
from ..protocols import dense, descriptions
from ..protocols.dense import DenseCaption, TrueBox
from ..records import RunInfo, Split
from ..signature import Value
from ..tables import Column, Row
from .reader import Evaluated, Reader, naming, short
from .request import OF_RUNS, Protocol, Request

GIVEN_BOXES = "its boxes are those that people drew, so that it found none itself"


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """A row a run that has captions of regions."""
    request, made = reader.request, list[Row]()
    split = reader.split(runs[0].info.dataset, runs[0].info.split, "frame")
    truth, data = _truth(reader, split)
    sizes = {image.key: (image.width, image.height) for image in split.images}
    metric = _metric(request)
    for run in runs:
        with naming(run.info):
            captions, confidence = _captions(reader, run.info, split)
            settings = dense.DenseSettings(
                metric, descriptions.MERGED_AT if request.iou is None else request.iou, request.seed,
                request.resamples, {**run.about_captions(), **data, "confidence": confidence}, reader.statistics_cache,
            )  # fmt: skip
            result = dense.evaluate(captions, truth, sizes, settings)
        if _has_given_boxes(run.info):
            result = replace(result, notes=(*result.notes, f"{GIVEN_BOXES.capitalize()}."))
        made.append(reader.keep(run, run.name_of_captions, result))
    return made


def unfit(reader: Reader, runs: Sequence[RunInfo]) -> dict[int, str]:
    """Runs that found no boxes, and those that do not say how sure they are."""
    split = reader.split(runs[0].dataset, runs[0].split, "frame")
    reasons = {}
    for run in runs:
        try:
            _captions(reader, run, split)
        except DataError as error:
            reasons[run.id] = str(error).rstrip(".")
        if _has_given_boxes(run):
            reasons[run.id] = GIVEN_BOXES
    return reasons


def _has_given_boxes(run: RunInfo) -> bool:
    return bool(run.options.get("on") == "human-regions")


def _truth(reader: Reader, split: Split) -> tuple[list[TrueBox], dict[str, Value]]:
    """People's boxes and words: a campaign's phrases, or the data set's spans that are tied to one box."""
    if reader.request.campaign is not None:
        collected = reader.store.read_collected(split.dataset, split.name, reader.request.campaign)
        said = descriptions.said_by_people(collected)
        data: dict[str, Value] = {"campaign": collected.campaign, "data": short(collected.fingerprint)}
    else:
        said, data = descriptions.said_in_sentences(split), {"data": short(split.fingerprint)}
    return [TrueBox(s.image, s.box, s.text) for s in said], data


def _captions(reader: Reader, run: RunInfo, split: Split) -> tuple[list[DenseCaption], str]:
    """The run's captions with their boxes and confidence: the proposer's score where all regions have one, else the
    probability of the words.

    Raises:
        DataError: neither is there.
    """
    said = reader.captions(run, regions=True)
    regions = reader.store.read_regions([c.region_id for c in said if c.region_id is not None])
    keys = {image.id: image.key for image in split.images}
    own = [(caption, regions[caption.region_id]) for caption in said if caption.region_id in regions]
    if all(region.score is not None for _, region in own):
        confidence, how = [region.score for _, region in own], "region score"
    elif all(caption.log_probability is not None for caption, _ in own):
        confidence, how = [caption.log_probability for caption, _ in own], "log probability"
    else:
        raise DataError("neither its regions nor its captions have scores: without confidences there is no order.")
    return [
        DenseCaption(keys.get(caption.image_id, str(caption.image_id)), region.box, caption.text, float(sure or 0.0))
        for (caption, region), sure in zip(own, confidence, strict=True)
    ], how


def _metric(request: Request) -> TextMetric:
    if request.likeness == "chrf":
        return Chrf()
    from ..registry import registry

    kind = registry().get("metrics", request.likeness)
    metric: TextMetric = kind()
    return metric


def _columns(request: Request) -> Sequence[Column]:
    key, title = ("map", "mAP") if request.likeness == "meteor" else ("map_chrf", "mAP, chrF")
    return (Column(key, title), Column("map_detection", "AP of boxes"))


PROTOCOL = Protocol(
    _columns,
    "Average precision of boxes with words, in percent, the mean over five overlaps and six likenesses to the true "
    "words; AP of boxes: without the words. Words are compared by METEOR (mAP, as published) or by chrF, which gives "
    "other figures: they never stand beside published ones.",
    rows,
    "region captions",
    OF_RUNS | {"campaign", "iou", "likeness"},
    lambda request: "vsa run --backend rnn --on regions",
    unfit,
)
