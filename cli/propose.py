"""`vsa propose`: boxes on the images of a dataset."""

from __future__ import annotations

import click

from . import options as shared


@click.command("propose")
@click.option("--proposer", required=True, metavar="NAME", help="Which proposer (vsa plugins list).")
@click.option(
    "-k", type=click.IntRange(1, 100_000), default=19, show_default=True, help="Boxes an image, beside its frame."
)
@click.option("--name", metavar="SET", help="Name of the region set (default: PROPOSER-kK).")
@shared.plugin_options
@shared.options_file
@shared.dataset_option
@click.pass_context
def command(
    ctx: click.Context,
    proposer: str,
    k: int,
    name: str | None,
    pairs: tuple[str, ...],
    file: str | None,
    dataset: str | None,
) -> None:
    """Make regions on every image: a detector, a grid.

    Interrupted, the same command goes on where it stopped; run again, it takes the images that are new.

    \b
    Examples:
      vsa propose --proposer grid
      vsa propose --proposer yolox-onnx -k 19 -o model=yolox_nano.onnx
    """
    from pathlib import Path

    from vsa_toolkit.options import parse_options
    from vsa_toolkit.proposing import propose
    from vsa_toolkit.registry import registry

    from .output import progress_bar

    kind = registry().get("proposers", proposer)
    made = kind(parse_options(kind.Options, pairs, Path(file) if file else None, owner=f"proposer {proposer}"))
    workspace = shared.workspace(ctx)
    with progress_bar(f"propose {proposer}") as progress:
        done = propose(workspace.store, dataset, made, k, name=name, progress=progress)
    if done.images:
        click.echo(f"region set {done.name}: {done.regions:,} boxes on {done.images:,} images")
    else:
        click.echo(f"region set {done.name} has every image already: nothing changed")
