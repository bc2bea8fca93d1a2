"""`vsa eval`: tables of finished runs by a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options as shared


@click.command("eval")
@click.option(
    "--protocol", type=click.Choice(["retrieval", "grounding"]), required=True, help="Which data, metrics and rules."
)
@click.option(
    "--run", "runs", type=int, multiple=True, metavar="N",
    help="Evaluate this run; may be repeated (default: the newest finished run of each model on the split).",
)  # fmt: skip
@shared.dataset_option
@click.option("--split", default="test", show_default=True)
@click.option("--val", default="val", show_default=True, help="The split on which weights and β are chosen.")
@click.option("--no-published", is_flag=True, help="Leave the published rows out.")
@click.option("--mean-of-seeds", is_flag=True, help="Add mean ± standard deviation over the seeds of a model.")
@click.option(
    "--vectors", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Grounding: word vectors (GloVe or word2vec text, plain or .gz) to compare class names with phrases.",
)  # fmt: skip
@click.option(
    "--phrase", "reduce", type=click.Choice(["sum", "mean", "max"]), default="sum", show_default=True,
    help="Grounding: how the scores of a phrase's words are put together.",
)  # fmt: skip
@click.option(
    "--resamples", type=click.IntRange(min=0), default=1000, show_default=True,
    help="Resamples by image for the intervals; 0: no intervals.",
)  # fmt: skip
@shared.seed_option
@shared.format_option
@click.pass_context
def command(ctx: click.Context, /, no_published: bool, output: str, **wanted: Any) -> None:
    """Print the table of a protocol: runs, baselines and published rows, each with its signature.

    \b
    Examples:
      vsa eval --protocol retrieval
      vsa eval --protocol retrieval --run 3 --run 4 --mean-of-seeds --format latex
      vsa eval --protocol grounding --vectors glove.6B.50d.txt --format json
    """
    from vsa_toolkit import evaluation, tables

    request = evaluation.Request(published=not no_published, **wanted)
    store = shared.workspace(ctx).store
    table = evaluation.evaluate(store, request, announce=lambda line: click.echo(line, err=True))
    if output != "rich":
        click.echo(tables.render(table, output), nl=False)
        return
    from rich.console import Console

    console = Console()
    console.print(tables.as_rich(table, console.width))
