"""`vsa campaign`: collection efforts, what they ask for and how far they are."""

from __future__ import annotations

from pathlib import Path

import click

from . import options as shared


@click.group("campaign")
def command() -> None:
    """Collection efforts: each image to so many people, blind or not, with guidelines, practice and suggestions.

    \b
    Examples:
      vsa campaign new pilot --split val --overlap 3 --blind --guidelines guide.txt --phrases-per-image 4
      vsa campaign new assisted --suggest boxes --suggest phrases --proposer-set yolox-onnx --run 3
      vsa campaign status pilot
      vsa annotate --campaign pilot --host 0.0.0.0
    """


@command.command("new")
@click.argument("name")
@shared.dataset_option
@click.option("--split", metavar="NAME", help="Only the images of one split (default: all).")
@click.option(
    "--overlap", type=click.IntRange(min=1), default=1, show_default=True, help="How many people describe each image."
)
@click.option("--blind", is_flag=True, help="Nobody sees what others wrote.")
@click.option("--guidelines", metavar="FILE", type=click.Path(dir_okay=False), help="A text that the page shows.")
@click.option(
    "--phrases-per-image", type=click.IntRange(min=0), default=0, metavar="N",
    help="How many phrases an image should have; who has fewer says why (default: as many as one likes).",
)  # fmt: skip
@click.option(
    "--suggest", type=click.Choice(["boxes", "phrases"]), multiple=True, help="What the page suggests; may be repeated."
)
@click.option(
    "--suggest-when", type=click.Choice(["asked", "at-once"]), default="asked", show_default=True,
    help="Whether suggestions wait until they are asked for.",
)  # fmt: skip
@click.option("--proposer-set", metavar="SET", help="The region set whose boxes are suggested.")
@click.option(
    "--run", "run_id", type=shared.ROW, metavar="N", help="The run whose captions and snippets are suggested."
)
@click.option(
    "--practice", metavar="FILE.jsonl", type=click.Path(dir_okay=False),
    help='Images to practise on, a line each: {"image": KEY, "answers": [{"box": [x, y, w, h], "phrases": […]}]}.',
)  # fmt: skip
@click.option(
    "--pass-mark", type=shared.FiniteRange(0, 1), default=0.6, show_default=True,
    help="The share of known answers from which practice is passed.",
)  # fmt: skip
@click.option(
    "--return-after", type=shared.FiniteRange(min=0.01), default=72.0, show_default=True, metavar="HOURS",
    help="An image that is begun and left alone for so long goes to somebody else.",
)  # fmt: skip
@click.pass_context
def new(
    ctx: click.Context, name: str, dataset: str | None, split: str | None, overlap: int, blind: bool,
    guidelines: str | None, phrases_per_image: int, suggest: tuple[str, ...], suggest_when: str,
    proposer_set: str | None, run_id: int | None, practice: str | None, pass_mark: float, return_after: float,
) -> None:  # fmt: skip
    """Begin a campaign. What it asks for is settled by this.

    \b
    Example:
      vsa campaign new pilot --split val --overlap 3 --blind --guidelines guide.txt
    """
    from vsa_toolkit.db.campaigns import CampaignOptions, create_campaign, practice_answers
    from vsa_toolkit.db.practice import read_answers

    opened = shared.workspace(ctx)
    chosen = opened.store.dataset_name(dataset)
    text = _read_text(guidelines) if guidelines else ""
    answers = practice_answers(opened.database, chosen, read_answers(Path(practice))) if practice else {}
    options = CampaignOptions(
        split=split, phrases_per_image=phrases_per_image, suggest=suggest, suggest_when=suggest_when,
        region_set=proposer_set, run=run_id, return_hours=return_after, pass_mark=pass_mark, practice=answers,
    )  # fmt: skip
    made = create_campaign(
        opened.database, chosen, name, overlap=overlap, blind=blind, guidelines=text, options=options
    )  # fmt: skip
    people = "one person" if overlap == 1 else f"{overlap} people"
    click.echo(f"campaign {made.name!r}: each image of {made.dataset} to {people}{', blind' if blind else ''}")


@command.command("list")
@shared.dataset_option
@shared.format_option
@click.pass_context
def list_(ctx: click.Context, dataset: str | None, output: str) -> None:
    """One line a campaign, the newest last."""
    from vsa_toolkit.db.campaigns import list_campaigns

    from .output import print_rows

    rows = [
        {
            "campaign": campaign.name,
            "dataset": campaign.dataset,
            "split": campaign.options.split,
            "overlap": campaign.overlap,
            "blind": campaign.blind,
            "phrases per image": campaign.options.phrases_per_image or None,
            "suggests": " ".join(campaign.options.suggest),
            "practice": len(campaign.options.practice),
            "regions": campaign.region_set,
        }
        for campaign in list_campaigns(shared.workspace(ctx).database, dataset)
    ]
    print_rows(rows, output, empty="no campaigns yet: vsa campaign new NAME", spare=("suggests", "practice", "regions"))


@command.command("status")
@click.argument("name", required=False)
@shared.dataset_option
@shared.format_option
@click.pass_context
def status(ctx: click.Context, name: str | None, dataset: str | None, output: str) -> None:
    """How far a campaign is (default: the dataset's own one), and how each of its people is doing.

    Pace is images in an hour of work; agreement is the mean F1 of boxes (IoU ≥ 0.5) with each other annotator of the
    same images, and how alike the words of matched boxes are.
    """
    from vsa_toolkit.db.campaigns import DEFAULT_CAMPAIGN, find_campaign
    from vsa_toolkit.db.progress import campaign_progress, flat_people, summary

    from .output import print_rows

    opened = shared.workspace(ctx)
    campaign = find_campaign(opened.database, opened.store.dataset_name(dataset), name or DEFAULT_CAMPAIGN)
    progress = campaign_progress(opened.database, campaign)
    click.echo(summary(progress), err=True)
    print_rows(
        flat_people(progress),
        output,
        empty="nobody has begun yet",
        spare=("skipped", "words", "accepted", "practice", "last"),
    )


def _read_text(file: str) -> str:
    from vsa_toolkit.errors import UserError

    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"guidelines {file} cannot be read: {error}.") from error
    if len(text) > 100_000:
        raise UserError(f"guidelines {file} have {len(text):,} characters: the page shows 100,000 at most.")
    return text
