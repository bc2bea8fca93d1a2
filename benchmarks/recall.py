"""Ranks of a score matrix in both directions, beside SCAN-style ranking, which sorts every row and every column.

    python benchmarks/recall.py

COCO's 5K test in size: 5,000 images × 25,000 sentences of random float32 scores (500 MB). The peer sorts as SCAN and
VSE++ do: each image's row, then each sentence's row of the transposed matrix, backwards, and looks for the own
sentences in that order. Both must give the same recalls (random scores have few ties). Peak memory is that of a process
of its own, less the matrix.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from timing import timed

from vsa_toolkit.metrics.ranks import ranks, recall_at

SENTENCES_AN_IMAGE = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(json.dumps(extra_memory(options.images)))
        return
    scores = matrix(options.images)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(options.turns):
        ours.append(timed(lambda: ranks(scores))[0])
        theirs.append(timed(lambda: sorted_ranks(scores))[0])
    found, sorted_found = ranks(scores), sorted_ranks(scores)
    for name, mine, peer in zip(("i2t", "t2i"), (found.image_to_text, found.text_to_image), sorted_found):
        pairs = [(recall_at(mine, k), 100 * float(np.mean(peer < k))) for k in (1, 5, 10)]
        print(f"{name}: recall at 1, 5, 10 {[f'{a:.3f}' for a, _ in pairs]}, sorted {[f'{b:.3f}' for _, b in pairs]}")
    best, peer = min(ours), min(theirs)
    print(
        f"{scores.shape[0]:,} × {scores.shape[1]:,} scores: {best:.2f} s, SCAN-style {peer:.2f} s: {peer / best:.1f} ×"
    )
    half = matrix(options.images // 2)
    quarter = min(timed(lambda: ranks(half))[0] for _ in range(options.turns))
    print(f"a quarter of the scores: {quarter:.3f} s, {best / quarter:.2f} × less")
    command = [sys.executable, __file__, "--memory", "--images", str(options.images)]
    print(f"memory beyond the matrix: {json.loads(subprocess.check_output(command)):.0f} MB")


def sorted_ranks(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """0-based ranks of both directions, as SCAN's i2t and t2i compute them."""
    images, each = scores.shape[0], SENTENCES_AN_IMAGE
    image_ranks = np.zeros(images)
    for index in range(images):
        order = np.argsort(scores[index])[::-1]
        image_ranks[index] = min(np.where(order == own)[0][0] for own in range(each * index, each * index + each))
    transposed = scores.T
    text_ranks = np.zeros(each * images)
    for index in range(images):
        for own in range(each):
            order = np.argsort(transposed[each * index + own])[::-1]
            text_ranks[each * index + own] = np.where(order == index)[0][0]
    return image_ranks, text_ranks


def matrix(images: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    scores = generator.standard_normal((images, SENTENCES_AN_IMAGE * images), dtype=np.float32)
    scores[np.repeat(np.arange(images), SENTENCES_AN_IMAGE), np.arange(SENTENCES_AN_IMAGE * images)] += 3
    return scores


def extra_memory(images: int) -> float:
    """The process's highest resident memory during the call, less what was resident before, in MB."""
    scores = matrix(images)
    ranks(scores[:20, : 20 * SENTENCES_AN_IMAGE])
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark starts anew from here
    ranks(scores)
    return (resident("VmHWM") - before) / 2**20


def resident(mark: str) -> int:
    """Bytes, from Linux's account of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(mark))


if __name__ == "__main__":
    main()
