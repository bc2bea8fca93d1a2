"""Retrieval in both directions: i2t (the slides' "image annotation") and t2i ("image search").

Every image is a query among all sentences of the split, every sentence a query among all its images. The candidates
are those of the evaluated split, not training sentences. An image has one sentence or any number of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import UserError
from ..metrics.ranks import Ranks, check_owner, consecutive, ranks
from ..metrics.resampling import RESAMPLES, MeanOf, Statistic
from ..metrics.retrieval import CUTS, rank_statistics
from ..signature import Value
from .result import Result, resampled


def evaluate(
    scores: np.ndarray,
    sentence_image: np.ndarray | None = None,
    *,
    folds: int = 1,
    seed: int = 0,
    resamples: int = RESAMPLES,
    about: Mapping[str, Value] | None = None,
) -> Result:
    """Recall (percent) and median rank (1-based) with 95 % intervals by image, from scores (images, sentences).

    Values: `i2t_r1`, `i2t_r5`, `i2t_r10`, `i2t_medr` and the same with `t2i_`. A resampled image brings its sentences
    along and is ranked against all candidates, as in the table. With `folds` the images are cut, in their order, into
    that many equal parts, each a retrieval of its own, and every value is the mean over them (COCO's "1K" of 5,000
    images is 5 folds). `about` (dataset, split, fingerprint …) goes into the signature.

    Raises:
        UserError: the images do not make that many equal folds.
        DataError: as `vsa_toolkit.metrics.ranks.ranks`.
    """
    scores = np.asarray(scores)
    images = scores.shape[0]
    if folds < 1 or images % folds:
        raise UserError(f"{images:,} images do not make {folds} equal folds.")
    if folds == 1:
        parts = [_statistics(ranks(scores, sentence_image), 0, images)]
        sentences = scores.shape[1]
    else:
        owner = consecutive(*scores.shape) if sentence_image is None else check_owner(scores, sentence_image)
        parts, size = [], images // folds
        for start in range(0, images, size):
            own = np.flatnonzero((owner >= start) & (owner < start + size))
            ranked = ranks(scores[start : start + size][:, own], owner[own] - start)
            parts.append(_statistics(ranked, start, images))
        sentences = len(owner)
    statistics = parts[0] if folds == 1 else {name: MeanOf([part[name] for part in parts]) for name in parts[0]}
    fields = {
        "protocol": "retrieval",
        **dict(about or {}),
        "images": images,
        "folds": folds if folds > 1 else None,
        "sentences": sentences,
        "own": "best",
        "ties": "half",
        "medr": "1-based",
    }
    return resampled(statistics, images, seed, resamples, fields)


def _statistics(ranked: Ranks, first: int, images: int) -> dict[str, Statistic]:
    """The table's values of a retrieval among some of `images` images, the first of which is row `first`."""
    of_ranks = rank_statistics(ranked, CUTS, first, images)
    return {name: statistic for name, statistic in of_ranks.items() if not name.endswith(("_meanr", "_mrr"))}
