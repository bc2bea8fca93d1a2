"""`vsa reproduce`: all rows of the tables from raw photos, each step being a command that is printed and then run."""

from __future__ import annotations

import contextlib
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options as shared
from .steps import run_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vsa_toolkit.executor import Executor
    from vsa_toolkit.plan import Plan
    from vsa_toolkit.reproduction import Job, Limits


@click.command("reproduce")
@click.argument("name", metavar="NAME")
@click.option(
    "--data", metavar="DIR", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with flickr8k/, flickr30k_entities/ and, for a detector's regions, detectors/*.onnx.",
)  # fmt: skip
@click.option(
    "--dir", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Where the workspace is made (default: a folder of the reproduction's name).",
)  # fmt: skip
@click.option("--only", multiple=True, metavar="ROW", help="Only this row; may be repeated.")
@click.option(
    "--minutes", type=shared.FiniteRange(min=0),
    help="Begin no new step after this time; what is done is shown in the tables.",
)  # fmt: skip
@click.option(
    "--executor", metavar="NAME",
    help="What carries out trainings and runs that do not need each other (vsa plugins list --kind executors).",
)  # fmt: skip
@click.option("-x", "executor_pairs", metavar="NAME=VALUE", multiple=True, help="An option of the executor.")
@click.option("--configurations", type=click.IntRange(min=1), help="Try only the first so many of each row.")
@click.option("--seeds", type=click.IntRange(min=1), help="Train only with the first so many seeds.")
@click.option(
    "--list", "listed", is_flag=True, help="Only show the configurations, what was trained and what was chosen."
)
@shared.format_option
def command(
    name: str,
    data: Path,
    folder: Path | None,
    only: tuple[str, ...],
    minutes: float | None,
    executor: str | None,
    executor_pairs: tuple[str, ...],
    configurations: int | None,
    seeds: int | None,
    listed: bool,
    output: str,
) -> None:
    """Train, choose and run every system of the tables on the same photos, features and protocol; print the tables.

    Every row has the same number of configurations, chosen on the validation split; the test split is read once for
    each chosen one. Stopped anywhere, the same command goes on. Hours on two cores; --configurations 1 --seeds 1 is the
    shortest way.

    \b
    Examples:
      vsa reproduce flickr8k --data ~/data
      vsa reproduce flickr8k --data ~/data --only brnn --only bow --minutes 60
      vsa reproduce flickr8k --data ~/data --executor processes -x workers=2
      vsa reproduce flickr8k --data ~/data --list
    """
    from vsa_toolkit.plan import read_plan
    from vsa_toolkit.reproduction import Limits, rows_of

    with_it = _executor(executor, executor_pairs) if executor else None
    plan, limits, started = read_plan(name), Limits(only, configurations, seeds), time.monotonic()
    if executor_pairs and not executor:
        raise click.UsageError("-x is an option of --executor.")
    place = (folder or Path(name)).expanduser().absolute()
    data = data.expanduser().absolute()
    rows_of(plan, limits)  # refuses rows that are not there, before anything is made
    if listed:
        _list(place, plan, limits, output)
        return

    def time_is_left() -> None:
        if minutes is not None and time.monotonic() - started > 60 * minutes:
            raise _TimeUp

    if not (place / "vsa.toml").is_file():
        run_step("Make a workspace.", shlex.join(["vsa", "init", str(place)]))
    click.echo(f"\n$ cd {shlex.quote(str(place))}")
    whole = False
    with contextlib.chdir(place):
        try:
            for says, words in _preparation(plan, data):
                time_is_left()
                run_step(says, shlex.join(["vsa", *words]))
            if with_it:
                _train_and_run_at_once(with_it, plan, limits, time_is_left)
            else:
                _train_and_run(plan, limits, time_is_left)
            whole = True
        except _TimeUp:
            pass
        except (KeyboardInterrupt, click.Abort):
            click.echo(f"\n{_so_far(plan, limits)}.", err=True)
            raise
        _tables(plan, limits, output)
        so_far = _so_far(plan, limits)
    minutes_taken = (time.monotonic() - started) / 60
    click.secho("\nDone" if whole else "\nStopped", bold=True, nl=False)
    click.echo(f" after {minutes_taken:.0f} minutes." + ("" if whole else f" {so_far}; the same command goes on."))


def _preparation(plan: Plan, data: Path) -> Iterator[tuple[str, list[str]]]:
    """Photos, sentences, boxes, features: quick where they are there."""
    yield "Photos and sentences.", ["import", "flickr8k", str(data / "flickr8k")]
    entities = data / "flickr30k_entities"
    if entities.is_dir():
        yield "Boxes and phrases.", ["import", "flickr30k-entities", str(entities)]
    detectors = sorted((data / "detectors").glob("*.onnx"))
    if detectors:
        with_model = ["--proposer", "yolox-onnx", "-k", "19", "-o", f"model={detectors[0]}"]
    else:
        click.echo(f"no detector in {data / 'detectors'}: the regions are a grid's, which finds nothing by itself.")
        with_model = ["--proposer", "grid", "-k", "19"]
    yield "Regions.", ["propose", *with_model, "--name", plan.regions]
    yield "Features.", ["features", "extract", "--regions", plan.regions]


class _TimeUp(Exception):
    """Nothing more is to be begun."""


def _train_and_run(plan: Plan, limits: Limits, time_is_left: Callable[[], None]) -> None:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.errors import VsaError
    from vsa_toolkit.reproduction import count_done, jobs

    before = None
    with open_workspace(".") as workspace:
        for job in jobs(workspace.store, plan, limits):
            time_is_left()
            if job == before:
                raise VsaError(f"{job.command} was run and left nothing that the plan can use.")
            run_step(f"Row {job.row}. {_of(*count_done(workspace.store, plan, limits))}.", job.command)
            before = job


def _train_and_run_at_once(executor: Executor, plan: Plan, limits: Limits, time_is_left: Callable[[], None]) -> None:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.errors import VsaError
    from vsa_toolkit.reproduction import count_done, jobs_at_once

    def progress(ended: int, begun: int) -> None:
        click.echo(f"{_of(done + ended, total)}.")
        if ended < begun:
            time_is_left()

    before: list[Job] = []
    while True:
        with open_workspace(".") as workspace:
            jobs = jobs_at_once(workspace.store, plan, limits)
            done, total = count_done(workspace.store, plan, limits)
        if not jobs:
            return
        time_is_left()
        if left := [job for job in jobs if job in before]:
            raise VsaError(f"{left[0].command} was run and left nothing that the plan can use.")
        says = f"{len(jobs)} commands that do not need each other." if len(jobs) > 1 else f"Row {jobs[0].row}."
        click.secho(f"\n{says} {_of(done, total)}.", bold=True)
        for job in jobs:
            click.echo(f"$ {job.command}")
        executor.run([shlex.split(job.command) for job in jobs], Path.cwd(), progress)
        before = jobs


def _so_far(plan: Plan, limits: Limits) -> str:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.reproduction import count_done

    with open_workspace(".") as workspace:
        return _of(*count_done(workspace.store, plan, limits))


def _of(done: int, total: int) -> str:
    return f"{done} of about {total} commands are done"


def _executor(name: str, pairs: tuple[str, ...]) -> Executor:
    from vsa_toolkit.options import parse_options
    from vsa_toolkit.registry import registry

    def vsa(words: Sequence[str], folder: Path) -> None:
        with contextlib.chdir(folder):
            run_step("", shlex.join(words))

    kind: type[Executor] = registry().get("executors", name)
    return kind(parse_options(kind.Options, pairs, owner=f"executor {name}"), vsa)


def _tables(plan: Plan, limits: Limits, output: str) -> None:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.reproduction import tables

    with open_workspace(".") as workspace:
        made = list(tables(workspace.store, plan, limits))
    for title, command in made:
        run_step(title, f"{command} --format {output}")


def _list(place: Path, plan: Plan, limits: Limits, output: str) -> None:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.reproduction import NothingYet, count_done, figures

    from .output import print_rows

    with contextlib.ExitStack() as stack:
        there = (place / "vsa.toml").is_file()
        store = stack.enter_context(open_workspace(place)).store if there else NothingYet()
        rows, so_far = figures(store, plan, limits), _of(*count_done(store, plan, limits))
    print_rows(rows, output, title=f"Reproduction {plan.name}")
    click.echo(f"{so_far}.", err=True)
