"""`vsa features`: compute the vectors of regions, list what is kept."""

from __future__ import annotations

from pathlib import Path
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
@click.option(
    "--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Threads that decode photos ahead."
)
@click.pass_context
def extract_command(
    ctx: click.Context,
    encoder: str,
    mode: str,
    encoder_dtype: str,
    encoder_pairs: tuple[str, ...],
    splits: tuple[str, ...],
    dataset: str | None,
    region_set: str | None,
    device: str,
    batch_size: int,
    workers: int,
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

    choice = shared.encoder_choice(encoder, mode, encoder_pairs, encoder_dtype)
    compute = Compute(device=device, batch_size=batch_size)
    store = shared.workspace(ctx).store
    read = _read_splits(store, dataset, splits, region_set)
    loaded = choice.load(store.folder, compute.torch_device())
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
                workers=workers,
                progress=progress,
            )
        click.echo(
            f"{split.name}: {new:,} of {len(split.regions):,} vectors computed, {len(split.images):,} photos in"
            f" {time.monotonic() - begun:.1f} s ({choice}, {split.region_set})"
        )


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", "rows_file", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Which image each row is of: a text file with an image a line, a CSV or TSV file with image, x, y, "
              "width, height, or Karpathy's dataset_*.json.")  # fmt: skip
@click.option("--name", required=True, help="The name to keep them under.")
@click.option("--array", metavar="NAME", help="Which array of the file, where it has several.")
@shared.dataset_option
@click.pass_context
def import_command(
    ctx: click.Context, file: Path, rows_file: Path, name: str, array: str | None, dataset: str | None
) -> None:
    """Take vectors that were computed elsewhere: a .npy, .npz, .h5 or .mat file (neuraltalk's vgg_feats.mat).

    Rows with boxes make a region set of the same name; where an image has no row for its frame, the frame gets the mean
    of its regions. Interrupted, the same command finishes it.

    \b
    Examples:
      vsa features import vgg_feats.mat --rows dataset_flickr8k.json --name vgg
      vsa features import bottom_up.npy --rows boxes.csv --name bottom-up
      vsa train --backend brnn --regions bottom-up --encoder imported -e name=bottom-up
    """
    from vsa_toolkit.feature_import import import_features

    from .output import progress_bar

    store = shared.workspace(ctx).store
    with progress_bar(f"features {name}") as progress:
        done = import_features(store, file, rows_file, name, dataset=dataset, array=array, progress=progress)
    click.echo(f"{done.vectors:,} vectors of {done.dimension:,} numbers for {done.images:,} images: features {name}")
    if done.region_set:
        click.echo(f"region set {done.region_set} has their boxes")
    for count, what in (
        (done.averaged, "frames have the mean of their regions' vectors"),
        (done.unknown, "rows are of images that the dataset does not have"),
        (done.without, "images of the dataset got no vector"),
    ):
        if count:
            click.echo(f"{count:,} {what}")
    regions = f" --regions {done.region_set}" if done.region_set else ""
    click.echo(f"next: vsa train --backend brnn{regions} --encoder imported -e name={name}")


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
