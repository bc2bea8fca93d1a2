"""`vsa phrases`: people's phrases, listed and corrected from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.records import Box

annotator_option: shared.Decorator = click.option(
    "--as", "operator", metavar="NAME", help="Who makes the correction, as the journal notes it (default: your login)."
)


@click.group("phrases")
def command() -> None:
    """People's phrases on regions: list them, correct them, take corrections back.

    Corrections go through the same journal as the page's changes: an annotator who edits the phrase at that moment
    is shown both versions.

    \b
    Examples:
      vsa phrases list --campaign pilot --annotator ann
      vsa phrases list --words teh --format csv
      vsa phrases edit 17 --text "the dog"
      vsa phrases delete 18
      vsa phrases undo
    """


@command.command("list")
@shared.dataset_option
@click.option("--campaign", metavar="NAME", help="Only those of one campaign.")
@click.option("--annotator", metavar="NAME", help="Only those of one annotator.")
@click.option("--image", metavar="KEY", help="Only those on one image.")
@click.option(
    "--state", type=click.Choice(["draft", "submitted", "accepted", "rejected"]), help="Only those in one state."
)
@click.option("--words", metavar="TEXT", help="Only those that have these letters in them, in upper or lower case.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N.")
@shared.format_option
@click.pass_context
def list_(
    ctx: click.Context, dataset: str | None, campaign: str | None, annotator: str | None, image: str | None,
    state: str | None, words: str | None, limit: int | None, output: str,
) -> None:  # fmt: skip
    """One line a phrase, by image; boxes are x y width height."""
    from vsa_toolkit.db.corrections import Filter, list_phrases

    from .output import print_rows

    chosen = Filter(dataset, campaign, annotator, image, state, words)
    rows = list_phrases(shared.workspace(ctx).database, chosen, limit)
    spare = ("campaign", "version", "seconds", "suggestion", "sources", "reason")
    print_rows(rows, output, empty="no such phrases", spare=spare)


@command.command("edit")
@click.argument("phrase", metavar="N", type=shared.ROW)
@click.option("--text", metavar="WORDS", help="Other words.")
@click.option("--box", nargs=4, type=float, metavar="X Y WIDTH HEIGHT", help="Another box, in pixels of the photo.")
@annotator_option
@click.pass_context
def edit(ctx: click.Context, phrase: int, text: str | None, box: Box | None, operator: str | None) -> None:
    """Other words or another box for phrase N."""
    from vsa_toolkit.db.corrections import correct

    if text is None and box is None:
        raise click.UsageError("say what to change: --text or --box.")
    database, who = _operator(ctx, operator)
    _tell("is now", correct(database, who, phrase, text, box)["phrase"])


@command.command("delete")
@click.argument("phrases", metavar="N…", nargs=-1, required=True, type=shared.ROW)
@annotator_option
@click.pass_context
def delete(ctx: click.Context, phrases: tuple[int, ...], operator: str | None) -> None:
    """Delete phrases; `vsa phrases undo` brings the last one back."""
    from vsa_toolkit.db.corrections import remove

    database, who = _operator(ctx, operator)
    for phrase in phrases:
        _tell("is deleted:", remove(database, who, phrase)["phrase"])


@command.command("undo")
@annotator_option
@click.pass_context
def undo(ctx: click.Context, operator: str | None) -> None:
    """Take back your last correction that stands; again, the one before it."""
    from vsa_toolkit.db.corrections import undo_correction

    database, who = _operator(ctx, operator)
    _tell("is again", undo_correction(database, who)["phrase"])


def _operator(ctx: click.Context, name: str | None) -> tuple[Any, str]:
    from .annotate import login_name

    return shared.workspace(ctx).database, name or login_name("--as NAME")


def _tell(how: str, phrase: dict[str, Any]) -> None:
    box = ", ".join(f"{side:g}" for side in phrase["box"])
    click.echo(f"phrase {phrase['id']} {how} {phrase['text']!r} by {phrase['annotator']} on ({box})")
