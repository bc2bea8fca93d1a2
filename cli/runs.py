"""`vsa runs`: list, show, delete."""

from __future__ import annotations

import click

from . import options as shared


@click.group("runs")
def command() -> None:
    """The runs of this workspace.

    \b
    Examples:
      vsa runs list --format json
      vsa runs show 3
      vsa runs delete 3
    """


@command.command("list")
@shared.dataset_option
@shared.format_option
@click.pass_context
def list_runs(ctx: click.Context, dataset: str | None, output: str) -> None:
    """One line a run, the newest last."""
    from .output import print_rows

    rows = [
        {
            "run": run.id,
            "backend": run.backend,
            "checkpoint": run.checkpoint_id,
            "dataset": run.dataset,
            "split": run.split,
            "regions": run.region_set,
            "state": run.state,
            "seed": run.provenance.get("seed"),
            "seconds": run.provenance.get("seconds"),
            "finished": run.provenance.get("finished", "")[:16].replace("T", " "),
        }
        for run in shared.workspace(ctx).store.list_runs()
        if dataset in (None, run.dataset)
    ]
    print_rows(
        rows, output, empty="no runs yet: vsa run --backend brnn --split test", spare=("regions", "seconds", "dataset")
    )


@command.command("show")
@click.argument("run_id", metavar="N", type=shared.ROW)
@click.pass_context
def show_run(ctx: click.Context, run_id: int) -> None:
    """All that is known of a run, as JSON: options, checkpoint, data, versions, device, times, digests."""
    from .output import print_record

    print_record(shared.workspace(ctx).store.read_run(run_id))


@command.command("delete")
@click.argument("run_ids", metavar="N…", type=shared.ROW, nargs=-1, required=True)
@click.pass_context
def delete_runs(ctx: click.Context, run_ids: tuple[int, ...]) -> None:
    """Delete runs with their files and evaluations."""
    store = shared.workspace(ctx).store
    for run_id in run_ids:
        store.delete_run(run_id)
        click.echo(f"run {run_id} deleted")
