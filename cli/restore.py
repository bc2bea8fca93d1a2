"""`vsa restore`: a workspace from a backup."""

from __future__ import annotations

import click


@click.command("restore")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False))
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--database",
    metavar="URL",
    help="Put the rows into this empty PostgreSQL database (default: a file in DIR).",
)
def command(file: str, folder: str, database: str | None) -> None:
    """Make a workspace in DIR, a new folder, from FILE, a backup of one on SQLite or PostgreSQL.

    Every file is checked against its digest; a cut-off or altered archive is refused and nothing is kept of it. Photos
    are where they were: if not, vsa db relink finds them.

    \b
    Examples:
      vsa restore ~/backups/flickr-monday.zip flickr
      vsa restore flickr.zip flickr --database postgresql://ann@db.example.org/flickr
    """
    from pathlib import Path

    from vsa_toolkit.db.restore import restore_backup

    from .output import progress_bar

    with progress_bar("restore") as progress:
        made = restore_backup(Path(file), Path(folder), database, progress)
    click.echo(f"workspace {made.folder} is as it was on {made.manifest.created}.")
    if made.is_older:
        click.echo(f"It is of an older vsa: vsa --workspace {made.folder} db upgrade comes next.")
    else:
        click.echo(f"Next: vsa --workspace {made.folder} db check")
