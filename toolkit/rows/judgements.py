"""Rows of the judgements table: each metric beside people's judgements of captions."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UserError
from ..protocols import judgements
from ..tables import Column, Row
from .captions import references_of
from .reader import Evaluated, Reader
from .request import Protocol, Request

RESAMPLES_AT_MOST = 100  # a resample of τ sorts all pairs anew


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """A row a metric; the references are the data set's sentences of all splits."""
    request = reader.request
    if request.judgements is None:
        raise UserError("--protocol judgements needs --judgements DIR, the folder with Flickr8k's files of judgements.")
    dataset = reader.store.dataset_name(request.dataset)
    splits = dict.fromkeys(image.split for image in reader.store.read_images(dataset))
    sentences = {
        key.partition(".")[0]: texts
        for name in splits
        if name is not None
        for key, texts in references_of(reader.split(dataset, name, "frame")).items()
    }
    reader.title = f"Metrics beside people's judgements of captions, {dataset}"
    settings = judgements.JudgementSettings(
        request.profile, request.seed, min(request.resamples, RESAMPLES_AT_MOST), {"dataset": dataset}
    )
    found = judgements.evaluate(request.judgements, sentences, settings)
    return [Row(name, result.values, "metric", signature=result.signature) for name, result in found.items()]


def _columns(request: Request) -> Sequence[Column]:
    return (Column("expert", "Expert τ-c"), Column("crowd", "CrowdFlower τ-b"))


PROTOCOL = Protocol(
    _columns,
    "Kendall's τ, in percent, of a metric's scores of single captions with what people said of them. Expert: each of "
    "three experts a judgement, captions of the image's own left out. CrowdFlower: all pairs, an image's own judged "
    "sentences removed from its references.",
    rows,
    None,
    frozenset({"judgements", "profile"}),
)
