"""`vsa db`: the database itself: its version, its health."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.db.relink import Relinked

SHOWN = 20  # photos on a terminal


@click.group("db")
def command() -> None:
    """The workspace's database.

    \b
    Examples:
      vsa db upgrade
      vsa db check --fix
      vsa db relink ~/photos-2025
    """


@command.command("upgrade")
@click.option("--no-backup", is_flag=True, help="Do not save the rows first.")
@click.pass_context
def upgrade(ctx: click.Context, no_backup: bool) -> None:
    """Bring the database to this version of vsa; all of it or nothing.

    First its rows are saved in the workspace's folder backups: vsa restore makes a workspace of them, which the vsa of
    before can open. Interrupted, the database is as it was.

    \b
    Example:
      vsa db upgrade
    """
    from vsa_toolkit.db import migrate
    from vsa_toolkit.db.backup import backup_before_upgrade
    from vsa_toolkit.db.workspace import find_workspace, open_database

    with open_database(ctx.find_root().obj) as database:
        before = migrate.current(database.engine)
        if before == migrate.HEAD:
            click.echo(f"the database is at version {before} already.")
            return
        migrate.check_is_known(database.engine, before)
        if before is not None and not no_backup:
            saved = backup_before_upgrade(database, find_workspace(ctx.find_root().obj))
            click.echo(f"saved first: {saved.file}")
        migrate.upgrade(database.engine)
    click.echo(f"upgraded to version {migrate.HEAD}.")


@command.command("current")
@click.pass_context
def current(ctx: click.Context) -> None:
    """The version of the database, and the one that this vsa needs."""
    from vsa_toolkit.db import migrate
    from vsa_toolkit.db.workspace import open_database

    with open_database(ctx.find_root().obj) as database:
        click.echo(f"{migrate.current(database.engine) or 'none'} (this vsa needs {migrate.HEAD})")


@command.command("check")
@click.option("--fix", is_flag=True, help="Remove abandoned imports, region sets, trainings, runs and leftover files.")
@shared.format_option
@click.pass_context
def check(ctx: click.Context, fix: bool, output: str) -> None:
    """Look for missing, changed, unreadable and duplicate photos, orphans, boxes outside their photo, lost arrays,
    abandoned work and leftover files. Exit 1 if any is left to mend; notes, as on duplicate photos, are not counted.

    What --fix removes can be made again by the same command; it never touches photos, phrases, finished work, or work
    that a process is at.

    \b
    Examples:
      vsa db check
      vsa db check --fix --format json
    """
    from vsa_toolkit.db.check import check_workspace

    from .output import print_rows, progress_bar

    workspace = shared.workspace(ctx)
    with progress_bar("check") as progress:
        findings = check_workspace(workspace.database, workspace.folder, fix=fix, progress=progress)
    rows = [{"kind": f.kind, "where": f.where, "detail": f.detail, "state": f.state} for f in findings]
    print_rows(rows, output, empty="all is well: photos, rows and files agree.")
    if any(finding.state not in ("fixed", "note") for finding in findings):
        ctx.exit(1)


@command.command("relink")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@shared.dataset_option
@click.option("--verify", is_flag=True, help="Look for photos whose file holds other bytes now, too; reads all photos.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@shared.format_option
@click.pass_context
def relink(ctx: click.Context, folder: str, dataset: str | None, verify: bool, dry_run: bool, output: str) -> None:
    """Find photos that were moved or renamed: below DIR, by their content. Exit 1 if some are still missing.

    Only files of the right size are read. Where a whole dataset went elsewhere it keeps its paths below the new folder.
    Of several files with the same content the one whose path is the most like the old one is taken. Broken off, the
    same command goes on.

    \b
    Examples:
      vsa db relink ~/photos-2025 --dry-run
      vsa db relink /data/flickr8k --dataset flickr8k
    """
    from pathlib import Path

    from vsa_toolkit.db.relink import relink

    from .output import print_rows, progress_bar

    workspace = shared.workspace(ctx)
    with progress_bar("relink") as progress:
        found = relink(
            workspace.database, workspace.folder, Path(folder), dataset, verify=verify, dry_run=dry_run,
            progress=progress,
        )  # fmt: skip
    rows = [
        {"dataset": f.dataset, "image": f.image, "was": str(f.was), "now": f.now and str(f.now), "how": f.how}
        for f in found
        if output != "rich" or f.root is None
    ]
    if output == "rich":
        _print_roots(found)
        shown = rows[:SHOWN]
        if shown:
            print_rows(shown, output, spare=("how",))
        if len(shown) < len(rows):
            click.echo(f"… and {len(rows) - len(shown):,} more: --format csv lists all.")
    else:
        print_rows(rows, output)
    missing = sum(f.now is None for f in found)
    done = "would be relinked" if dry_run else "relinked"
    summary = f"{len(found) - missing:,} photos {done}, {missing:,} still missing."
    click.echo(summary if found else "all photos are in their places.", err=output != "rich")
    if missing:
        ctx.exit(1)


def _print_roots(found: Sequence[Relinked]) -> None:
    """A line for each dataset that moved as a whole."""
    moved = Counter((f.dataset, f.root) for f in found if f.root is not None)
    for (dataset, root), count in moved.items():
        click.echo(f"dataset {dataset} is in {root} now: {count:,} photos have the paths there that they had.")
