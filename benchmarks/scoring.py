"""The scoring engine beside a plain matrix product and beside PyPI's maxsim-cpu.

    VSA_TEST_DATA=… python benchmarks/scoring.py

Real sentences (Flickr8k's test split: 1,000 images × 5), random vectors, 20 regions an image. Each turn of
the engine stands between two of its peer; the ratios are medians over the turns, by the clock and by processor time: on
a machine with other work the clock also measures that work. The plain product writes into memory that is already
there; a first write to fresh pages would make it slower. Peak memory comes from a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

THREADS = "2"
# Before torch and maxsim-cpu are loaded. Passive: a thread that waits gives its core away instead of spinning on it, so
# that processor time is work done; the same for every side.
for variable, value in {"OMP_NUM_THREADS": THREADS, "RAYON_NUM_THREADS": THREADS, "OMP_WAIT_POLICY": "passive"}.items():
    os.environ.setdefault(variable, value)

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from vsa_toolkit.alignment import score_matrix  # noqa: E402
from vsa_toolkit.text import words  # noqa: E402

IMAGES, REGIONS = 1000, 20
PIECE = 5500
"""Words of the plain product that are computed together: all of them would take 4.4 GB."""
MAXSIM_LIMIT = 262_144
"""maxsim-cpu 0.1.0 crashes where words × regions × dimension of a call passes this."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimension", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--turns", type=int, default=7, help="turns of each comparison")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    lengths = sentence_lengths()
    if options.memory_of:
        print(json.dumps(measure_memory(lengths, options.memory_of)))
        return
    print(f"{IMAGES} images × {REGIONS} regions, {len(lengths)} sentences, {int(lengths.sum())} words; ", end="")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(
        "| d | engine | plain product | engine : plain, clock (quartiles) | processor time | engine : maxsim-cpu |",
        end="",
    )
    print(" extra memory | whole call | largest error |\n|---|---|---|---|---|---|---|---|---|")
    for dimension in options.dimension:
        print(row(lengths, dimension, options.turns), flush=True)


def row(lengths: Tensor, dimension: int, turns: int) -> str:
    regions, fragments = vectors(lengths, dimension)
    against_plain = compare_with_plain(regions, fragments, lengths, turns)
    against_maxsim = compare_with_maxsim(regions, fragments, lengths, turns)
    error = largest_error(regions, fragments, lengths)
    del regions, fragments
    memory = memory_in_a_process(dimension)
    low, middle, high = against_plain.ratio(lambda turn: turn.clock)
    _, processor, _ = against_plain.ratio(lambda turn: turn.processor)
    cells = [
        f"{dimension}",
        f"{against_plain.rate(against_plain.engine):.0f} GFLOP/s",
        f"{against_plain.rate(against_plain.peer):.0f} GFLOP/s",
        f"{middle:.3f} ({low:.2f}–{high:.2f})",
        f"{processor:.3f}",
        "not installed" if against_maxsim is None else f"{against_maxsim.ratio(lambda turn: turn.clock)[1]:.2f}",
        f"{memory['extra_mb']:.0f} MB",
        f"{memory['seconds']:.1f} s",
        f"{error:.1e}",
    ]
    return "| " + " | ".join(cells) + " |"


# Turns -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    clock: float
    processor: float


@dataclass(frozen=True)
class Comparison:
    """Turns of the engine and, for each, the mean of its peer's turns before and after."""

    operations: float
    engine: list[Turn]
    peer: list[Turn]

    def ratio(self, of: Callable[[Turn], float]) -> list[float]:
        """Quartiles of the engine's rate over its peer's."""
        return statistics.quantiles([of(peer) / of(engine) for engine, peer in zip(self.engine, self.peer)], n=4)

    def rate(self, turns: list[Turn]) -> float:
        """Median rate by the clock, in 10⁹ operations a second."""
        return self.operations / statistics.median(turn.clock for turn in turns) / 1e9


def compare(engine: Callable[[], object], peer: Callable[[], object], operations: float, turns: int) -> Comparison:
    engine(), peer()  # warm
    engine_turns, peer_turns = [], [timed(peer)]
    for _ in range(turns):
        engine_turns.append(timed(engine))
        peer_turns.append(timed(peer))
    around = [
        Turn((before.clock + after.clock) / 2, (before.processor + after.processor) / 2)
        for before, after in pairwise(peer_turns)
    ]
    return Comparison(operations, engine_turns, around)


def timed(work: Callable[[], object]) -> Turn:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Turn(time.perf_counter() - clock, time.process_time() - processor)


def compare_with_plain(regions: Tensor, fragments: Tensor, lengths: Tensor, turns: int) -> Comparison:
    """Whole problems against whole products; the product goes piece by piece into the same 440 MB."""
    rows = regions.view(-1, regions.shape[2])
    memory = torch.zeros(len(rows), PIECE)

    def product() -> None:
        for piece in fragments.split(PIECE):
            torch.mm(rows, piece.T, out=memory.view(-1)[: len(rows) * len(piece)].view(len(rows), len(piece)))

    return compare(
        lambda: score_matrix(regions, fragments, lengths), product, 2.0 * len(rows) * fragments.numel(), turns
    )


def compare_with_maxsim(regions: Tensor, fragments: Tensor, lengths: Tensor, turns: int) -> Comparison | None:
    """Both on the same 200 sentences; maxsim-cpu takes one sentence against all images in a call."""
    try:
        from maxsim_cpu import maxsim_scores
    except ImportError:
        return None
    most = MAXSIM_LIMIT // (REGIONS * regions.shape[2])
    images = regions.numpy()
    short = [(part, len(part)) for part in fragments.split(lengths.tolist()) if len(part) < most]
    chosen = short[:200]
    together, counts = torch.cat([part for part, _ in chosen]), torch.tensor([length for _, length in chosen])
    queries = [part.numpy() for part, _ in chosen]
    theirs = torch.stack([torch.as_tensor(maxsim_scores(query, images)) for query in queries], 1)
    torch.testing.assert_close(score_matrix(regions, together, counts), theirs, rtol=1e-4, atol=1e-3)
    return compare(
        lambda: score_matrix(regions, together, counts),
        lambda: [maxsim_scores(query, images) for query in queries],
        2.0 * len(together) * images.size,
        turns,
    )


# What must hold beside speed -------------------------------------------------------------------------------


def largest_error(regions: Tensor, fragments: Tensor, lengths: Tensor) -> float:
    """Relative, against a loop over pairs in double precision, for every 40th image and every 50th sentence."""
    scores = score_matrix(regions, fragments, lengths)
    parts = fragments.split(lengths.tolist())
    error = 0.0
    for k in range(0, len(regions), 40):
        for j in range(0, len(parts), 50):
            exact = float((parts[j].double() @ regions[k].double().T).amax(1).sum())
            error = max(error, abs(float(scores[k, j]) - exact) / abs(exact))
    return error


def memory_in_a_process(dimension: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--memory-of", str(dimension)]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return figures


def measure_memory(lengths: Tensor, dimension: int) -> dict[str, float]:
    """The process's highest resident memory during the whole call, less what was resident before and the output."""
    regions, fragments = vectors(lengths, dimension)
    score_matrix(regions[:20], fragments[: int(lengths[:20].sum())], lengths[:20])
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark starts anew from here
    turn = timed(lambda: score_matrix(regions, fragments, lengths))
    output = 4 * len(regions) * len(lengths)
    return {"extra_mb": (resident("VmHWM") - before - output) / 2**20, "seconds": turn.clock}


def resident(mark: str) -> int:
    """Bytes, from Linux's account of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(mark))


# Data ------------------------------------------------------------------------------------------------------


def sentence_lengths() -> Tensor:
    """Words of each sentence of Flickr8k's test split."""
    if "VSA_TEST_DATA" not in os.environ:
        raise SystemExit("skipped: VSA_TEST_DATA names no folder with flickr8k/Flickr8k.token.txt.")
    folder = Path(os.environ["VSA_TEST_DATA"]) / "flickr8k"
    test = set((folder / "Flickr_8k.testImages.txt").read_text().split())
    lines = (line.split("\t") for line in (folder / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines())
    return torch.tensor([max(1, len(words(text))) for key, text in lines if key.split("#")[0] in test])


def vectors(lengths: Tensor, dimension: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    regions = torch.randn(IMAGES, REGIONS, dimension, generator=generator)
    return regions, torch.randn(int(lengths.sum()), dimension, generator=generator)


if __name__ == "__main__":
    main()
