"""`vsa export`: a dataset in other tools' files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.db.workspace import Workspace
    from vsa_toolkit.exporting import ExportSummary

DEFAULT = ("submitted", "accepted")
STATES = ("draft", "submitted", "accepted", "rejected")


@click.command("export")
@click.argument("format_name", metavar="FORMAT")
@click.argument("path", metavar="PATH", type=click.Path())
@shared.dataset_option
@click.option("--split", metavar="NAME", help="Only the images of one split (default: all images).")
@click.option(
    "--regions",
    "region_sets",
    metavar="SET",
    multiple=True,
    help="Only the boxes of this region set; may be repeated (default: all that people and imports made).",
)
@click.option("--campaign", metavar="NAME", help="Only the phrases of one campaign.")
@click.option("--annotator", "annotators", metavar="NAME", multiple=True, help="Only their phrases; may be repeated.")
@click.option(
    "--state",
    "states",
    type=click.Choice(STATES),
    multiple=True,
    default=DEFAULT,
    show_default=True,
    help="Only phrases in this state; may be repeated.",
)
@click.option(
    "--photos",
    type=click.Choice(["none", "link", "copy"]),
    default="none",
    show_default=True,
    help="Put the photos into the exported folder too: as hard links, or as copies.",
)
@click.option("--overwrite", is_flag=True, help="Replace PATH, if it is a file that is there.")
@shared.plugin_options
@shared.options_file
@shared.format_option
@click.pass_context
def command(
    ctx: click.Context,
    format_name: str,
    path: str,
    dataset: str | None,
    split: str | None,
    region_sets: tuple[str, ...],
    campaign: str | None,
    annotators: tuple[str, ...],
    states: tuple[str, ...],
    photos: str,
    overwrite: bool,
    pairs: tuple[str, ...],
    file: str | None,
    output: str,
) -> None:
    """Write a dataset to PATH in a FORMAT (vsa plugins list).

    What the format cannot hold is counted and shown. PATH is whole or not there at all.

    \b
    Examples:
      vsa export coco captions.json --split test
      vsa export visual-genome ~/release --annotator ann --annotator bob --state accepted
      vsa export imagefolder ~/hub --photos link
      vsa export vsa-jsonl everything.jsonl
    """
    from vsa_toolkit.exporting import run_export
    from vsa_toolkit.options import parse_options
    from vsa_toolkit.registry import registry
    from vsa_toolkit.store import Selection

    from .output import progress_bar

    chosen = registry().get("formats", format_name)
    options = parse_options(chosen.Options, pairs, Path(file) if file else None, owner=f"format {format_name!r}")
    workspace = shared.workspace(ctx)
    if chosen.whole_workspace:
        chosen_some = any((dataset, split, region_sets, campaign, annotators, photos != "none")) or states != DEFAULT
        _export_workspace(workspace, Path(path), chosen_some, overwrite, output)
        return
    store = workspace.store
    selection = Selection(store.dataset_name(dataset), split, region_sets, campaign, annotators, states)
    with progress_bar(f"export {format_name}") as progress:
        summary = run_export(store, chosen(options), Path(path), selection, photos, overwrite, progress)
    _print(summary, output)


def _export_workspace(workspace: Workspace, path: Path, chosen_some: bool, overwrite: bool, output: str) -> None:
    from vsa_toolkit.db.workspace_lines import save_lines, summary_rows
    from vsa_toolkit.errors import UserError

    from .output import print_rows, progress_bar

    if chosen_some:
        raise UserError("vsa-jsonl is the whole workspace: leave --dataset, --split and what else chooses out.")
    with progress_bar("export vsa-jsonl") as progress:
        counted = save_lines(workspace.database, path, overwrite, progress)
    print_rows(list(summary_rows(counted)), output, title=str(workspace.folder), empty="the workspace is empty")
    click.echo(
        f"{path} written: {counted.total:,} rows; photos, checkpoints, runs and releases are not in it.",
        err=output != "rich",
    )


def _print(summary: ExportSummary, output: str) -> None:
    from vsa_toolkit.exporting import summary_rows

    from .output import print_rows

    print_rows(summary_rows(summary), output, title=f"dataset {summary.dataset} as {summary.format}")
    click.echo(f"{summary.path} written.", err=output != "rich")
