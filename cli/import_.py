"""`vsa import`: photos, sentences, regions and groundings from other tools' files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.db.workspace import Workspace
    from vsa_toolkit.format import Format
    from vsa_toolkit.importing import ImportSummary


@click.command("import")
@click.argument("format_name", metavar="FORMAT")
@click.argument("path", metavar="PATH", type=click.Path())
@click.option("--dataset", metavar="NAME", help="The dataset (default: the format's name, or the only one there is).")
@click.option(
    "--images", metavar="DIR", type=click.Path(), help="The photos of a file with labels (default: its folder)."
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, say what would come, write nothing.")
@shared.plugin_options
@shared.options_file
@shared.format_option
@click.pass_context
def command(
    ctx: click.Context,
    format_name: str,
    path: str,
    dataset: str | None,
    images: str | None,
    dry_run: bool,
    pairs: tuple[str, ...],
    file: str | None,
    output: str,
) -> None:
    """Read PATH in a FORMAT (vsa plugins list) into the workspace.

    What is left out or mended is counted and shown. Interrupted, the same command goes on; a second time it adds
    nothing. A file with labels makes images of the photos in --images DIR, or adds to those that a --dataset has.

    \b
    Examples:
      vsa import flickr8k ~/data/Flickr8k
      vsa import flickr30k-entities ~/data/Flickr30kEntities
      vsa import folder ~/photos --dataset holidays
      vsa import coco captions_val2017.json --images ~/data/val2017 --dry-run
      vsa import via project.json --dataset holidays
    """
    from vsa_toolkit.importing import run_import
    from vsa_toolkit.options import parse_options
    from vsa_toolkit.registry import registry

    from .output import progress_bar

    chosen = registry().get("formats", format_name)
    if images is not None:
        pairs = (*pairs, f"images={_folder_of_photos(chosen, images)}")
    options = parse_options(chosen.Options, pairs, Path(file) if file else None, owner=f"format {format_name!r}")
    workspace = shared.workspace(ctx)
    if chosen.whole_workspace:
        _import_workspace(workspace, Path(path), dataset, dry_run, output)
        return
    with progress_bar(f"import {format_name}") as progress:
        summary = run_import(workspace.store, chosen(options), Path(path), dataset, progress, dry_run)
    _print(summary, output)


def _import_workspace(workspace: Workspace, path: Path, dataset: str | None, dry_run: bool, output: str) -> None:
    from vsa_toolkit.db.workspace_lines import load_lines, summary_rows
    from vsa_toolkit.errors import UserError
    from vsa_toolkit.format_head import refuse_other_format
    from vsa_toolkit.plugins.formats.vsa_jsonl import VsaJsonl

    from .output import print_rows, progress_bar

    if dataset is not None:
        raise UserError("the file is a whole workspace, with the names of its datasets: leave --dataset out.")
    if not path.is_file():
        raise UserError(f"{path} does not exist: name the file to import.")
    refuse_other_format(VsaJsonl, path)
    with progress_bar("import vsa-jsonl") as progress:
        counted = load_lines(workspace.database, path, dry_run, progress)
    print_rows(list(summary_rows(counted)), output, title=f"{path.name}", empty="the workspace is empty")
    done = "would come; nothing was written" if dry_run else f"are in {workspace.folder}"
    click.echo(f"{counted.total:,} rows {done}.", err=output != "rich")


def _folder_of_photos(chosen: type[Format], images: str) -> Path:
    from vsa_toolkit.errors import UserError

    if "images" not in chosen.Options.model_fields:
        raise UserError(f"format {chosen.name!r} knows where its photos are: leave --images out.")
    folder = Path(images).expanduser().absolute()
    if not folder.is_dir():
        raise UserError(f"{images} is no folder: --images names the folder of the photos.")
    return folder


def _print(summary: ImportSummary, output: str) -> None:
    from vsa_toolkit.importing import summary_rows

    from .output import print_rows

    would = "would come " if summary.dry_run else ""
    print_rows(summary_rows(summary), output, title=f"{would}from {summary.format} into dataset {summary.dataset}")
    aside = output != "rich"  # what is scaled or matched is always said; stdout is then the table's alone
    for note in summary.notes:
        click.echo(f"  {note}.", err=aside)
    for warning in summary.warnings:
        click.echo(f"Warning: {warning}.", err=True)
    if summary.nothing_new:
        click.echo("nothing new: all of it was imported before.", err=aside)
    else:
        added = "; ".join(f"{count:,} new {what}" for what, count in summary.added.items() if count)
        click.echo(f"{added}{' would come; nothing was written' if summary.dry_run else ''}.", err=aside)
