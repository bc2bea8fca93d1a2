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
    runs = tell_apart(choose_runs(store, request, announce)) if protocol.needs else []
    reader = Reader(store, request, announce)
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


def choose_runs(store: CollectedStore, request: Request, announce: Announce) -> list[Evaluated]:
    """The runs that were asked for; otherwise the newest finished run of each model that has what the protocol needs.

    Raises:
        UserError: there is none, one of them is unfinished, or they are over several splits.
    """
    if request.runs:
        return _named_runs(store, request.runs)
    dataset = store.dataset_name(request.dataset)
    needs = find_protocol(request.protocol).needs
    finished = store.finished_runs(dataset, request.split)
    usable = [run for run in finished if needs is None or _made(store, run, needs)]
    if request.protocol != "proxy":  # which alone is about the epochs of a training
        usable = [run for run in usable if run.options.get("epoch") is None]
    if not usable:
        have = f"none of {len(finished)} finished runs has {needs}" if finished else "there is no finished run"
        raise UserError(
            f"{have} over split {request.split!r} of {dataset}: vsa run --backend brnn --split {request.split}"
        )
    newest: dict[object, Evaluated] = {}
    for run in usable:
        evaluated = Evaluated.read(store, run)
        decoding = evaluated.decoding if needs in ("captions", "region captions") else ""
        newest[evaluated.model, evaluated.seed, evaluated.epoch, decoding] = evaluated
    if older := len(usable) - len(newest):
        announce(f"left out as older runs of the same models: {older}; --run N shows one of them")
    return list(newest.values())


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


def _made(store: CollectedStore, run: RunInfo, needs: Needs) -> bool:
    if needs in ("captions", "region captions"):
        return any((c.region_id is not None) == (needs == "region captions") for c in store.read_captions(run.id))
    return needs in run.provenance.get("arrays", (needs,))


def _named_runs(store: CollectedStore, numbers: Sequence[int]) -> list[Evaluated]:
    runs = [store.read_run(number) for number in dict.fromkeys(numbers)]
    if unfinished := [run for run in runs if run.state != "finished"]:
        raise UserError(f"run {unfinished[0].id} is not finished but {unfinished[0].state}: repeat its `vsa run`.")
    places = {(run.dataset, run.split) for run in runs}
    if len(places) > 1:
        named = ", ".join(f"{dataset}/{split}" for dataset, split in sorted(places))
        raise UserError(f"these runs are over several splits ({named}): one table is about one split.")
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
