"""`vsa backup`: the workspace in one file."""

from __future__ import annotations

import click

from . import options as shared


@click.command("backup")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False))
@click.option("--no-arrays", is_flag=True, help="The rows only: no features, parses, checkpoints, runs and releases.")
@click.pass_context
def command(ctx: click.Context, file: str, no_arrays: bool) -> None:
    """Save the workspace in FILE, an archive with checksums, while people go on annotating.

    It holds the rows as they are at one moment, whichever database they are in, and the arrays: features, parses,
    checkpoints, runs, releases. Photos stay where they are. A file that is there is never replaced.

    \b
    Examples:
      vsa backup ~/backups/flickr-monday.zip
      vsa backup rows.zip --no-arrays
    """
    from pathlib import Path

    from vsa_toolkit.db.backup import write_backup

    from .output import progress_bar

    workspace = shared.workspace(ctx)
    with progress_bar("backup") as progress:
        made = write_backup(
            workspace.database, workspace.folder, Path(file), arrays=not no_arrays, progress=progress
        )  # fmt: skip
    click.echo(f"{made.file}: {made.files:,} files, {made.bytes / 1e6:,.1f} MB. vsa restore gives it back.")
    if made.gone:
        click.echo(
            f"{len(made.gone):,} files went away meanwhile, {made.gone[0]} the first: of work that was going on, or "
            "deleted.",
            err=True,
        )
