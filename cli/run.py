"""`vsa run`: score a split with a checkpoint, align its words with its regions, describe its photos or regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.records import RunInfo


@click.command("run")
@click.option("--backend", metavar="NAME", help="Take this backend's newest checkpoint that fits.")
@click.option("--checkpoint", type=shared.ROW, metavar="N", help="Take this checkpoint (vsa checkpoints list).")
@click.option(
    "--epoch", type=int, metavar="N", help="The weights after this epoch, not the best (vsa train --keep-epochs)."
)
@click.option("--split", default="test", show_default=True, help="Which split to run over.")
@shared.dataset_option
@shared.regions_option
@click.option(
    "--produce",
    metavar="scores,alignments,captions",
    help="What to compute, comma separated (default: all that the backend makes at little cost).",
)
@click.option(
    "--beta",
    type=shared.FiniteRange(min=0),
    default=0.0,
    show_default=True,
    help="MRF smoothing of the snippets, as a multiple of the spread of the word-region scores.",
)
@click.option(
    "--on",
    type=click.Choice(["frames", "regions", "human-regions"]),
    default="frames",
    show_default=True,
    help="What captions are of: whole photos, a proposer's regions, or the regions that people drew.",
)
@click.option("--campaign", metavar="NAME", help="Whose regions (--on human-regions; default: the imported ones).")
@shared.decoding_options
@shared.device_option
@shared.batch_size_option
@click.option("--seed", type=shared.SEED, default=0, show_default=True, help="Seed of sampling (--temperature).")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    backend: str | None,
    checkpoint: int | None,
    epoch: int | None,
    split: str,
    dataset: str | None,
    region_set: str | None,
    produce: str | None,
    beta: float,
    on: Any,
    campaign: str | None,
    beam: int,
    length_normalisation: float,
    max_words: int,
    temperature: float | None,
    **compute: Any,
) -> None:
    """Score every image of a split against every sentence, align its own sentences word by word, describe its photos
    or their regions: whatever the backend can do.

    Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      vsa run --backend brnn --split test
      vsa run --checkpoint 3 --split val --beta 0.5
      vsa run --backend rnn --beam 7 --length-normalisation 0.7
      vsa run --backend rnn --on human-regions
    """
    from vsa_toolkit import runner
    from vsa_toolkit.decoding import Decoding
    from vsa_toolkit.errors import UserError

    from .output import progress_bar

    if campaign is not None and on != "human-regions":
        raise UserError("--campaign says whose regions are described: it needs --on human-regions.")
    workspace = shared.workspace(ctx)
    with progress_bar(f"run on {split}") as progress:
        made = runner.run(
            workspace.store,
            backend,
            checkpoint=checkpoint,
            epoch=epoch,
            split=split,
            dataset=dataset,
            region_set=region_set,
            produce=None if produce is None else [part.strip() for part in produce.split(",") if part.strip()],
            beta=beta,
            describe=runner.Describe(on, campaign, Decoding(beam, length_normalisation, max_words, temperature)),
            compute=runner.Compute(**compute),
            progress=progress,
            announce=lambda line: click.echo(line, err=True),
        )
    click.echo(
        f"run {made.id}: {made.backend} on {made.dataset}/{made.split}, {made.provenance.get('seconds', 0):.0f} s"
    )
    if (measured := made.provenance.get("perplexity")) is not None:
        click.echo(
            f"perplexity {measured['value']:.2f}, {measured['words']:,} words with the end,"
            f" {measured['oov_rate']:.1f} % of the split's words are others and {measured['oov']}"
        )
    click.echo(f"next: vsa eval --protocol {_protocol(made)} --run {made.id}")


def _protocol(run: RunInfo) -> str:
    """The table that shows what a run made."""
    if "scores" in run.options["produce"]:
        return "retrieval"
    if "alignments" in run.options["produce"]:
        return "grounding"
    return {"frames": "captions", "regions": "dense", "human-regions": "regions"}[run.options["on"]]
