"""Extracting features beside decode + resize + forward alone, on the same photos.

    VSA_TEST_DATA=… python benchmarks/features.py --photos 320 --turns 5
    VSA_TEST_DATA=… python benchmarks/features.py --photos 32 --mode crop -e size=224
    VSA_TEST_DATA=… python benchmarks/features.py --encoder torchvision -e model=resnet18 -e weights=resnet18.pth

`extract` reads, checks and decodes the photos, runs the encoder, pools 20 regions a photo, hashes the keys and writes
shards; the bare loop reads, decodes, resizes and runs the encoder on as many photos at a time as runs fastest (one on a
CPU, a batch on a GPU), and drops what comes out; with `--mode crop` both run the encoder on each region cut out. Turns
alternate; the ratio is the median over the turns, by the clock and by processor time: on a machine with other work the
clock also measures that work.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from timing import timed

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.features import extract
from vsa_toolkit.options import parse_options
from vsa_toolkit.photos import open_photo
from vsa_toolkit.plugins.grid import Grid
from vsa_toolkit.records import Image, Region
from vsa_toolkit.registry import registry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("-e", dest="pairs", action="append", default=[], metavar="NAME=VALUE", help="encoder's option")
    parser.add_argument("--mode", choices=["roi-align", "crop"], default="roi-align")
    parser.add_argument("--photos", type=int, default=320)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args()
    kind = registry().get("encoders", chosen.encoder)
    options = parse_options(kind.Options, chosen.pairs, owner=f"encoder {chosen.encoder}")
    encoder: Encoder = kind(options, torch.device(chosen.device), torch.float32)
    images, regions = load(chosen.photos)
    what = " ".join([chosen.encoder, *chosen.pairs, chosen.mode])
    print(f"{len(images)} photos × 20 regions, {what}, batches of {chosen.batch_size}, {chosen.device}; ", end="")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            extract(Path(folder), encoder, images, regions, mode=chosen.mode, batch_size=chosen.batch_size)

    cut_out = {image.id: [region.box for region in regions if region.image_id == image.id] for image in images}

    def inputs() -> Iterator[torch.Tensor]:
        for image in images:
            photo = open_photo(image.file)
            if chosen.mode == "roi-align":
                yield encoder.preprocess(photo)
            else:
                for x, y, w, h in cut_out[image.id]:
                    yield encoder.preprocess(photo.crop((round(x), round(y), round(x + w), round(y + h))))

    def bare() -> None:
        together = 1 if encoder.device.type == "cpu" else chosen.batch_size
        waiting = inputs()
        while batch := list(islice(waiting, together)):
            encoder.feature_map(torch.stack(batch).to(encoder.device))
        if encoder.device.type == "cuda":
            torch.cuda.synchronize()

    bare()  # warm
    pairs = [(timed(ours), timed(bare)) for _ in range(chosen.turns)]
    print("| | photos/s by the clock | photos/s of processor time |\n|---|---|---|")
    for name, side in (("extract", 0), ("decode + resize + forward", 1)):
        rates = [statistics.median(len(images) / pair[side][measure] for pair in pairs) for measure in (0, 1)]
        print(f"| {name} | {rates[0]:.2f} | {rates[1]:.2f} |")
    ratios = [[theirs[measure] / own[measure] for own, theirs in pairs] for measure in (0, 1)]
    cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in ratios]
    print(f"| ratio, pair by pair | {cells[0]} | {cells[1]} |")


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
