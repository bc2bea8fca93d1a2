"""`vsa release`: a frozen, checksummed snapshot of a dataset or a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.db.release import Released


@click.command("release")
@click.argument("name", metavar="NAME", required=False)
@shared.dataset_option
@click.option("--campaign", metavar="NAME", help="Only what this campaign collected (default: the whole dataset).")
@click.option(
    "--licence",
    "licences",
    metavar="[PART=]TEXT",
    multiple=True,
    help="The licence of a part, or of all that are not named; may be repeated. Parts: formats and campaigns.",
)
@click.option("--source", "sources", metavar="PART=TEXT", multiple=True, help="Where a part is from: a URL, a paper.")
@click.option(
    "--about", metavar="FILE", type=click.Path(), help="Markdown for the card: why, how, limits, whom to ask and cite."
)
@click.option("--check", "checked", metavar="DIR", type=click.Path(), help="Compare a release with its checksums.")
@click.option("--list", "listed", is_flag=True, help="The releases that were made.")
@shared.format_option
@click.pass_context
def command(
    ctx: click.Context,
    name: str | None,
    dataset: str | None,
    campaign: str | None,
    licences: tuple[str, ...],
    sources: tuple[str, ...],
    about: str | None,
    checked: str | None,
    listed: bool,
    output: str,
) -> None:
    """Freeze a dataset, or what a campaign collected, as NAME in the workspace's folder releases.

    It holds images (not their files), sentences, regions, groundings and the phrases that were submitted or accepted,
    with pseudonyms for people; a data card with counts, sources and licences; checksums. Evaluations of runs on this
    data name it from then on. It never changes: make another.

    \b
    Examples:
      vsa release flickr-regions-1.0 --campaign regions --licence "CC BY 4.0" --about about.md
      vsa release flickr-1.0 --licence flickr8k="see the dataset's terms" --source flickr8k=https://example.org
      vsa release --check releases/flickr-regions-1.0
      vsa release --list
    """
    if sum((name is not None, checked is not None, listed)) != 1:
        raise click.UsageError("name the release to make, or use --check DIR or --list.", ctx)
    if checked is not None:
        _check(ctx, checked)
    elif listed:
        _list(ctx, output)
    else:
        from vsa_toolkit.db.release import make_release

        from .output import progress_bar

        assert name is not None
        workspace = shared.workspace(ctx)
        with progress_bar(f"release {name}") as progress:
            made = make_release(
                workspace.database, workspace.folder, name, dataset=dataset, campaign=campaign,
                licences=_by_part(licences, "--licence", unnamed=True), sources=_by_part(sources, "--source"),
                description=_description(about), progress=progress,
            )  # fmt: skip
        _tell(made, output, described=about is not None)


def _by_part(pairs: tuple[str, ...], option: str, unnamed: bool = False) -> dict[str, str]:
    """Texts by part; "" for one without a part."""
    from vsa_toolkit.errors import UserError

    texts = {}
    for pair in pairs:
        part, separator, text = pair.partition("=")
        if not separator and not unnamed:
            raise UserError(f"{option} {pair!r} must have the form PART=TEXT.")
        texts[part if separator else ""] = text if separator else pair
    return texts


def _description(file: str | None) -> str:
    from pathlib import Path

    from vsa_toolkit.errors import DataError, UserError

    if file is None:
        return ""
    try:
        return Path(file).expanduser().read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8: save it as UTF-8.") from error


def _tell(made: Released, output: str, described: bool) -> None:
    from .output import print_rows

    rows = [
        {"what": what.replace("_", " "), "count": count} for what, count in made.figures.items() if what != "splits"
    ]
    print_rows(rows, output, title=f"release {made.name}")
    aside = output != "rich"
    click.echo(f"{made.folder}: cite it as {made.name}@{made.digest[:12]}.", err=aside)
    if made.unlicensed:
        click.echo(
            f"no licence is stated for {', '.join(made.unlicensed)}, as its card says: for one that you publish, state"
            " it with --licence PART=TEXT.",
            err=True,
        )
    if not described:
        click.echo(
            "its card does not say why and how it was made, and whom to ask: for one that you publish, --about FILE.",
            err=True,
        )


def _check(ctx: click.Context, folder: str) -> None:
    from pathlib import Path

    from vsa_toolkit.release import check_release, release_digest

    wrong = check_release(Path(folder))
    for sentence in wrong:
        click.echo(sentence)
    if wrong:
        ctx.exit(1)
    click.echo(f"{folder} is as it was released: sha256 {release_digest(Path(folder))}.")


def _list(ctx: click.Context, output: str) -> None:
    from vsa_toolkit.db.releases import list_releases

    from .output import print_rows

    rows = list_releases(shared.workspace(ctx).database)
    print_rows(rows, output, empty="no releases yet: vsa release NAME", spare=("regions", "annotators", "created"))
