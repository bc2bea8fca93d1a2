"""`vsa train`: fit a backend on a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
@click.option("--train-split", metavar="NAME", help="The split to learn from (default: train).")
@click.option("--val-split", metavar="NAME", help="The split that chooses the best epoch (default: val).")
@click.option(
    "--from-run",
    type=shared.ROW,
    metavar="N",
    help="Learn from the regions and snippets of this alignment run, with its split and encoder (-o train_on=regions).",
)
@click.option("--keep-epochs", is_flag=True, help="Keep every epoch's weights beside the best ones (vsa run --epoch).")
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
    train_split: str | None,
    val_split: str | None,
    from_run: int | None,
    keep_epochs: bool,
    **compute: Any,
) -> None:
    """Fit a backend on the train split, choosing by the val split.

    Features that are missing are computed first. Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      vsa train --backend brnn
      vsa train --backend brnn -o preset=paper --seed 1
      vsa train --backend rnn -o recurrence=gru
      vsa train --backend rnn -o train_on=regions --from-run 7
      vsa train --backend brnn -o vectors=glove.6B.300d.txt --encoder efficientnet-lite0 -e size=448
    """
    from pathlib import Path

    from vsa_toolkit import runner
    from vsa_toolkit.checkpoint import read_curve

    from .output import progress_bar

    workspace, chosen = shared.workspace(ctx), shared.encoder_choice(encoder, mode, encoder_pairs, encoder_dtype)
    with progress_bar(f"train {backend}") as progress:
        made = runner.train(
            workspace.store,
            backend,
            pairs,
            file=Path(file) if file else None,
            dataset=dataset,
            region_set=region_set,
            splits=(train_split, val_split),
            from_run=from_run,
            keep_epochs=keep_epochs,
            encoder=chosen if shared.stated(ctx, "encoder", "mode", "encoder_pairs", "encoder_dtype") else None,
            compute=runner.Compute(**compute),
            progress=progress,
            announce=lambda line: click.echo(line, err=True),
        )
    seconds = made.provenance.get("seconds", 0)
    click.echo(f"checkpoint {made.id}: {made.backend} on {made.dataset}, {made.region_set}, {made.encoder}")
    best = _best(read_curve(made.folder))
    on = made.provenance["val"]["split"] if from_run is None else "the photos held out"
    click.echo(f"{f'best on {on}: {best}; ' if best else ''}{seconds / 60:.1f} minutes")
    click.echo(f"next: vsa run --backend {made.backend} --split test")


def _best(curve: Sequence[dict[str, Any]]) -> str | None:
    """The epoch that was kept, by the figure that the backend chose by."""
    for name, says, best in _CHOSEN_BY:
        points = [point for point in curve if name in point]
        if points:
            point = best(points, key=lambda p: float(p[name]))
            return f"{says} {point[name]:.1f} at step {point['step']}"
    return None


_CHOSEN_BY: tuple[tuple[str, str, Callable[..., dict[str, Any]]], ...] = (
    ("recall", "mean R@10", max),
    ("perplexity", "perplexity", min),
    ("bleu4", "BLEU-4", max),
)
