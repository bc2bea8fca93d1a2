"""Extracting features beside decode + resize + forward alone, on the same photos.

    VSA_TEST_DATA=… python benchmarks/features.py --photos 320 --turns 5
    VSA_TEST_DATA=… python benchmarks/features.py --photos 32 --mode crop -e size=224
    VSA_TEST_DATA=… python benchmarks/features.py --encoder torchvision -e model=resnet18 -e weights=resnet18.pth
    VSA_TEST_DATA=… python benchmarks/features.py --all --photos 320 --crop-photos 32

`extract` reads, checks and decodes the photos, runs the encoder, pools 20 regions a photo, hashes the keys and writes
shards; the bare loop reads, decodes, resizes and runs the encoder on as many photos at a time as runs fastest (one on a
CPU, a batch on a GPU), and drops what comes out; with `--mode crop` both run the encoder on each region cut out. Turns
alternate; the ratio is the median over the turns, by the clock and by processor time: on a machine with other work the
clock also measures that work. `--all` makes one table of every encoder that needs no download, in both modes; of
torchvision's a few, whose weights are drawn at random, for their speed does not depend on them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from timing import timed
from torchvision.models import get_model

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.features import extract
from vsa_toolkit.options import parse_options
from vsa_toolkit.photos import open_photo
from vsa_toolkit.plugins.grid import Grid
from vsa_toolkit.records import Image, Region
from vsa_toolkit.registry import registry

TORCHVISION = ("resnet18", "resnet50", "vgg16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("-e", dest="pairs", action="append", default=[], metavar="NAME=VALUE", help="encoder's option")
    parser.add_argument("--mode", choices=["roi-align", "crop"], default="roi-align")
    parser.add_argument("--photos", type=int, default=320)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--all", action="store_true", help="every encoder in both modes")
    parser.add_argument("--crop-photos", type=int, default=32, help="photos of --all in crop mode: 20 inputs each")
    chosen = parser.parse_args()
    if chosen.all:
        every_encoder(chosen)
    else:
        one_encoder(chosen)


def every_encoder(chosen: argparse.Namespace) -> None:
    """A line an encoder and mode."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {chosen.device}\n")
    print("| encoder | mode | photos | photos/s | alone, photos/s | ratio by the clock | of processor time |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        settings: list[tuple[str, list[str]]] = [("efficientnet-lite0", []), ("colour-texture", [])]
        for network in TORCHVISION:
            weights = Path(folder) / f"{network}.pth"
            torch.save(get_model(network, weights=None).state_dict(), weights)
            settings.append(("torchvision", [f"model={network}", f"weights={weights}"]))
        for name, pairs in settings:
            encoder = make_encoder(name, pairs, chosen.device)
            for mode, photos in (("roi-align", chosen.photos), ("crop", chosen.crop_photos)):
                images, regions = load(photos)
                measured = measure(encoder, images, regions, mode, chosen.batch_size, chosen.turns)
                alone, ratios = measured.rates[1][0], measured.ratios
                shown = " ".join([name, *(pair for pair in pairs if not pair.startswith("weights="))])
                cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in ratios]
                print(
                    f"| {shown} | {mode} | {photos} | {measured.rates[0][0]:.2f} | {alone:.2f} | {cells[0]} |", end=""
                )
                print(f" {cells[1]} |", flush=True)


def make_encoder(name: str, pairs: list[str], device: str) -> Encoder:
    kind = registry().get("encoders", name)
    options = parse_options(kind.Options, pairs, owner=f"encoder {name}")
    encoder: Encoder = kind(options, torch.device(device), torch.float32)
    return encoder


def one_encoder(chosen: argparse.Namespace) -> None:
    encoder = make_encoder(chosen.encoder, chosen.pairs, chosen.device)
    images, regions = load(chosen.photos)
    what = " ".join([chosen.encoder, *chosen.pairs, chosen.mode])
    print(f"{len(images)} photos × 20 regions, {what}, batches of {chosen.batch_size}, {chosen.device}; ", end="")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")

    measured = measure(encoder, images, regions, chosen.mode, chosen.batch_size, chosen.turns)
    print("| | photos/s by the clock | photos/s of processor time |\n|---|---|---|")
    for name, rates in zip(("extract", "decode + resize + forward"), measured.rates):
        print(f"| {name} | {rates[0]:.2f} | {rates[1]:.2f} |")
    cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in measured.ratios]
    print(f"| ratio, pair by pair | {cells[0]} | {cells[1]} |")


@dataclass(frozen=True)
class Measured:
    """`rates`: photos a second of ours and of the bare loop, each by the clock and of processor time; `ratios`: by the
    clock and of processor time, of each turn."""

    rates: list[list[float]]
    ratios: list[list[float]]


def measure(
    encoder: Encoder, images: list[Image], regions: list[Region], mode: str, batch_size: int, turns: int
) -> Measured:
    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            extract(Path(folder), encoder, images, regions, mode=mode, batch_size=batch_size)

    cut_out = {image.id: [region.box for region in regions if region.image_id == image.id] for image in images}

    def inputs() -> Iterator[torch.Tensor]:
        for image in images:
            photo = open_photo(image.file)
            if mode == "roi-align":
                yield encoder.preprocess(photo)
            else:
                for x, y, w, h in cut_out[image.id]:
                    yield encoder.preprocess(photo.crop((round(x), round(y), round(x + w), round(y + h))))

    def bare() -> None:
        together = 1 if encoder.device.type == "cpu" else batch_size
        waiting = inputs()
        while batch := list(islice(waiting, together)):
            encoder.feature_map(torch.stack(batch).to(encoder.device))
        if encoder.device.type == "cuda":
            torch.cuda.synchronize()

    bare()  # warm
    pairs = [(timed(ours), timed(bare)) for _ in range(turns)]
    rates = [
        [statistics.median(len(images) / pair[side][measure] for pair in pairs) for measure in (0, 1)]
        for side in (0, 1)
    ]
    return Measured(rates, [[theirs[measure] / own[measure] for own, theirs in pairs] for measure in (0, 1)])


def load(count: int) -> tuple[list[Image], list[Region]]:
    """The first photos of Flickr8k, each with its frame and 19 boxes."""
    folder = os.environ.get("VSA_TEST_DATA")
    if not folder:
        raise SystemExit("VSA_TEST_DATA is not set: this benchmark needs the photos of Flickr8k.")
    images, regions = [], []
    boxes = Grid(Grid.Options()).layout(19)
    for number, path in enumerate(sorted((Path(folder) / "flickr8k" / "images").iterdir())[:count]):
        width, height = open_photo(path).size
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        images.append(Image(number, path.stem, path, digest, width, height))
        regions.append(Region(number * 20, number, (0.0, 0.0, float(width), float(height)), is_frame=True))
        regions += [
            Region(number * 20 + place, number, (x * width, y * height, w * width, h * height))
            for place, (x, y, w, h) in enumerate(boxes, start=1)
        ]
    return images, regions


if __name__ == "__main__":
    main()
