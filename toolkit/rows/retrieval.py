"""Rows of the retrieval table from the score matrices of runs."""

from __future__ import annotations

from collections.abc import Sequence

from ..protocols import retrieval
from ..tables import Column, Row
from .combined import combined_row
from .reader import Evaluated, Reader, naming, sentence_images
from .request import OF_RUNS, Protocol, Request

COLUMNS = tuple(
    column
    for direction in ("i2t", "t2i")
    for column in (
        Column(f"{direction}_r1", "R@1", direction),
        Column(f"{direction}_r5", "R@5", direction, spare=2),
        Column(f"{direction}_r10", "R@10", direction),
        Column(f"{direction}_medr", "Med r", direction, best="low", spare=1),
    )
)


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """A row a run that has scores, and one of those that are to be combined."""
    request, made = reader.request, []
    for run in runs:
        scores = reader.array(run.info, "scores")
        if scores is None:
            continue
        split = reader.split_of(run.info)
        with naming(run.info):
            owner = sentence_images(split)
            result = retrieval.evaluate(
                scores, owner, folds=request.folds, seed=request.seed, resamples=request.resamples, about=run.about()
            )
        made.append(reader.keep(run, run.name, result))
    if request.combine:
        made.append(combined_row(reader, request.combine, runs[0].info.dataset, runs[0].info.split))
    return made


def _columns(request: Request) -> Sequence[Column]:
    return COLUMNS


PROTOCOL = Protocol(
    _columns,
    "i2t: each image finds its best own sentence among all of the split (image annotation); t2i: each sentence "
    "finds its image (image search). R@K: percent at rank K or better; Med r: median rank, counting from 1.",
    rows,
    "scores",
    OF_RUNS | {"folds", "combine", "val"},
    idle=lambda request: {} if request.combine else {"val": "--combine"},
)
