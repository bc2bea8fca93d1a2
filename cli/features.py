"""`vsa features`: compute the vectors of regions, list what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options as shared

if TYPE_CHECKING:
    from vsa_toolkit.records import Split
    from vsa_toolkit.store import Store


@click.group("features")
def command() -> None:
    """Feature vectors: one a region, computed once, kept in the workspace.

    \b
    Example:
      vsa features extract --encoder efficientnet-lite0 --mode roi-align
    """


@command.command("extract")
@shared.encoder_options
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Which split; may be repeated (default: all).")
@shared.dataset_option
@shared.regions_option
@shared.device_option
@shared.batch_size_option
@click.pass_context
def extract_command(
    ctx: click.Context,
    encoder: str,
    mode: str,
    encoder_pairs: tuple[str, ...],
    splits: tuple[str, ...],
    dataset: str | None,
    region_set: str | None,
    device: str,
    batch_size: int,
) -> None:
    """Compute the vectors that are missing; vsa train and vsa run do the same for what they need.

    Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      vsa features extract
      vsa features extract --encoder efficientnet-lite0 -e size=448 --mode crop --split test
    """
    import time

    from vsa_toolkit.features import extract
    from vsa_toolkit.runner import Compute

    from .output import progress_bar

    choice = shared.encoder_choice(encoder, mode, encoder_pairs)
    compute = Compute(device=device, batch_size=batch_size)
    store = shared.workspace(ctx).store
    read = _read_splits(store, dataset, splits, region_set)
    loaded = choice.load(compute.torch_device())
    for split in read:
        begun = time.monotonic()
        with progress_bar(f"features of {split.name}") as progress:
            new = extract(
                store.folder,
                loaded,
                split.images,
                split.regions,
                mode=mode,
                batch_size=batch_size,
                progress=progress,
            )
        click.echo(
            f"{split.name}: {new:,} of {len(split.regions):,} vectors computed, {len(split.images):,} photos in"
            f" {time.monotonic() - begun:.1f} s ({choice}, {split.region_set})"
        )


@command.command("list")
@shared.format_option
@click.pass_context
def list_command(ctx: click.Context, output: str) -> None:
    """What is kept: a row for each encoder with its options and mode.

    \b
    Example:
      vsa features list --format json
    """
    import json

    from vsa_toolkit.features import list_features

    from .output import print_rows

    workspace = shared.workspace(ctx)
    rows = [
        {
            "folder": found["folder"].name,
            "encoder": found["spec"]["encoder"],
            "mode": found["spec"]["mode"],
            "vectors": found["vectors"],
            "megabytes": round(found["bytes"] / 1e6, 1),
        }
        | ({"spec": json.dumps(found["spec"], sort_keys=True)} if output == "json" else {})
        for found in list_features(workspace.store.folder)
    ]
    print_rows(rows, output, empty="no features yet: vsa features extract")


def _read_splits(store: Store, dataset: str | None, names: tuple[str, ...], region_set: str | None) -> list[Split]:
    from vsa_toolkit.errors import DataError

    dataset = store.dataset_name(dataset)
    region_set = store.region_set_name(dataset, region_set)
    if not names:
        images = store.read_images(dataset)
        names = tuple(dict.fromkeys(image.split for image in images if image.split is not None))
        without = sum(image.split is None for image in images)
        if without:
            click.echo(f"{without:,} images in no split are left out", err=True)
        if not names:
            raise DataError(f"no image of {dataset} is in a split: features are computed split by split.")
    return [store.read_split(dataset, name, region_set) for name in names]
