"""Do the 95 % intervals cover the truth 95 % of the time? On simulated data sets whose images are clusters.

    python benchmarks/interval_coverage.py --sets 2000

Each simulated set has the shape of the slides' regions: 237 images with some 6 phrases of some 4 words, images of very
different difficulty. The truth is known in closed form. Beside resampling by image stands resampling by segment, as
most tools do it: its intervals are too narrow, because the phrases of one image are not independent. The same for two
runs that are equally good: how often a paired test at 5 % finds a difference.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass

import numpy as np

from vsa_toolkit.metrics.bleu import Bleu, BleuOptions
from vsa_toolkit.metrics.paired import centred_p
from vsa_toolkit.metrics.resampling import OfTotals, draws, estimate, observed, per_image, ratio

IMAGES, REGIONS, WORDS = 237, 6.2, 4.13
EASE = (1.2, 1.8)  # Beta: the chance that a word of an image's phrase is right
ORDER = 2


@dataclass(frozen=True)
class Simulated:
    """One data set: the image of each phrase, its words, and for two runs the words and bigrams that are right."""

    image: np.ndarray
    words: np.ndarray
    right: tuple[np.ndarray, np.ndarray]
    bigrams: tuple[np.ndarray, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=2000, help="simulated data sets")
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    began = time.perf_counter()
    found = coverage(wanted.sets, wanted.images, wanted.resamples, wanted.seed)
    print(f"{wanted.sets:,} simulated data sets of {wanted.images} images, {wanted.resamples:,} resamples each")
    print(f"{'':34} {'by image':>10} {'by segment':>12}")
    for name, (by_image, by_segment) in found.items():
        print(f"{name:34} {by_image:9.1%} {by_segment:11.1%}")
    error = math.sqrt(0.95 * 0.05 / wanted.sets)
    print(f"one standard error of these figures: {error:.1%}; {time.perf_counter() - began:.0f} s")


def coverage(sets: int, images: int, resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """For each figure the share of intervals that cover the truth, or of equal runs that are told apart: by image and
    by segment."""
    hits: dict[str, list[tuple[bool, bool]]] = {}
    truth = {"share of words right": 100 * _moment(1), "BLEU-2": 100 * math.sqrt(_moment(1) * _moment(1.5))}
    for number in range(sets):
        data = simulate(np.random.default_rng([seed, number]), images)
        sides = [_figures(data, run, by) for run in (0, 1) for by in ("image", "segment")]
        drawn = [_draw(side, number, resamples) for side in sides]
        units = [side["BLEU-2"].images for side in sides]
        for name, value in truth.items():
            inside = tuple(
                (interval := estimate(0.0, drawn[by][name], units[by])).low <= value <= interval.high  # type: ignore[operator]
                for by in (0, 1)
            )
            hits.setdefault(f"{name}: truth covered", []).append(inside)  # type: ignore[arg-type]
            told = tuple(
                centred_p(
                    observed(sides[by][name]) - observed(sides[2 + by][name]), drawn[by][name] - drawn[2 + by][name]
                )
                <= 0.05
                for by in (0, 1)
            )
            hits.setdefault(f"{name}: equal runs told apart", []).append(told)  # type: ignore[arg-type]
    return {name: tuple(np.mean(pairs, axis=0)) for name, pairs in sorted(hits.items(), reverse=True)}  # type: ignore[misc]


def simulate(rng: np.random.Generator, images: int) -> Simulated:
    """Images with 1 + Poisson phrases of 1 + Poisson words; each run is right by the image's ease, on its own."""
    counts = 1 + rng.poisson(REGIONS - 1, size=images)
    image = np.repeat(np.arange(images), counts)
    words = 1 + rng.poisson(WORDS - 1, size=len(image))
    ease = [rng.beta(*EASE, size=images) for _ in range(2)]
    right, bigrams = [], []
    for own in ease:
        right.append(rng.binomial(words, own[image]))
        bigrams.append(rng.binomial(words - 1, own[image] ** 1.5))
    return Simulated(image, words, (right[0], right[1]), (bigrams[0], bigrams[1]))


def _figures(data: Simulated, run: int, by: str) -> dict[str, OfTotals]:
    unit = data.image if by == "image" else np.arange(len(data.image))
    units = int(unit.max()) + 1
    bleu = Bleu(BleuOptions(profile="multibleu", order=ORDER))
    rows = np.stack(
        [data.words, data.words, data.right[run], data.bigrams[run], data.words, data.words - 1], axis=1
    ).astype(float)  # fmt: skip
    shares = per_image(np.stack([100 * data.right[run], data.words], axis=1).astype(float), unit, units)
    return {
        "share of words right": OfTotals(shares, ratio),
        "BLEU-2": OfTotals(per_image(rows, unit, units), lambda sums: bleu.values(sums)["bleu2"]),
    }


def _draw(figures: dict[str, OfTotals], seed: int, resamples: int) -> dict[str, np.ndarray]:
    images = next(iter(figures.values())).images
    return draws(figures, images, seed, resamples)


def _moment(power: float) -> float:
    """E[ease^power] of the Beta distribution."""
    a, b = EASE
    return math.exp(math.lgamma(a + power) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(a + b + power))


if __name__ == "__main__":
    main()
