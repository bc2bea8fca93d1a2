"""`vsa init`: a new workspace."""

from __future__ import annotations

import click


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
def command(folder: str) -> None:
    """Make a workspace in DIR: vsa.toml, the database, and what imports and runs will put beside them.

    \b
    Example:
      vsa init flickr && cd flickr
    """
    from vsa_toolkit.db.workspace import create_workspace

    with create_workspace(folder) as workspace:
        click.echo(f"workspace {workspace.folder} is ready.")
        click.echo("Next: vsa import flickr8k DIR (or folder DIR; vsa plugins list --kind formats)")
