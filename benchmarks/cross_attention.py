"""SCAN's cross attention beside the way it is usually written: sentence after sentence, with the attended vectors.

    python benchmarks/cross_attention.py

Random vectors, sentences as long as Flickr8k's are on average, 20 regions an image. `score`: scores of all pairs from
vectors of words and regions; `train`: scores and gradients of a batch. Ratios are medians over turns, one after the
other, by processor time; both sides must give the same scores.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from timing import timed
from torch import Tensor
from torch.nn.functional import cosine_similarity, leaky_relu, normalize

from vsa_toolkit.plugins.scan.attention import Attention, attention_scores

REGIONS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimension", type=int, default=1024)
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--sentences", type=int, default=128)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    print(
        f"{options.images} images × {REGIONS} regions, {options.sentences} sentences, d {options.dimension}; ", end=""
    )
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(
        "| direction | work | ours | by sentence | by sentence : ours | largest difference |\n|---|---|---|---|---|---|"
    )
    for direction in ("t2i", "i2t"):
        how = Attention(direction)  # type: ignore[arg-type]
        for gradients in (False, True):
            print(row(how, gradients, options), flush=True)


def row(how: Attention, gradients: bool, options: argparse.Namespace) -> str:
    generator = torch.Generator().manual_seed(0)
    lengths = (10.9 + 3.8 * torch.randn(options.sentences, generator=generator)).round().clamp(2, 36).long()
    words = normalize(torch.randn(int(lengths.sum()), options.dimension, generator=generator), dim=1)
    regions = normalize(torch.randn(options.images, REGIONS, options.dimension, generator=generator), dim=2)
    words.requires_grad_(gradients)
    regions.requires_grad_(gradients)
    kept: dict[str, Tensor] = {}

    def work(name: str, scores: Callable[[Tensor, Tensor, Tensor, Attention], Tensor]) -> Callable[[], None]:
        def once() -> None:
            found = scores(words, lengths, regions, how)
            if gradients:
                found.sum().backward()
            kept[name] = found.detach()

        return once

    ours, theirs = work("ours", at_once), work("theirs", by_sentence)
    ours(), theirs()
    turns = [(timed(ours)[1], timed(theirs)[1]) for _ in range(options.turns)]
    ratio = statistics.median(theirs / ours for ours, theirs in turns)
    mine, other = (statistics.median(turn[side] for turn in turns) for side in (0, 1))
    difference = float((kept["ours"] - kept["theirs"]).abs().max())
    name = "train" if gradients else "score"
    return f"| {how.direction} | {name} | {mine:.2f} s | {other:.2f} s | {ratio:.1f} | {difference:.0e} |"


def at_once(words: Tensor, lengths: Tensor, regions: Tensor, how: Attention) -> Tensor:
    x = (words @ regions.flatten(0, 1).t()).view(len(words), *regions.shape[:2])
    counts = torch.full((len(regions),), REGIONS)
    return attention_scores(x, words, lengths, regions, counts, how)


def by_sentence(words: Tensor, lengths: Tensor, regions: Tensor, how: Attention) -> Tensor:
    columns = []
    for s in torch.split(words, lengths.tolist()):
        x = s @ regions.transpose(1, 2)  # (images, words, regions)
        positive = leaky_relu(x, 0.1)
        if how.direction == "t2i":
            weights = (how.sharpness * normalize(positive, dim=1)).softmax(dim=2)
            columns.append(cosine_similarity(s[None], weights @ regions, dim=2).mean(dim=1))
        else:
            weights = (how.sharpness * normalize(positive, dim=2)).softmax(dim=1)
            columns.append(cosine_similarity(regions, weights.transpose(1, 2) @ s, dim=2).mean(dim=1))
    return torch.stack(columns, dim=1)


if __name__ == "__main__":
    main()
