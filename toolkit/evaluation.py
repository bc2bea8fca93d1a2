"""From finished runs to a table: reads runs through the `Store` protocol, keeps what it computed as evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .collected import CollectedStore
from .errors import DataError, UserError, did_you_mean
from .metrics.resampling import Estimate
from .plausible import impossible
from .published import PublishedTable, published_for
from .records import RunInfo
from .rows import agreement, captions, dense, grounding, judgements, proxy, regions, retrieval
from .rows.groups import mark_groups
from .rows.reader import Announce, Evaluated, Reader, tell_apart
from .rows.request import Needs, Protocol, Request
from .rows.seeds import means_of_seeds
from .tables import Row, Table

__all__ = ["PROTOCOLS", "Request", "evaluate"]

PROTOCOLS: dict[str, Protocol] = {
    "retrieval": retrieval.PROTOCOL,
    "grounding": grounding.PROTOCOL,
    "captions": captions.PROTOCOL,
    "regions": regions.PROTOCOL,
    "agreement": agreement.PROTOCOL,
    "dense": dense.PROTOCOL,
    "judgements": judgements.PROTOCOL,
    "proxy": proxy.PROTOCOL,
}

_ORDER = ("baseline", "run", "human", "metric", "published")


def evaluate(store: CollectedStore, request: Request, announce: Announce = lambda line: None) -> Table:
    """The table of a protocol over runs, with baselines and published rows; each run's rows are saved as evaluations.

    Raises:
        UserError: an unknown protocol, no run to evaluate, runs of several splits.
        DataError: a run that does not fit its split any more, scores that are not finite, a row that cannot be.
    """
    protocol = find_protocol(request.protocol)
    reader = Reader(store, request, protocol, announce)
    runs = tell_apart(choose_runs(reader)) if protocol.needs else []
    rows = protocol.rows(reader, runs)
    if protocol.needs and not any(row.source == "run" for row in rows):
        listed = ", ".join(str(run.info.id) for run in runs)
        raise UserError(f"none of the runs {listed} can be evaluated by {request.protocol}.")
    _refuse_impossible(rows, request.folds)
    rows = [replace(row, signature=reader.cite(row.signature, runs)) if row.signature else row for row in rows]
    columns = protocol.columns(request)
    rows, explained = mark_groups(rows, columns)
    if request.mean_of_seeds:
        rows += means_of_seeds(rows, runs)
    notes = [protocol.meaning, *reader.notes, *explained]
    dataset = runs[0].info.dataset if runs else store.dataset_name(request.dataset)
    split = runs[0].info.split if runs else request.split
    if request.published:
        tables = published_for(request.protocol, dataset, split, _images(reader, runs, dataset), request.profile)
        keys = {column.key for column in columns}
        beside = [
            row
            for table in tables
            for row in published_rows(table)
            if keys & set(row.values) and reader.may_stand_beside(row)
        ]
        rows += beside
        if beside:
            notes += [text for table in tables for text in (f"Published: {table.title}.", table.note) if text]
    rows.sort(key=lambda row: _ORDER.index(row.source))
    shown = [column for column in columns if any(column.key in row.values for row in rows)]
    title = reader.title or f"{request.protocol.capitalize()} on {dataset}, split {split}"
    return Table(title, request.protocol, shown, rows, notes)


def find_protocol(name: str) -> Protocol:
    """A protocol by its name."""
    if name not in PROTOCOLS:
        raise UserError(f"there is no protocol {name!r}{did_you_mean(name, PROTOCOLS)}")
    return PROTOCOLS[name]


def choose_runs(reader: Reader) -> list[Evaluated]:
    """The runs that were asked for; otherwise the newest finished run of each model that can be in the table.

    Raises:
        UserError: there is none, one of them is unfinished, or they are over several splits.
    """
    store, request = reader.store, reader.request
    if request.runs:
        return _named_runs(store, request)
    dataset = store.dataset_name(request.dataset)
    newest: dict[object, Evaluated] = {}
    usable = _usable(reader, dataset)
    for run in usable:
        evaluated = Evaluated.read(store, run)
        decoding = evaluated.decoding if reader.protocol.needs in ("captions", "region captions") else ""
        newest[evaluated.model, evaluated.seed, evaluated.epoch, decoding] = evaluated
    if older := len(usable) - len(newest):
        reader.announce(f"left out as older runs of the same models: {older}; --run N shows one of them")
    return list(newest.values())


def refuse_other_splits(store: CollectedStore, request: Request) -> None:
    """Refuse runs that are not over the request's split.

    Raises:
        UserError: there is one, or no such run.
    """
    for run in map(store.read_run, request.runs):
        if run.split != request.split:
            raise UserError(f"run {run.id} is over split {run.split!r}, not {request.split!r}.")


def published_rows(table: PublishedTable) -> list[Row]:
    """The rows of a published table as rows of ours."""
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


def _usable(reader: Reader, dataset: str) -> list[RunInfo]:
    """The finished runs over the split that can be in the table, the oldest first; others that come near are named.

    Raises:
        UserError: there is none; says which command makes one.
    """
    protocol, split = reader.protocol, reader.request.split
    needs = protocol.needs
    finished = reader.store.finished_runs(dataset, split)
    made = [run for run in finished if needs is None or _made(reader.store, run, needs)]
    if protocol is not PROTOCOLS["proxy"]:  # which alone is about the epochs of a training
        made = [run for run in made if run.options.get("epoch") is None]
    unfit = protocol.unfit(reader, made) if made else {}
    usable = [run for run in made if run.id not in unfit]
    if not finished:
        reader.split(dataset, split, "frame")  # there is one
    if not usable:
        have = f"none of {len(finished)} finished runs has {needs}" if finished else "there is no finished run"
        why = f" that fit (the newest, run {made[-1].id}: {unfit[made[-1].id]})" if made else ""
        command = f"`{protocol.made_by(reader.request)} --split {split}`"
        raise UserError(f"{have}{why} over split {split!r} of {dataset}: {command} makes one.")
    for reason in dict.fromkeys(unfit.values()):
        listed = ", ".join(str(number) for number, other in unfit.items() if other == reason)
        reader.announce(f"left out, run {listed}: {reason}")
    return usable


def _made(store: CollectedStore, run: RunInfo, needs: Needs) -> bool:
    if needs in ("captions", "region captions"):
        return any((c.region_id is not None) == (needs == "region captions") for c in store.read_captions(run.id))
    return needs in run.provenance.get("arrays", (needs,))


def _named_runs(store: CollectedStore, request: Request) -> list[Evaluated]:
    runs = [store.read_run(number) for number in dict.fromkeys(request.runs)]
    if unfinished := [run for run in runs if run.state != "finished"]:
        raise UserError(f"run {unfinished[0].id} is not finished but {unfinished[0].state}: repeat its `vsa run`.")
    places = {(run.dataset, run.split) for run in runs}
    if len(places) > 1:
        named = ", ".join(f"{dataset}/{split}" for dataset, split in sorted(places))
        raise UserError(f"these runs are over several splits ({named}): one table is about one split.")
    (dataset, _), *_ = places
    if request.dataset not in (None, dataset):
        raise UserError(f"run {runs[0].id} is of the dataset {dataset!r}, not {request.dataset!r}.")
    return [Evaluated.read(store, run) for run in runs]


def _images(reader: Reader, runs: Sequence[Evaluated], dataset: str) -> int:
    """How many images a row is about (of a fold: a query is ranked among those): published tables say theirs."""
    if not runs:
        return len(reader.store.read_images(dataset, reader.request.split))
    return len(reader.split_of(runs[0].info).images) // reader.request.folds


def _refuse_impossible(rows: Sequence[Row], folds: int) -> None:
    """No row leaves this house that contradicts itself, as some published ones do; a mean of medians over folds may."""
    for row in rows:
        values = {key: e.value for key, e in row.values.items() if folds == 1 or not key.endswith("medr")}
        if reasons := impossible(values, rounding=0.0):
            raise DataError(f"the row {row.name!r} cannot be right: {reasons[0]}.")
