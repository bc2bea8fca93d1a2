"""`vsa checkpoints`: list, show, delete."""

from __future__ import annotations

import click

from . import options as shared


@click.group("checkpoints")
def command() -> None:
    """The fitted backends of this workspace.

    \b
    Examples:
      vsa checkpoints list
      vsa checkpoints show 2 --curve
      vsa checkpoints delete 2
    """


@command.command("list")
@shared.dataset_option
@shared.format_option
@click.pass_context
def list_checkpoints(ctx: click.Context, dataset: str | None, output: str) -> None:
    """One line a checkpoint, the newest last."""
    from .output import print_rows

    rows = [
        {
            "checkpoint": made.id,
            "backend": made.backend,
            "dataset": made.dataset,
            "regions": made.region_set,
            "encoder": made.encoder,
            "state": made.state,
            "seed": made.provenance.get("seed"),
            "seconds": made.provenance.get("seconds"),
            "finished": made.provenance.get("finished", "")[:16].replace("T", " "),
        }
        for made in shared.workspace(ctx).store.list_checkpoints()
        if dataset in (None, made.dataset)
    ]
    print_rows(
        rows, output, empty="no checkpoints yet: vsa train --backend brnn", spare=("regions", "encoder", "seconds")
    )


@command.command("show")
@click.argument("checkpoint_id", metavar="N", type=shared.ROW)
@click.option("--curve", is_flag=True, help="The training curve instead: one row an epoch.")
@shared.format_option
@click.pass_context
def show_checkpoint(ctx: click.Context, checkpoint_id: int, curve: bool, output: str) -> None:
    """All that is known of a checkpoint, as JSON; with --curve how its training went."""
    from .output import print_record, print_rows

    made = shared.workspace(ctx).store.read_checkpoint(checkpoint_id)
    if not curve:
        if output not in ("rich", "json"):
            raise click.UsageError("--format is for the curve: add --curve.")
        print_record(made)
        return
    from vsa_toolkit.checkpoint import read_curve

    points = read_curve(made.folder)
    keys = list(dict.fromkeys(key for point in points for key in point))
    rows = [{key: _short(point.get(key)) for key in keys} for point in points]
    print_rows(rows, output, title=f"checkpoint {made.id}: {made.backend}", empty="it has no curve")


@command.command("delete")
@click.argument("checkpoint_ids", metavar="N…", type=shared.ROW, nargs=-1, required=True)
@click.pass_context
def delete_checkpoints(ctx: click.Context, checkpoint_ids: tuple[int, ...]) -> None:
    """Delete checkpoints with their files; one that runs still cite is kept."""
    store = shared.workspace(ctx).store
    for checkpoint_id in checkpoint_ids:
        store.delete_checkpoint(checkpoint_id)
        click.echo(f"checkpoint {checkpoint_id} deleted")


def _short(value: object) -> object:
    return float(f"{value:.5g}") if isinstance(value, float) else value
