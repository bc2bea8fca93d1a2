"""From finished runs to a table: reads runs through the `Store` protocol, keeps what it computed as evaluations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import UserError, did_you_mean
from .metrics.resampling import RESAMPLES, Estimate
from .protocols.phrase_scores import Reduce
from .published import PublishedTable, published_for
from .run_rows import Announce, Evaluated, RunRows
from .signature import joint_signature
from .store import Store
from .tables import Column, Row, Table

RETRIEVAL_COLUMNS = tuple(
    column
    for direction in ("i2t", "t2i")
    for column in (
        Column(f"{direction}_r1", "R@1", direction),
        Column(f"{direction}_r5", "R@5", direction),
        Column(f"{direction}_r10", "R@10", direction),
        Column(f"{direction}_medr", "Med r", direction, best="low"),
    )
)
GROUNDING_COLUMNS = (
    Column("accuracy", "accuracy"),
    Column("pointing", "pointing"),
    Column("upper_bound", "upper bound", best=None),
)


@dataclass(frozen=True)
class Protocol:
    """The columns of its table, the array of a run that it reads, and what its columns mean."""

    columns: Sequence[Column]
    array: str
    meaning: str


PROTOCOLS = {
    "retrieval": Protocol(
        RETRIEVAL_COLUMNS,
        "scores",
        "i2t: each image finds its best own sentence among all of the split (image annotation); t2i: each sentence "
        "finds its image (image search). R@K: percent at rank K or better; Med r: median rank, counting from 1.",
    ),
    "grounding": Protocol(
        GROUNDING_COLUMNS,
        "word_scores",
        "accuracy: percent of phrases whose region overlaps a box of theirs by half (IoU); pointing: whose region's "
        "centre lies in one; upper bound: for which any region would be right.",
    ),
}


@dataclass(frozen=True)
class Request:
    """What to evaluate and how. `runs`: these ones; empty: the newest finished run of each model on the split.

    `vectors`: a GloVe or word2vec text file for the class names (grounding). `reduce`: how a phrase's words are put
    together (grounding). `val`: the split on which weights and β are chosen.
    """

    protocol: str
    runs: Sequence[int] = ()
    dataset: str | None = None
    split: str = "test"
    seed: int = 0
    resamples: int = RESAMPLES
    published: bool = True
    mean_of_seeds: bool = False
    vectors: Path | None = None
    reduce: Reduce = "sum"
    val: str = "val"


def evaluate(store: Store, request: Request, announce: Announce = lambda line: None) -> Table:
    """The table of a protocol over runs, with baselines and published rows; each run's rows are saved as evaluations.

    Raises:
        UserError: an unknown protocol, no run to evaluate, runs of several splits.
        DataError: a run that does not fit its split any more, scores that are not finite.
    """
    if request.protocol not in PROTOCOLS:
        raise UserError(f"there is no protocol {request.protocol!r}{did_you_mean(request.protocol, PROTOCOLS)}")
    runs = _choose_runs(store, request, announce)
    made = RunRows(store, request, announce)
    rows = made.retrieval_rows(runs) if request.protocol == "retrieval" else made.grounding_rows(runs)
    if not any(row.source == "run" for row in rows):
        raise UserError(
            f"none of the runs {', '.join(str(r.info.id) for r in runs)} can be evaluated by {request.protocol}."
        )
    if request.mean_of_seeds:
        rows += _means_of_seeds(rows, runs)
    first, protocol = runs[0].info, PROTOCOLS[request.protocol]
    notes = [protocol.meaning, *made.notes]
    if request.published:
        images = len(made.split(first).images)
        tables = published_for(request.protocol, first.dataset, first.split, images)
        rows += [row for table in tables for row in _published_rows(table)]
        notes += [text for table in tables for text in (f"Published: {table.title}.", table.note) if text]
    order = ("baseline", "run", "human", "published")
    rows.sort(key=lambda row: order.index(row.source))
    title = f"{request.protocol.capitalize()} on {first.dataset}, split {first.split}"
    return Table(title, request.protocol, protocol.columns, rows, notes)


def _choose_runs(store: Store, request: Request, announce: Announce) -> list[Evaluated]:
    if request.runs:
        return _named_runs(store, request.runs)
    dataset = store.dataset_name(request.dataset)
    array = PROTOCOLS[request.protocol].array
    finished = store.finished_runs(dataset, request.split)
    usable = [run for run in finished if array in run.provenance.get("arrays", (array,))]
    if not usable:
        have = f"none of {len(finished)} finished runs has {array}" if finished else "there is no finished run"
        raise UserError(
            f"{have} over split {request.split!r} of {dataset}: vsa run --backend brnn --split {request.split}"
        )
    newest: dict[object, Evaluated] = {}
    for run in usable:
        evaluated = Evaluated.read(store, run)
        newest[evaluated.model, evaluated.seed] = evaluated
    if older := len(usable) - len(newest):
        announce(f"left out as older runs of the same models: {older}; --run N shows one of them")
    return list(newest.values())


def _named_runs(store: Store, numbers: Sequence[int]) -> list[Evaluated]:
    runs = [store.read_run(number) for number in dict.fromkeys(numbers)]
    if unfinished := [run for run in runs if run.state != "finished"]:
        raise UserError(f"run {unfinished[0].id} is not finished but {unfinished[0].state}: repeat its `vsa run`.")
    places = {(run.dataset, run.split) for run in runs}
    if len(places) > 1:
        named = ", ".join(f"{dataset}/{split}" for dataset, split in sorted(places))
        raise UserError(f"these runs are over several splits ({named}): one table is about one split.")
    return [Evaluated.read(store, run) for run in runs]


def _means_of_seeds(rows: Iterable[Row], runs: Sequence[Evaluated]) -> list[Row]:
    """For each model with several seeds, the mean and the sample standard deviation of each of its rows."""
    by_run = {run.info.id: run for run in runs}
    groups: dict[tuple[str, str], list[tuple[Evaluated, Row]]] = {}
    for row in rows:
        if row.run is None:
            continue
        run = by_run[row.run]
        groups.setdefault((run.model, row.name.removeprefix(run.name)), []).append((run, row))
    means = []
    for (_, variant), members in groups.items():
        members = list({run.seed: (run, row) for run, row in members}.values())  # of two runs of a seed the later
        if len(members) < 2:
            continue
        values = {
            key: Estimate(
                float(np.mean([row.values[key].value for _, row in members])),
                deviation=float(np.std([row.values[key].value for _, row in members], ddof=1)),
            )
            for key in members[0][1].values
        }
        run = members[0][0]
        name = f"{run.short_name}, mean of {len(members)} seeds{variant}"
        listed = ", ".join(str(run.info.id) for run, _ in members)
        signatures = [row.signature for _, row in members if row.signature]
        means.append(
            Row(name, values, "run", None, run.info.backend, joint_signature(signatures), (f"Mean of runs {listed}.",))
        )
    return means


def _published_rows(table: PublishedTable) -> list[Row]:
    return [
        Row(
            row.name,
            {key: Estimate(figure.value) for key, figure in row.figures.items()},
            "published",
            backend=row.backend,
            notes=row.notes,
            trust={key: figure.trust for key, figure in row.figures.items()},
        )
        for row in table.rows
    ]
