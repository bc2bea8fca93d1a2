"""Recall, median and mean rank and mean reciprocal rank of a score matrix, in both directions.

i2t: each image is a query, its rank is that of its best own sentence. t2i: each sentence is a query for its image. See
`ranks` for what a tie costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..signature import signature
from .metric import Score
from .ranks import Ranks, ranks
from .resampling import INTERVAL, RESAMPLES, Statistic, bootstrap, mean_of, median_of

CUTS = (1, 5, 10)


def retrieval(
    scores: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    cuts: Sequence[int] = CUTS,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """Values of scores (images, sentences): `i2t_r1` …, `i2t_medr`, `i2t_meanr`, `i2t_mrr` and the same with `t2i_`.

    Recalls and mean reciprocal ranks are in percent, ranks count from 1.

    `groups` is the image row of each sentence (sentences,); without it every image has n consecutive sentences. The
    intervals are by image: a resampled image brings its sentences along.

    Raises:
        DataError: a score is not finite, the matrix looks transposed, an image has no sentence.
    """
    ranked = ranks(scores, groups)
    images = len(ranked.image_to_text)
    resamples = resamples if images > 1 else 0
    line = signature(
        metric="retrieval",
        images=images,
        sentences=len(ranked.sentence_image),
        own="best",
        ties="half",
        ranks="1-based",
        resample=f"image×{resamples}" if resamples else "none",
        interval=INTERVAL if resamples else None,
        seed=seed if resamples else None,
    )
    return Score(bootstrap(rank_statistics(ranked, cuts), images, seed, resamples), line)


def rank_statistics(
    ranked: Ranks, cuts: Sequence[int] = CUTS, first: int = 0, images: int | None = None
) -> dict[str, Statistic]:
    """The values of ranks as functions of how often each image was drawn.

    Where the ranks are those of a fold, `first` is its first row among all `images`.
    """
    own = first + np.arange(len(ranked.image_to_text))
    whole = len(own) if images is None else images
    statistics: dict[str, Statistic] = {}
    for direction, values, image in (
        ("i2t", ranked.image_to_text, own),
        ("t2i", ranked.text_to_image, first + ranked.sentence_image),
    ):
        for cut in cuts:
            statistics[f"{direction}_r{cut}"] = mean_of(100.0 * (values <= cut), image, whole)
        statistics[f"{direction}_medr"] = median_of(values, image, whole)
        statistics[f"{direction}_meanr"] = mean_of(values, image, whole)
        statistics[f"{direction}_mrr"] = mean_of(100.0 / values, image, whole)
    return statistics
