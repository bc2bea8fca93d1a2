"""`vsa status`: what the workspace holds, and what to do next."""

from __future__ import annotations

import click

from . import options as shared


@click.command("status")
@shared.format_option
@click.pass_context
def command(ctx: click.Context, output: str) -> None:
    """What is in the workspace, and the next step.

    \b
    Example:
      vsa status --format json
    """
    from vsa_toolkit.db.status import next_step, status_rows

    from .output import print_rows

    workspace = shared.workspace(ctx)
    rows = status_rows(workspace.database)
    print_rows(rows, output, title=str(workspace.folder), empty=f"{workspace.folder} is empty")
    if output == "rich":
        click.echo(f"Next: {next_step(workspace.database)}")
