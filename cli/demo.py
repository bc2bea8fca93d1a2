"""`vsa demo`: the whole way on generated scenes, each step being a command that is printed and then run."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options as shared
from .steps import run_step

if TYPE_CHECKING:
    from vsa_toolkit.db.store import DatabaseStore
    from vsa_toolkit.scenes import Counts

DATASET = "simulated"
PICTURES = 4
OPTIONS_FILE = "brnn.toml"


@dataclass(frozen=True)
class Step:
    """A command, as one would type it in the workspace's folder; left out where `done` says that it was run before."""

    says: str
    command: str
    done: Callable[[DatabaseStore], bool] = lambda store: False


STEPS = (
    Step("Read them into the workspace.", f"vsa import scenes ../scenes --dataset {DATASET}"),
    Step("Find regions: groups of coloured pixels, clutter too.", "vsa propose --proposer blobs -k 16"),
    Step(
        "Learn which words fit which regions, from whole sentences and whole pictures only.",
        f"vsa train --backend brnn --options ../{OPTIONS_FILE} --encoder colour-texture",
        lambda store: any(checkpoint.state == "finished" for checkpoint in store.list_checkpoints()),
    ),
    Step(
        "Score the validation split: what smoothing and priors are chosen on.",
        "vsa run --backend brnn --split val",
        lambda store: bool(store.finished_runs(DATASET, "val")),
    ),
    Step(
        "Score the test split: pairs of colour and kind that training never had.",
        "vsa run --backend brnn --split test",
        lambda store: bool(store.finished_runs(DATASET, "test")),
    ),
    Step(
        "How well do sentences and pictures find each other?",
        "vsa eval --protocol retrieval --split test --no-published",
    ),
    Step(
        "How often is a noun put on the right box? Compare `alone` with the random region.",
        "vsa eval --protocol grounding --split test --no-published",
    ),
)


@click.command("demo")
@click.option(
    "--dir", "folder", metavar="DIR", required=True, type=click.Path(file_okay=False), help="Where everything goes."
)
@click.option("--seed", type=shared.SEED, default=0, show_default=True, help="Seed of scenes and training.")
@click.option(
    "--scenes", type=click.IntRange(min=16), default=800, show_default=True, help="How many: ¾ train, ⅛ val, ⅛ test."
)
def command(folder: str, seed: int, scenes: int) -> None:
    """The whole way on generated, simulated scenes: regions, training, tables, pictures. No data and no network needed.

    Each step is a command; it is printed, so that you can do the same with your own photos. Interrupted, the same
    command goes on. A minute or a few on two cores.

    \b
    Example:
      vsa demo --dir demo
    """
    start = time.monotonic()
    place = Path(folder).expanduser().absolute()
    _draw_scenes(place / "scenes", _counts(scenes), seed)
    _write_options(place / OPTIONS_FILE)
    workspace = place / "workspace"
    if not (workspace / "vsa.toml").is_file():
        with contextlib.chdir(place):
            run_step("Make a workspace.", "vsa init workspace")
    click.echo(f"\n$ cd {shlex.quote(str(workspace))}")
    with contextlib.chdir(workspace):
        for step in STEPS:
            _take(step, seed)
        for step in _pictures(place / "pictures"):
            _take(step, seed)
    click.secho("\nDone", bold=True, nl=False)
    click.echo(f" in {(time.monotonic() - start) / 60:.1f} minutes. All of it is simulated: scenes, sentences, truth.")
    click.echo(f"Pictures: {place / 'pictures'}")
    click.echo("With your own photos: vsa init DIR, vsa import folder PHOTOS, and on as above (vsa --help).")


def _take(step: Step, seed: int) -> None:
    """Print a step and run it, or say that it was done before."""
    with _opened() as store:
        done = step.done(store)
    command = step.command + (f" --seed {seed}" if seed and step.command.startswith("vsa train") else "")
    run_step(step.says, command, done)


def _draw_scenes(folder: Path, counts: Counts, seed: int) -> None:
    from vsa_toolkit.scenes import write_scenes

    from .output import progress_bar

    click.secho(f"Draw {counts.total} simulated scenes with sentences by simulated describers.", bold=True)
    with progress_bar("draw scenes") as progress:
        write_scenes(folder, counts, seed, progress)
    click.echo(f"{folder}: {counts.train} train, {counts.val} val, {counts.test} test")


def _counts(scenes: int) -> Counts:
    from vsa_toolkit.scenes import Counts

    held_out = scenes // 8
    return Counts(train=scenes - 2 * held_out, val=held_out, test=held_out)


def _write_options(file: Path) -> None:
    """The options for scenes, beside the workspace, for the reader to look at and change."""
    from importlib.resources import files

    if not file.exists():
        file.write_text(files("vsa_toolkit.scenes").joinpath(OPTIONS_FILE).read_text("utf-8"), "utf-8")


def _pictures(folder: Path) -> Iterator[Step]:
    """One `vsa show` each for the first test scenes."""
    with _opened() as store:
        run = store.newest_run(DATASET, "test")
        images = store.read_images(DATASET, "test")[:PICTURES]
    for image in images:
        yield Step(
            "Draw the words in the colours of their regions.",
            f"vsa show {image.key} --run {run.id} --beta 0.5 --out ../{folder.name}/{image.key}.png",
        )


@contextlib.contextmanager
def _opened() -> Iterator[DatabaseStore]:
    from vsa_toolkit.db.workspace import open_workspace

    with open_workspace(".") as workspace:
        yield workspace.store
