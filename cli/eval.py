"""`vsa eval`: tables of finished runs, and of people, by a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.evaluation import Request

PROTOCOLS = ("retrieval", "grounding", "captions", "regions", "agreement", "dense", "judgements", "proxy")

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _run_numbers(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[int, ...]:
    """The numbers of `3,5` and of an option that is repeated, in order."""
    parts = [part.strip() for value in values for part in value.split(",")]
    if wrong := [part for part in parts if not part.isdecimal()]:
        raise click.BadParameter(f"{wrong[0]!r} is no number of a run (--combine 3,5).", ctx, parameter)
    return tuple(shared.ROW.convert(part, parameter, ctx) for part in parts)


@click.command("eval")
@click.option("--protocol", type=click.Choice(PROTOCOLS), required=True, help="Which data, metrics and rules.")
@click.option(
    "--run", "runs", type=shared.ROW, multiple=True, metavar="N",
    help="Evaluate this run; may be repeated (default: the newest run of each model on the split that can be shown).",
)  # fmt: skip
@shared.dataset_option
@click.option("--split", default="test", show_default=True, help="The images to evaluate on.")
@click.option(
    "--val", default="val", show_default=True,
    help="Grounding, and retrieval with --combine: the split that weights and β are chosen on.",
)  # fmt: skip
@click.option("--no-published", is_flag=True, help="Leave the published rows out.")
@click.option("--mean-of-seeds", is_flag=True, help="Add mean ± standard deviation over the seeds of a model.")
@click.option(
    "--folds", type=click.IntRange(min=1), default=1, show_default=True,
    help="Retrieval: the mean over this many equal parts of the split (COCO's 1K of 5,000 images: 5).",
)  # fmt: skip
@click.option(
    "--combine", callback=_run_numbers, multiple=True, metavar="N,N",
    help="Retrieval: one more row, the scores of these runs added up with weights chosen on --val; may be repeated.",
)  # fmt: skip
@click.option(
    "--vectors", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Grounding: word vectors (GloVe or word2vec text, plain or .gz) to compare class names with phrases.",
)  # fmt: skip
@click.option(
    "--phrase", "reduce", type=click.Choice(["sum", "mean", "max"]), default="sum", show_default=True,
    help="Grounding: how the scores of a phrase's words are put together.",
)  # fmt: skip
@click.option(
    "--boxes", type=click.Choice(["any", "merged"]), default="any", show_default=True,
    help="Grounding: meet any box of the phrase, or the one box around all of them.",
)  # fmt: skip
@click.option("--categories", is_flag=True, help="Grounding: accuracy for each category of phrases.")
@click.option(
    "--profile", type=click.Choice(["coco", "multibleu", "sacrebleu", "individual"]), default="coco",
    show_default=True, help="Captions, regions, agreement: which BLEU.",
)  # fmt: skip
@click.option(
    "--leave-one-out", is_flag=True,
    help="Captions: one reference less for models as for people, mean over which is left out; adds the people's row.",
)  # fmt: skip
@click.option(
    "--pool", type=click.Choice(["grounding", "annotator", "iou"]),
    help="Regions: which phrases are about one thing (default: grounding; with --campaign annotator).",
)  # fmt: skip
@click.option(
    "--iou", type=shared.FiniteRange(0, 1, min_open=True), metavar="X",
    help="Regions, agreement, dense: from which overlap on boxes are one thing (default: matched .5, merged .7).",
)  # fmt: skip
@click.option("--campaign", metavar="NAME", help="Regions, agreement, dense: use the phrases of this campaign.")
@click.option(
    "--of", type=click.Choice(["sentences", "phrases", "campaign"]), default="sentences", show_default=True,
    help="Agreement: on sentences, on phrases for regions, or on a campaign's boxes and words.",
)  # fmt: skip
@click.option(
    "--by", type=click.Choice(["campaign", "annotator", "image"]), default="campaign", show_default=True,
    help="Agreement of a campaign: also a row for each annotator or image.",
)  # fmt: skip
@click.option(
    "--likeness", type=click.Choice(["chrf", "meteor"]), default="chrf", show_default=True,
    help="Dense: what compares texts; meteor needs Java and its plugin, and gives the published figure, map.",
)  # fmt: skip
@click.option(
    "--judgements", metavar="DIR", type=FOLDER,
    help="Judgements: the folder with ExpertAnnotations.txt and CrowdFlowerAnnotations.txt of Flickr8k.",
)  # fmt: skip
@click.option(
    "--resamples", type=click.IntRange(0, 1_000_000), default=1000, show_default=True,
    help="Resamples by image for the intervals and for which rows differ; 0: neither. Judgements: 100 at most.",
)  # fmt: skip
@shared.seed_option
@shared.format_option
@click.pass_context
def command(ctx: click.Context, /, no_published: bool, output: str, **wanted: Any) -> None:
    """Print the table of a protocol: runs, baselines, people and published rows, each with its signature.

    Rows of runs that share a letter in a column do not differ there.

    \b
    Examples:
      vsa eval --protocol retrieval
      vsa eval --protocol retrieval --run 3 --run 4 --mean-of-seeds --format latex
      vsa eval --protocol retrieval --combine 3,5
      vsa eval --protocol grounding --vectors glove.6B.50d.txt --format json
      vsa eval --protocol captions --leave-one-out
      vsa eval --protocol regions
      vsa eval --protocol agreement --of campaign --campaign pilot --by annotator
      vsa eval --protocol judgements --judgements ~/data/Flickr8k_text
    """
    from vsa_toolkit import evaluation, tables

    request = evaluation.Request(published=not no_published, **wanted)
    refuse_idle_options(ctx, request)
    store = shared.workspace(ctx).store
    if shared.stated(ctx, "split"):
        evaluation.refuse_other_splits(store, request)
    table = evaluation.evaluate(store, request, announce=lambda line: click.echo(line, err=True))
    if output != "rich":
        click.echo(tables.render(table, output), nl=False)
        return
    from rich.console import Console

    console = Console()
    console.print(tables.as_rich(table, console.width))


def refuse_idle_options(ctx: click.Context, request: Request) -> None:
    """Refuse options that were given but that would not be read, rather than do nothing with them."""
    from vsa_toolkit.evaluation import PROTOCOLS

    protocol = PROTOCOLS[request.protocol]
    known = {name for other in PROTOCOLS.values() for name in other.options}
    idle = protocol.idle(request)
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if not shared.stated(ctx, name):
            continue
        if name in known - protocol.options:
            users = " or ".join(other for other, its in PROTOCOLS.items() if name in its.options)
            raise click.UsageError(f"{parameter.opts[0]} is for --protocol {users}, not {request.protocol}.", ctx)
        if name in idle:
            raise click.UsageError(f"{parameter.opts[0]} needs {idle[name]}.", ctx)
