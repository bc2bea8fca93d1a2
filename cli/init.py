"""`vsa init`: a new workspace."""

from __future__ import annotations

import click


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--database",
    metavar="URL",
    help="A PostgreSQL database for a team, postgresql://USER@HOST/NAME (default: a file in DIR).",
)
def command(folder: str, database: str | None) -> None:
    """Make a workspace in DIR: vsa.toml, the database, and what imports and runs will put beside them.

    With --database the workspace is one of any number on a database that they share. Keep the password out of the URL:
    PGPASSWORD or ~/.pgpass give it.

    \b
    Examples:
      vsa init flickr && cd flickr
      vsa init flickr --database postgresql://ann@db.example.org/flickr
    """
    from vsa_toolkit.db.workspace import create_workspace

    with create_workspace(folder, database) as workspace:
        click.echo(f"workspace {workspace.folder} is ready.")
        click.echo("Next: vsa import flickr8k DIR (or folder DIR; vsa plugins list --kind formats)")
