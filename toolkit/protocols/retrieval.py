"""Retrieval in both directions: i2t (the slides' "image annotation") and t2i ("image search").

Every image is a query among all sentences of the split, every sentence a query among all its images. The candidates
are those of the evaluated split, not training sentences.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..metrics.ranks import ranks
from ..metrics.resampling import RESAMPLES, Statistic, bootstrap, mean_of, median_of
from ..signature import Value, signature
from .result import Result

CUTS = (1, 5, 10)


def evaluate(
    scores: np.ndarray,
    sentence_image: np.ndarray | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    about: Mapping[str, Value] | None = None,
) -> Result:
    """Recall (percent) and median rank (1-based) with 95 % intervals by image, from scores (images, sentences).

    Values: `i2t_r1`, `i2t_r5`, `i2t_r10`, `i2t_medr` and the same with `t2i_`. A resampled image brings its sentences
    along and is ranked against all candidates, as in the table. `about` (dataset, split, fingerprint …) goes into
    the signature.

    Raises:
        DataError: as `vsa_toolkit.metrics.ranks.ranks`.
    """
    ranked = ranks(scores, sentence_image)
    images = len(ranked.image_to_text)
    directions = {
        "i2t": (ranked.image_to_text, np.arange(images)),
        "t2i": (ranked.text_to_image, ranked.sentence_image),
    }
    statistics: dict[str, Statistic] = {}
    for direction, (values, image) in directions.items():
        for cut in CUTS:
            statistics[f"{direction}_r{cut}"] = mean_of(100.0 * (values <= cut), image, images)
        statistics[f"{direction}_medr"] = median_of(values, image, images)
    line = signature(
        protocol="retrieval",
        **dict(about or {}),
        images=images,
        sentences=len(ranked.sentence_image),
        own="best",
        ties="half",
        medr="1-based",
        resample=f"image×{resamples}" if resamples else "none",
        interval="percentile95" if resamples else None,
        seed=seed if resamples else None,
    )
    return Result(bootstrap(statistics, images, seed, resamples), line)
