"""`vsa run`: score a split with a checkpoint, align its words with its regions."""

from __future__ import annotations

from typing import Any

import click

from . import options as shared


@click.command("run")
@click.option("--backend", metavar="NAME", help="Take this backend's newest checkpoint that fits.")
@click.option("--checkpoint", type=int, metavar="N", help="Take this checkpoint (vsa checkpoints list).")
@click.option("--split", default="test", show_default=True)
@shared.dataset_option
@shared.regions_option
@click.option("--produce", default="scores,alignments", show_default=True, help="What to compute, comma separated.")
@click.option(
    "--beta",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="MRF smoothing of the snippets, as a multiple of the spread of the word-region scores.",
)
@shared.device_option
@shared.batch_size_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    backend: str | None,
    checkpoint: int | None,
    split: str,
    dataset: str | None,
    region_set: str | None,
    produce: str,
    beta: float,
    **compute: Any,
) -> None:
    """Score every image of a split against every sentence, and align its own sentences word by word.

    Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      vsa run --backend brnn --split test
      vsa run --checkpoint 3 --split val --beta 0.5
    """
    from vsa_toolkit import runner

    from .output import progress_bar

    workspace = shared.workspace(ctx)
    with progress_bar(f"run on {split}") as progress:
        made = runner.run(
            workspace.store,
            backend,
            checkpoint=checkpoint,
            split=split,
            dataset=dataset,
            region_set=region_set,
            produce=[part.strip() for part in produce.split(",") if part.strip()],
            beta=beta,
            compute=runner.Compute(**compute),
            progress=progress,
            announce=lambda line: click.echo(line, err=True),
        )
    click.echo(
        f"run {made.id}: {made.backend} on {made.dataset}/{made.split}, {made.provenance.get('seconds', 0):.0f} s"
    )
    click.echo(f"next: vsa eval --protocol retrieval --run {made.id}")
