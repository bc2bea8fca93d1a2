"""`vsa compare`: do these runs differ, on the same images?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.comparison import Comparison

PROTOCOLS = ("retrieval", "grounding", "captions", "regions", "dense")

LEGEND = (
    "difference: the first run's figure less the second's, with its 95 % interval by paired bootstrap over images. "
    "p: two-sided, by swapping the runs on images at random; p Holm: corrected for all lines. "
    "smallest: the smallest true difference that this test set shows in four of five cases. "
    "higher: the run with the higher figure, where that is shown (p Holm at most 5 %)."
)


@click.command("compare")
@click.argument("runs", metavar="RUN RUN…", type=shared.ROW, nargs=-1, required=True)
@click.option(
    "--protocol", type=click.Choice(PROTOCOLS), default="retrieval", show_default=True,
    help="Which figures to compare.",
)  # fmt: skip
@click.option(
    "--figure", "figures", multiple=True, metavar="NAME", help="Only this figure, such as t2i_r10; repeatable."
)
@click.option("--val", default="val", show_default=True, help="Grounding: the split that weights and β are chosen on.")
@click.option("--folds", type=click.IntRange(min=1), default=1, show_default=True, help="Retrieval: as in vsa eval.")
@click.option(
    "--vectors", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Grounding: as in vsa eval.",
)  # fmt: skip
@click.option(
    "--boxes", type=click.Choice(["any", "merged"]), default="any", show_default=True, help="Grounding: as in vsa eval."
)
@click.option(
    "--profile", type=click.Choice(["coco", "multibleu", "sacrebleu", "individual"]), default="coco",
    show_default=True, help="Captions, regions: which BLEU.",
)  # fmt: skip
@click.option("--leave-one-out", is_flag=True, help="Captions: as in vsa eval.")
@click.option("--campaign", metavar="NAME", help="Regions, dense: use the phrases of this campaign.")
@click.option(
    "--resamples", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True,
    help="Resamples by image, for the bootstrap and for the permutation test.",
)  # fmt: skip
@shared.seed_option
@shared.format_option
@click.pass_context
def command(ctx: click.Context, /, figures: tuple[str, ...], output: str, **wanted: Any) -> None:
    """Compare runs over one split, pair by pair and figure by figure, on the same resampled images.

    Overlapping intervals of two runs do not say that they do not differ: most of their width is how hard the images
    are, which both runs share. This is the paired test.

    \b
    Examples:
      vsa compare 3 4
      vsa compare 3 4 5 --protocol captions --figure bleu4 --figure cider
      vsa compare 3 4 --protocol grounding --format json
    """
    from vsa_toolkit import comparison, evaluation
    from vsa_toolkit.errors import UserError, did_you_mean

    from .eval import refuse_idle_options
    from .output import print_rows

    request = evaluation.Request(published=False, **wanted)
    refuse_idle_options(ctx, request)
    store = shared.workspace(ctx).store
    columns = evaluation.find_protocol(request.protocol).columns(request)
    known = [column.key for column in columns if column.best is not None]
    for name in figures:
        if name not in known:
            raise UserError(f"--protocol {request.protocol} compares no figure {name!r}{did_you_mean(name, known)}")
    found = comparison.compare(store, request, figures, announce=lambda line: click.echo(line, err=True))
    rows = [row.as_row() if output in ("json", "csv") else _for_people(row) for row in found]
    if not any(row.variant for row in found):
        rows = [{key: value for key, value in row.items() if key != "row" or output in ("json", "csv")} for row in rows]
    print_rows(rows, output, spare=("values", "p bootstrap"), empty="nothing to compare")
    if output in ("rich", "markdown"):
        click.echo(LEGEND)


def _for_people(found: Comparison) -> dict[str, Any]:
    """One line of the table, rounded; programs get all digits."""
    difference = found.difference
    estimate = difference.estimate
    return {
        "runs": f"{found.first} − {found.second}",
        "row": found.variant,
        "figure": found.figure,
        "values": f"{found.values[0]:.2f} − {found.values[1]:.2f}",
        "difference": f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})",
        "p bootstrap": f"{difference.p_bootstrap:.4f}",
        "p": f"{difference.p_permutation:.4f}",
        "p Holm": f"{found.adjusted:.4f}",
        "smallest": f"{difference.smallest:.2f}",
        "higher": found.higher or "–",
    }
