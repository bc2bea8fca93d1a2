"""All rows of the tables from one plan: which configurations are tried, which one is taken, what is left to do.

All configurations of a row are trained with the first seed, the one with the best validation figure is trained with the
others, and only its checkpoints are run over the test split, once each. What was done is read from the workspace: a
plan can be stopped and goes on.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

from . import checkpoint as files
from .captioning import Describe
from .encoder_choice import EncoderChoice
from .errors import DataError, UserError, did_you_mean
from .options import parse_options
from .plan import NOTHING, Plan, PlanRow
from .protocols import captions
from .protocols.texts import TextSettings
from .records import Caption, CheckpointInfo, RunInfo, Split
from .registry import registry
from .rows.captions import by_image, references_of

PRODUCED = ("--produce", "alignments")
"""What another row learns from."""
REGIONS = "regions"
"""The protocol of the runs that describe regions, `vsa run --on …`; all others are about whole photos."""
JUDGED = {"retrieval": "scores", "grounding": "alignments", "captions": "captions", REGIONS: "captions"}
"""What a run must have produced to be in a protocol's table."""


_NUMBER = re.compile(r"\d+(\.\d+)?")


class Progress(Protocol):
    """What of a workspace tells how far a plan is."""

    def list_checkpoints(self) -> list[CheckpointInfo]: ...

    def finished_runs(self, dataset: str, split: str) -> list[RunInfo]: ...

    def read_split(self, dataset: str, split: str, region_set: str) -> Split: ...

    def read_captions(self, run_id: int) -> list[Caption]: ...

    def __hash__(self) -> int: ...


class NothingYet:
    """A workspace in which nothing of a plan was done."""

    def list_checkpoints(self) -> list[CheckpointInfo]:
        return []

    def finished_runs(self, dataset: str, split: str) -> list[RunInfo]:
        return []

    def read_split(self, dataset: str, split: str, region_set: str) -> Split:
        raise UserError(f"there is no dataset {dataset!r} yet.")

    def read_captions(self, run_id: int) -> list[Caption]:
        raise UserError(f"there is no run {run_id} yet.")


@dataclass(frozen=True)
class Job:
    """A command to run next, as one would type it, and the row that it is for."""

    row: str
    command: str


@dataclass(frozen=True)
class Limits:
    """How much of a plan to do: rows by name (empty: all), at most so many configurations and seeds of each."""

    only: tuple[str, ...] = ()
    configurations: int | None = None
    seeds: int | None = None


def jobs(store: Progress, plan: Plan, limits: Limits) -> Iterator[Job]:
    """The next command of the plan, and after it was run the next: ask for one at a time."""
    for row in rows_of(plan, limits):
        if _waits(store, plan, row, limits):
            raise UserError(f"row {row.name!r} learns from the alignments of {row.from_row!r}: that row comes first.")
        while job := next((job for _, job in _steps(store, plan, row, limits) if job), None):
            yield job


def jobs_at_once(store: Progress, plan: Plan, limits: Limits) -> list[Job]:
    """All commands that can be run now, none depending on another, those of the longest rows first; after they were
    run, ask again. Empty: done."""
    rows = sorted(rows_of(plan, limits), key=lambda row: -row.minutes)
    ready = [job for row in rows for _, job in _steps(store, plan, row, limits) if job]
    return list({job.command: job for job in ready}.values())  # rows that learn from one row wait for the same run


def count_done(store: Progress, plan: Plan, limits: Limits) -> tuple[int, int]:
    """How many commands of the plan are done, and of about how many: one may do for two steps, and where another
    configuration is chosen what was done for the one before counts no longer."""
    rows = rows_of(plan, limits)
    lessons = dict.fromkeys(row.from_row for row in rows if row.from_row)
    done = [bool(_lessons(store, plan, name, limits)) for name in lessons]
    done += [is_done for row in rows for is_done, _ in _steps(store, plan, row, limits)]
    return sum(done), len(done)


def chosen(store: Progress, plan: Plan, row: PlanRow, limits: Limits) -> CheckpointInfo | None:
    """The first seed's checkpoint of the best configuration; None while one of them has no figure yet. One that is
    alone needs none."""
    configurations = row.configurations[: limits.configurations]
    if len(configurations) == 1:
        return _find(store, plan, row, configurations[0], plan.seeds[0], limits)
    rated = []
    for pairs in configurations:
        made = _find(store, plan, row, pairs, plan.seeds[0], limits)
        figure = None if made is None else _figure(store, plan, row, made)
        if made is None or figure is None:
            return None
        rated.append((figure if row.best == "high" else -figure, made))
    return max(rated, key=lambda item: item[0])[1]  # the first of equals


def figures(store: Progress, plan: Plan, limits: Limits) -> list[dict[str, Any]]:
    """One entry a configuration with the first seed, and with each other one that it was trained with: checkpoint,
    validation figure, training minutes, whether it was chosen."""
    found = []
    for row in rows_of(plan, limits):
        best = chosen(store, plan, row, limits)
        for pairs in row.configurations[: limits.configurations]:
            for seed in _seeds(plan, row, limits):
                made = _find(store, plan, row, pairs, seed, limits)
                if made is None and seed != plan.seeds[0]:
                    continue
                figure = None if made is None else _figure(store, plan, row, made)
                found.append(
                    {
                        "row": row.name,
                        "configuration": " ".join(pairs) or "defaults",
                        "seed": seed,
                        "checkpoint": None if made is None else made.id,
                        "val": None if figure is None else round(figure, 2),
                        "figure": row.choose,
                        "minutes": None if made is None else round(float(made.provenance.get("seconds") or 0) / 60, 1),
                        "chosen": made is not None and best is not None and best.options == made.options,
                    }
                )
    return found


def tables(store: Progress, plan: Plan, limits: Limits) -> Iterator[tuple[str, str]]:
    """Title and `vsa eval` command of each table that has a run: the test runs of what was chosen, nothing else."""
    for title, words in plan.tables:
        protocol = words[words.index("--protocol") + 1]
        rows = [row for row in rows_of(plan, limits) if protocol in row.tables]
        if numbers := [run.id for row in rows for run in _tested(store, plan, row, limits, protocol)]:
            runs = [word for n in numbers for word in ("--run", str(n))]
            if protocol == "retrieval" and (added := _added_up(store, plan, rows, limits)):
                runs += ["--combine", ",".join(map(str, added))]
            yield title, shlex.join(["vsa", "eval", *words, *runs])


def _added_up(store: Progress, plan: Plan, rows: Sequence[PlanRow], limits: Limits) -> list[int]:
    """The first seed's runs of the rows that the plan combines; none where one of them is missing."""
    once = replace(limits, seeds=1)
    found = [
        run.id for row in rows if row.name in plan.combined for run in _tested(store, plan, row, once, "retrieval")
    ]
    return found if len(found) == len(plan.combined) else []


def _tested(store: Progress, plan: Plan, row: PlanRow, limits: Limits, protocol: str) -> Iterator[RunInfo]:
    """The newest test run of each seed of what was chosen, with each of the row's run options, that the protocol is
    about."""
    for _, _, made in _seeds_of_chosen(store, plan, row, limits):
        if made is not None:
            for extra in row.runs:
                runs = _runs(store, plan, made, "test", extra)
                if (
                    runs
                    and ("--on" in extra) == (protocol == REGIONS)
                    and JUDGED[protocol] in runs[-1].options["produce"]
                ):
                    yield runs[-1]


def _seeds(plan: Plan, row: PlanRow, limits: Limits) -> tuple[int, ...]:
    return plan.seeds[: 1 if row.choose == NOTHING else limits.seeds]


def _seeds_of_chosen(
    store: Progress, plan: Plan, row: PlanRow, limits: Limits
) -> Iterator[tuple[tuple[str, ...], int, CheckpointInfo | None]]:
    """The chosen configuration with each seed, and its checkpoint if it is trained; nothing before one is chosen."""
    best = chosen(store, plan, row, limits)
    if best is not None:
        pairs = next(p for p in row.configurations if _options(row, p) == best.options)
        for seed in _seeds(plan, row, limits):
            yield pairs, seed, _find(store, plan, row, pairs, seed, limits)


def _steps(store: Progress, plan: Plan, row: PlanRow, limits: Limits) -> Iterator[tuple[bool, Job | None]]:
    """Of each training and run of a row, whether it is done, and if not the command, where that is known yet: those
    that are known do not need each other."""
    configurations, waits = row.configurations[: limits.configurations], _waits(store, plan, row, limits)
    tried = [(pairs, _find(store, plan, row, pairs, plan.seeds[0], limits)) for pairs in configurations]
    for pairs, made in tried:
        yield made is not None, None if made or waits else _train(store, plan, row, pairs, plan.seeds[0], limits)
    if row.judge and len(tried) > 1:
        for _, made in tried:
            yield _step(store, plan, row, made, "val", row.judge)
    of_seed = {seed: (pairs, made) for pairs, seed, made in _seeds_of_chosen(store, plan, row, limits)}
    for seed in _seeds(plan, row, limits):
        best, made = of_seed.get(seed, (None, None))
        if seed != plan.seeds[0]:  # with the first one all configurations are tried
            yield made is not None, None if made or best is None else _train(store, plan, row, best, seed, limits)
        for split, extra in _wanted(plan, row):
            yield _step(store, plan, row, made, split, extra)


def _step(
    store: Progress, plan: Plan, row: PlanRow, made: CheckpointInfo | None, split: str, extra: Sequence[str]
) -> tuple[bool, Job | None]:
    """Whether a run is done, and the command; None while there is no checkpoint."""
    if made is None or _runs(store, plan, made, split, extra):
        return made is not None, None
    return False, _run(row, made, split, extra)


def _wanted(plan: Plan, row: PlanRow) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Split and `vsa run` options of each run of a chosen checkpoint."""
    for split in ("val", "test"):
        for extra in row.runs:
            if split == "test" or _weighed(plan, row, extra):
                yield split, extra


def _weighed(plan: Plan, row: PlanRow, extra: Sequence[str]) -> bool:
    """Whether tables choose something for such runs on the validation split: weights of alignments, or of scores that
    are added up."""
    return ("grounding" in row.tables or row.name in plan.combined) and "--on" not in extra and "captions" not in extra


def _waits(store: Progress, plan: Plan, row: PlanRow, limits: Limits) -> bool:
    """Whether the row learns from one whose configuration is not chosen yet."""
    return row.from_row is not None and _teacher(store, plan, row.from_row, limits) is None


def _train(store: Progress, plan: Plan, row: PlanRow, pairs: Sequence[str], seed: int, limits: Limits) -> Job:
    words = ["vsa", "train", "--backend", row.backend, "--seed", str(seed), "--regions", plan.regions]
    words += [word for pair in pairs for word in ("-o", pair)]
    if row.from_row is None:
        return Job(row.name, shlex.join(words))
    if not (runs := _lessons(store, plan, row.from_row, limits)):
        teacher = _teacher(store, plan, row.from_row, limits)
        assert teacher is not None  # else the row waits
        return _run(row, teacher, "train", PRODUCED)
    return Job(row.name, shlex.join([*words, "--from-run", str(runs[-1].id)]))


def _teacher(store: Progress, plan: Plan, name: str, limits: Limits) -> CheckpointInfo | None:
    return chosen(store, plan, next(row for row in plan.rows if row.name == name), limits)


def _lessons(store: Progress, plan: Plan, name: str, limits: Limits) -> list[RunInfo]:
    """The alignments of the training split by what is chosen of a row."""
    teacher = _teacher(store, plan, name, limits)
    return _runs(store, plan, teacher, "train", PRODUCED) if teacher else []


def _run(row: PlanRow, made: CheckpointInfo, split: str, extra: Sequence[str]) -> Job:
    return Job(row.name, shlex.join(["vsa", "run", "--checkpoint", str(made.id), "--split", split, *extra]))


def _find(
    store: Progress, plan: Plan, row: PlanRow, pairs: Sequence[str], seed: int, limits: Limits
) -> CheckpointInfo | None:
    """The newest finished checkpoint that the plan's command would have made; of a row that learns from another one,
    only what learnt from the one that is chosen there now."""
    options = _options(row, pairs)
    lessons = None if row.from_row is None else {run.id for run in _lessons(store, plan, row.from_row, limits)}
    fits = [
        made
        for made in store.list_checkpoints()
        if (made.backend, made.dataset, made.state, made.options) == (row.backend, plan.dataset, "finished", options)
        and made.provenance["seed"] == seed
        and made.region_set in (plan.regions, "frame")
        and made.encoder == str(EncoderChoice())
        and made.provenance["train"]["split"] == "train"
        and (lessons is not None or made.provenance["val"]["split"] == "val")
        and (lessons is None or made.provenance["train"].get("run") in lessons)
    ]
    return fits[-1] if fits else None


def _options(row: PlanRow, pairs: Sequence[str]) -> dict[str, Any]:
    kind = registry().get("backends", row.backend)
    stated: dict[str, Any] = parse_options(kind.Options, pairs, owner=f"backend {row.backend}").model_dump(mode="json")
    return stated


def _runs(store: Progress, plan: Plan, made: CheckpointInfo, split: str, extra: Sequence[str]) -> list[RunInfo]:
    """The finished runs of a checkpoint over a split that this command would have made: these options, no others."""
    names = [option.removeprefix("--").replace("-", "_") for option in extra[::2]]
    asked = dict(zip(names, extra[1::2], strict=True))
    return [
        run
        for run in store.finished_runs(plan.dataset, split)
        if run.checkpoint_id == made.id and _made_with(run.options, asked)
    ]


def _made_with(options: dict[str, Any], asked: dict[str, str]) -> bool:
    """What the command does not ask has its default; what is produced depends on the backend where it is not asked."""
    expected = {"beta": "0.0", **{name: str(value) for name, value in Describe().as_options().items()}, **asked}
    unasked = {"produce"} - asked.keys()
    return asked.keys() <= options.keys() and all(
        _parts(value) == _parts(expected.get(name)) for name, value in options.items() if name not in unasked
    )


def _parts(value: Any) -> set[Any]:
    """A value as a plan or as a run writes it: in any order where it is a list (`scores,captions`), 1 or 1.0."""
    parts = value if isinstance(value, list) else str(value).split(",")
    return {float(part) if _NUMBER.fullmatch(str(part)) else str(part) for part in parts}


def _figure(store: Progress, plan: Plan, row: PlanRow, made: CheckpointInfo) -> float | None:
    """What chooses between configurations; None while the run that it is a figure of is not there."""
    if row.choose == NOTHING:
        return None
    if row.judge:
        runs = _runs(store, plan, made, "val", row.judge)
        return _caption_figure(store, plan.dataset, runs[-1].id, row.choose) if runs else None
    values = [float(point[row.choose]) for point in files.read_curve(made.folder) if row.choose in point]
    if not values:
        raise DataError(f"checkpoint {made.id} has no {row.choose!r} in its curve: train it again.")
    return max(values) if row.best == "high" else min(values)


@cache
def _caption_figure(store: Progress, dataset: str, run: int, name: str) -> float:
    split = store.read_split(dataset, "val", "frame")
    said = by_image(store.read_captions(run), split)
    values = captions.evaluate(said, references_of(split), TextSettings(resamples=0)).values
    return values[name].value if name in values else 0.0  # BLEU-n of texts that are shorter than n words


def rows_of(plan: Plan, limits: Limits) -> list[PlanRow]:
    """The rows that are wanted, and those that they learn from.

    Raises:
        UserError: there is no row of that name.
    """
    known = [row.name for row in plan.rows]
    for name in limits.only:
        if name not in known:
            raise UserError(f"reproduction {plan.name} has no row {name!r}{did_you_mean(name, known)}")
    wanted = set(limits.only or known)
    # A row that another one learns from is done as well.
    wanted |= {row.from_row for row in plan.rows if row.name in wanted and row.from_row}
    return [row for row in plan.rows if row.name in wanted]
