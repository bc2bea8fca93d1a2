"""`vsa train`: fit a backend on a split."""

from __future__ import annotations

from typing import Any

import click

from . import options as shared


@click.command("train")
@click.option("--backend", required=True, metavar="NAME", help="Which backend (vsa plugins list).")
@shared.plugin_options
@shared.options_file
@shared.dataset_option
@shared.regions_option
@shared.encoder_options
@click.option("--train-split", default="train", show_default=True)
@click.option("--val-split", default="val", show_default=True, help="The split that chooses the best epoch.")
@shared.device_option
@shared.dtype_option
@shared.batch_size_option
@shared.seed_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    backend: str,
    pairs: tuple[str, ...],
    file: str | None,
    dataset: str | None,
    region_set: str | None,
    encoder: str,
    mode: str,
    encoder_dtype: str,
    encoder_pairs: tuple[str, ...],
    train_split: str,
    val_split: str,
    **compute: Any,
) -> None:
    """Fit a backend on the train split, choosing by the val split.

    Features that are missing are computed first. Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      vsa train --backend brnn
      vsa train --backend brnn -o preset=paper --seed 1
      vsa train --backend brnn -o vectors=glove.6B.300d.txt --encoder efficientnet-lite0 -e size=448
    """
    from pathlib import Path

    from vsa_toolkit import runner
    from vsa_toolkit.checkpoint import read_curve

    from .output import progress_bar

    workspace = shared.workspace(ctx)
    with progress_bar(f"train {backend}") as progress:
        made = runner.train(
            workspace.store,
            backend,
            pairs,
            file=Path(file) if file else None,
            dataset=dataset,
            region_set=region_set,
            splits=(train_split, val_split),
            encoder=shared.encoder_choice(encoder, mode, encoder_pairs, encoder_dtype),
            compute=runner.Compute(**compute),
            progress=progress,
            announce=lambda line: click.echo(line, err=True),
        )
    seconds = made.provenance.get("seconds", 0)
    click.echo(f"checkpoint {made.id}: {made.backend} on {made.dataset}, {made.region_set}, {made.encoder}")
    best = max(
        (point for point in read_curve(made.folder) if "recall" in point), key=lambda p: p["recall"], default=None
    )
    if best:
        click.echo(
            f"best on {val_split}: mean R@10 {best['recall']:.1f} at step {best['step']}; {seconds / 60:.1f} minutes"
        )
    click.echo(f"next: vsa run --backend {made.backend} --split test")
