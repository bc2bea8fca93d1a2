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
    from vsa_toolkit.reproduction import Limits, Plan

ENCODER = ("--encoder", "efficientnet-lite0", "--mode", "roi-align")


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
@click.option("--minutes", type=click.FloatRange(min=0), help="Begin no new step after this time.")
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
      vsa reproduce flickr8k --data ~/data --list
    """
    from vsa_toolkit.reproduction import Limits, read_plan

    plan, limits, started = read_plan(name), Limits(only, configurations, seeds), time.monotonic()
    place = (folder or Path(name)).expanduser().absolute()
    data = data.expanduser().absolute()
    if listed:
        _list(place, plan, limits, output)
        return
    if not (place / "vsa.toml").is_file():
        run_step("Make a workspace.", shlex.join(["vsa", "init", str(place)]))
    click.echo(f"\n$ cd {shlex.quote(str(place))}")
    with contextlib.chdir(place):
        _prepare(plan, data)
        whole = _train_and_run(plan, limits, started, minutes)
        _tables(plan, output)
    minutes_taken = (time.monotonic() - started) / 60
    click.secho("\nDone" if whole else "\nStopped", bold=True, nl=False)
    click.echo(f" after {minutes_taken:.0f} minutes." + ("" if whole else " The same command goes on from here."))


def _prepare(plan: Plan, data: Path) -> None:
    """Photos, sentences, boxes, features: quick where they are there."""
    run_step("Photos and sentences.", shlex.join(["vsa", "import", "flickr8k", str(data / "flickr8k")]))
    entities = data / "flickr30k_entities"
    if entities.is_dir():
        run_step("Boxes and phrases.", shlex.join(["vsa", "import", "flickr30k-entities", str(entities)]))
    detectors = sorted((data / "detectors").glob("*.onnx"))
    if detectors:
        with_model = ["--proposer", "yolox-onnx", "-k", "19", "-o", f"model={detectors[0]}"]
    else:
        click.echo(f"no detector in {data / 'detectors'}: the regions are a grid's, which finds nothing by itself.")
        with_model = ["--proposer", "grid", "-k", "19"]
    run_step("Regions.", shlex.join(["vsa", "propose", *with_model, "--name", plan.regions]))
    run_step("Features.", shlex.join(["vsa", "features", "extract", *ENCODER, "--regions", plan.regions]))


def _train_and_run(plan: Plan, limits: Limits, started: float, minutes: float | None) -> bool:
    """False where the time was up before the work was done."""
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.errors import VsaError
    from vsa_toolkit.reproduction import jobs

    before = None
    with open_workspace(".") as workspace:
        for job in jobs(workspace.store, plan, limits):
            if minutes is not None and time.monotonic() - started > 60 * minutes:
                return False
            if job == before:
                raise VsaError(f"{job.command} was run and left nothing that the plan can use.")
            run_step(f"Row {job.row}.", job.command)
            before = job
    return True


def _tables(plan: Plan, output: str) -> None:
    from vsa_toolkit.errors import UserError

    for title, words in plan.tables:
        try:
            run_step(title, shlex.join(["vsa", "eval", *words, "--format", output]))
        except UserError as error:  # no run for that table yet
            click.echo(str(error), err=True)


def _list(place: Path, plan: Plan, limits: Limits, output: str) -> None:
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.reproduction import figures

    from .output import print_rows

    if not (place / "vsa.toml").is_file():
        rows = [
            {"row": row.name, "configuration": " ".join(pairs) or "defaults"}
            for row in plan.rows
            for pairs in row.configurations
        ]
    else:
        with open_workspace(place) as workspace:
            rows = figures(workspace.store, plan, limits)
    print_rows(rows, output, title=f"Reproduction {plan.name}", empty="nothing was trained yet")
