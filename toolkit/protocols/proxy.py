"""Is ranking a fair proxy for alignment? How retrieval and grounding go together, between models and inside one.

Between runs (checkpoints of a training, models): rank correlation of a retrieval figure with grounding accuracy, both
recomputed on the same resampled images. Inside a run: whether a sentence whose photo is found early has its phrases on
the right regions, by the sentence's rank and the share of its phrases that are right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from ..metrics.ranks import ranks
from ..metrics.resampling import INTERVAL, Estimate, Sampled, estimate, observed, sample
from ..signature import Value, signature
from .choice import share_of_best
from .phrase_scores import Reduce, phrase_scores
from .phrases import Phrases
from .result import Result

FEWEST = 3


@dataclass(frozen=True)
class Judged:
    """One run: its retrieval figures and its grounding accuracy over the same images, in the same order."""

    retrieval: Sampled
    accuracy: Sampled


def between_runs(
    runs: Sequence[Judged], key: str, about: Mapping[str, Value] | None = None, intervals: bool = True
) -> Result:
    """How a retrieval figure (`t2i_r10` …) of several runs goes with their grounding accuracy.

    Values: `spearman`, `kendall`, `pearson` (−1 to 1; medians, where low is good, are turned round), each with the
    percentile interval over resampled images unless `intervals` is false; `runs`.

    Raises:
        DataError: fewer than three runs, figures that are all the same, or phrases of a single image.
    """
    if len(runs) < FEWEST:
        raise DataError(f"{len(runs)} runs have both scores and alignments: a correlation needs at least {FEWEST}.")
    sign = -1.0 if key.endswith("medr") else 1.0
    retrieval = np.array([sign * observed(run.retrieval.statistics[key]) for run in runs])
    accuracy = np.array([observed(run.accuracy.statistics["accuracy"]) for run in runs])
    if len(set(retrieval)) < 2 or len(set(accuracy)) < 2:
        raise DataError(f"all runs have the same {key} or the same accuracy: there is nothing to correlate.")
    if any("accuracy" not in run.accuracy.draws for run in runs):
        raise DataError("the phrases are of a single image: there is nothing to resample.")
    drawn_retrieval = np.stack([sign * run.retrieval.draws[key] for run in runs], axis=1)
    drawn_accuracy = np.stack([run.accuracy.draws["accuracy"] for run in runs], axis=1)
    values = {"runs": Estimate(float(len(runs)))}
    for name, correlation in CORRELATIONS.items():
        pairs = zip(drawn_retrieval, drawn_accuracy, strict=True) if intervals else ()
        drawn = np.array([correlation(r, a) for r, a in pairs])
        values[name] = estimate(correlation(retrieval, accuracy), drawn, runs[0].retrieval.images)
    line = signature(
        protocol="proxy", **dict(about or {}), retrieval=key, grounding="accuracy, alone", between="runs",
        runs=len(runs), **_resampled(len(drawn_retrieval) if intervals else 0, runs[0].retrieval.seed),
    )  # fmt: skip
    return Result(values, line)


def inside_run(
    scores: np.ndarray,
    sentence_image: np.ndarray,
    word_scores: np.ndarray,
    phrases: Phrases,
    *,
    reduce: Reduce = "sum",
    seed: int = 0,
    resamples: int = 0,
    about: Mapping[str, Value] | None = None,
) -> Result:
    """Over the sentences of one run: the rank of their photo (turned round) with the share of their phrases that are
    grounded right; `sentences` is how many have a phrase.

    Raises:
        DataError: scores or word scores that do not fit the split.
    """
    rank = ranks(scores, sentence_image).text_to_image
    found = phrase_scores(word_scores, phrases, reduce)
    right = (share_of_best(found, phrases.exists) * phrases.hit).sum(axis=1)
    count = np.bincount(phrases.sentence, minlength=len(rank))
    share = np.bincount(phrases.sentence, weights=right, minlength=len(rank))
    grounded = np.flatnonzero(count)
    early, well = -rank[grounded], share[grounded] / count[grounded]
    images = int(sentence_image.max()) + 1
    statistics = {name: _Weighted(early, well, sentence_image[grounded], images, name) for name in CORRELATIONS_INSIDE}
    sampled = sample(statistics, images, seed, resamples)
    line = signature(
        protocol="proxy", **dict(about or {}), retrieval="rank of the sentence's image", phrase=reduce,
        grounding="share of its phrases", between="sentences", sentences=len(grounded), images=images,
        **_resampled(resamples, seed),
    )  # fmt: skip
    return Result(sampled.estimates() | {"sentences": Estimate(float(len(grounded)))}, line)


def _resampled(resamples: int, seed: int) -> dict[str, Value]:
    """What signatures say of the intervals."""
    if not resamples:
        return {"resample": "none"}
    return {"resample": f"image×{resamples}", "interval": INTERVAL, "seed": seed}


@dataclass(frozen=True)
class _Weighted:
    """A correlation over sentences that count as often as their image was drawn.

    Ranks for Spearman are those of the sentences as they are: re-ranking each resample would change little and cost a
    sort each time.
    """

    first: np.ndarray
    second: np.ndarray
    image: np.ndarray
    images: int
    kind: str

    @property
    def carrying(self) -> int:
        return len(np.unique(self.image))

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        ranked = self.kind == "spearman"
        x, y = (midranks(side) if ranked else side for side in (self.first, self.second))
        table = weights[:, self.image]
        total = np.maximum(table.sum(axis=1), 1)
        mean_x, mean_y = table @ x / total, table @ y / total
        covariance = table @ (x * y) / total - mean_x * mean_y
        spread = (table @ (x * x) / total - mean_x**2) * (table @ (y * y) / total - mean_y**2)
        return np.asarray(np.divide(covariance, np.sqrt(spread), out=np.zeros(len(weights)), where=spread > 0))

    def beside(self, other: _Weighted) -> _Weighted:
        raise DataError("correlations of two runs are not compared by swapping images.")


def midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place.reshape(-1)])


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """The product-moment correlation; 0 where a side does not vary."""
    x, y = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread else 0.0


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    return pearson(midranks(first), midranks(second))


def kendall(first: np.ndarray, second: np.ndarray) -> float:
    """τ-b; 0 where a side does not vary."""
    one, other = (np.sign(side[:, None] - side[None, :]) for side in (first, second))
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / spread if spread else 0.0


CORRELATIONS = {"spearman": spearman, "kendall": kendall, "pearson": pearson}
CORRELATIONS_INSIDE = ("spearman", "pearson")
