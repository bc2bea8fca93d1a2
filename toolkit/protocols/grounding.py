"""Grounding: which region is a phrase about? One region a phrase, right where it overlaps any of the phrase's boxes.

Pointing asks less: the region's centre must lie in any of the boxes. R@5 and R@10 ask whether one of the best regions
is right. Regions come from the run's region set, so no row of a model can pass the upper bound. Baselines stand beside
every model: large and confident boxes are often right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import DataError
from ..metrics.resampling import RESAMPLES, Statistic, mean_of
from ..records import Box
from ..signature import Value
from .choice import hit_within, share_of_best
from .class_names import WordVectors
from .phrase_scores import Reduce, phrase_scores
from .phrases import Phrases
from .priors import Features, alignment_features, choose_weights, class_scores, combine, prior_features
from .result import Result, resampled

CENTRE_BOX: Box = (0.25, 0.25, 0.5, 0.5)
CUTS = (5, 10)

BETAS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""The grid of MRF strengths, in multiples of the spread of the validation split's word scores."""


@dataclass(frozen=True)
class Aligned:
    """A split's phrases and what a run says of its words: (tokens, R), see `RunBatch`."""

    phrases: Phrases
    word_scores: np.ndarray


@dataclass(frozen=True)
class Settings:
    """How rows are computed; all of it is in their signatures.

    `vectors_name` says where `vectors` come from, `chosen_on` which data weights and β are chosen on (None: the name
    of that split). `categories`: also the accuracy for each category of phrases, as `accuracy_people` …
    """

    reduce: Reduce = "sum"
    vectors: WordVectors | None = None
    vectors_name: str | None = None
    chosen_on: str | None = None
    categories: bool = False
    seed: int = 0
    resamples: int = RESAMPLES
    about: Mapping[str, Value] = field(default_factory=dict)


def evaluate(test: Aligned, val: Aligned | None, settings: Settings | None = None) -> dict[str, Result]:
    """The rows of one model, by name: alone, with priors, each without and with MRF smoothing.

    β and the weights of the priors are chosen on `val` and read once on `test`; without `val` there are only the
    rows that need no choice. Values: `accuracy` (R@1), `r5`, `r10`, `pointing`, `upper_bound`, in percent with
    intervals by image.

    Raises:
        DataError: word scores that do not fit the split, or are infinite.
    """
    settings = settings or Settings()
    alone = phrase_scores(test.word_scores, test.phrases, settings.reduce)
    not_frame = ~test.phrases.regions.is_frame[test.phrases.image]
    rows = {
        "alone": _row(test.phrases, alone, settings, region="model", frame="yes"),
        "alone, frame region left out": _row(
            test.phrases, alone, settings, allowed=not_frame, region="model", frame="no"
        ),
    }
    if val is None:
        return rows
    from ..alignment.mrf import spread  # loads torch, which retrieval does not need

    unit = spread(val.word_scores)
    if unit == 0:
        raise DataError(f"all word scores of split {val.phrases.split!r} are the same: there is nothing to weigh.")
    rows |= _smoothed_rows(test, val, unit, settings)
    rows |= _prior_rows(test, val, unit, settings)
    return rows


def baselines(test: Phrases, val: Phrases | None = None, settings: Settings | None = None) -> dict[str, Result]:
    """Rows that need no model: chance, shapes, the detector. With `val` also its priors, weighed without a model."""
    settings = settings or Settings()
    regions = test.regions
    box = regions.boxes[test.image]
    confidence, frame = regions.confidence[test.image], regions.is_frame[test.image]
    candidates = _detections(test)
    area = box[..., 2:].prod(-1)
    distance = np.hypot(*np.moveaxis(box[..., :2] + box[..., 2:] / 2 - 0.5, -1, 0))
    rows = {
        "random region": _row(test, np.zeros(area.shape), settings, region="random, expected value"),
        "frame": _row(test, frame.astype(float), settings, region="frame"),
        "largest box": _row(test, area, settings, allowed=candidates, region="largest"),
        "centre-most box": _row(test, -distance, settings, allowed=candidates, region="nearest to the centre"),
        "centre box, half as wide and high": _fixed_row(test, CENTRE_BOX, settings, region="fixed, in the centre"),
        "upper bound": _row(test, test.hit + 0.5 * test.pointed, settings, region="the right one where there is one"),
    }
    if not confidence.any():
        return rows
    rows["most confident detection"] = _row(test, confidence, settings, region="most confident")
    if regions.labels:
        rows["class name, no training"] = _row(
            test, class_name_scores(test), settings, region="class name", class_names="words"
        )
        if settings.vectors is not None:
            scores, how = class_name_scores(test, settings.vectors), _class_names(settings.vectors_name)
            rows["class name with word vectors, no training"] = _row(
                test, scores, settings, region="class name", class_names=how
            )
    if val is not None:
        features = prior_features(val, settings.vectors)
        weights = choose_weights(val, features)
        rows["detector's priors, no model"] = _row(
            test,
            combine(prior_features(test, settings.vectors), weights),
            settings,
            region="priors",
            priors=_weights_text(weights),
            class_names=_class_names(settings.vectors_name),
            chosen_on=settings.chosen_on or val.split,
        )
    return rows


def class_name_scores(phrases: Phrases, vectors: WordVectors | None = None) -> np.ndarray:
    """(phrases, R): similarity of class name and phrase times confidence; the frame where no class name fits at all."""
    regions = phrases.regions
    fits = class_scores(phrases, vectors) * regions.confidence[phrases.image]
    return np.asarray(np.where(regions.is_frame[phrases.image], 1e-9, fits))


def accuracy(phrases: Phrases, scores: np.ndarray, allowed: np.ndarray | None = None) -> float:
    """The percentage of phrases whose best region hits: what β is chosen by."""
    return float(100 * _chosen(phrases, scores, _open(phrases, allowed))[0].mean())


def _smoothed_rows(test: Aligned, val: Aligned, unit: float, settings: Settings) -> dict[str, Result]:
    judged = {
        beta: accuracy(val.phrases, phrase_scores(val.word_scores, val.phrases, settings.reduce, beta * unit))
        for beta in BETAS
    }
    beta = max(judged, key=lambda b: judged[b])  # the smallest β of equals
    scores = phrase_scores(test.word_scores, test.phrases, settings.reduce, beta * unit)
    return {
        "alone, MRF": _row(
            test.phrases,
            scores,
            settings,
            region="model",
            frame="yes",
            mrf=f"{beta:g}×spread",
            chosen_on=settings.chosen_on or val.phrases.split,
        )
    }


def _prior_rows(test: Aligned, val: Aligned, unit: float, settings: Settings) -> dict[str, Result]:
    val_priors = prior_features(val.phrases, settings.vectors)
    test_priors = prior_features(test.phrases, settings.vectors)
    chosen = {}
    for beta in BETAS:
        features = _with_alignment(val, val_priors, beta, unit, settings)
        weights = choose_weights(val.phrases, features)
        chosen[beta] = accuracy(val.phrases, combine(features, weights)), weights
    best = max(chosen, key=lambda b: chosen[b][0])
    rows = {}
    for name, beta in (("with priors", 0.0), ("with priors, MRF", best)):
        weights = chosen[beta][1]
        rows[name] = _row(
            test.phrases,
            combine(_with_alignment(test, test_priors, beta, unit, settings), weights),
            settings,
            region="model+priors",
            frame="yes",
            mrf=f"{beta:g}×spread" if name.endswith("MRF") else "no",
            priors=_weights_text(weights),
            class_names=_class_names(settings.vectors_name),
            chosen_on=settings.chosen_on or val.phrases.split,
        )
    return rows


def _with_alignment(data: Aligned, priors: Features, beta: float, unit: float, settings: Settings) -> Features:
    scores = phrase_scores(data.word_scores, data.phrases, settings.reduce, beta * unit)
    return {**alignment_features(data.phrases, scores / unit), **priors}


def _row(
    phrases: Phrases, scores: np.ndarray, settings: Settings, allowed: np.ndarray | None = None, **how: Value
) -> Result:
    open_ = _open(phrases, allowed)
    hit, pointed = _chosen(phrases, scores, open_)
    within = {f"r{k}": hit_within(scores, open_, phrases.hit, k) for k in CUTS}
    return _result(phrases, {"accuracy": hit, **within, "pointing": pointed}, settings, how)


def _fixed_row(phrases: Phrases, box: Box, settings: Settings, **how: Value) -> Result:
    """The same box, relative to the image, whatever the photo: it need not be one of the region set."""
    hit, pointed = phrases.judge(box)
    return _result(phrases, {"accuracy": hit, "pointing": pointed}, settings, how)


def _result(
    phrases: Phrases, figures: Mapping[str, np.ndarray], settings: Settings, how: Mapping[str, Value]
) -> Result:
    images = len(phrases.regions.exists)
    percent = {name: np.asarray(100.0 * values) for name, values in figures.items()}
    percent["upper_bound"] = np.asarray(100.0 * phrases.hit.any(axis=1))
    statistics: dict[str, Statistic] = {
        name: mean_of(values, phrases.image, images) for name, values in percent.items()
    }
    if settings.categories:
        for category in category_names(phrases):
            of = np.array([category in own for own in phrases.categories])
            statistics[f"accuracy_{category}"] = mean_of(percent["accuracy"][of], phrases.image[of], images)
    fields = {
        "protocol": "grounding",
        **dict(settings.about),
        "images": images,
        "phrases": len(phrases),
        "skipped": ",".join(f"{reason}={count}" for reason, count in sorted(phrases.skipped.items())) or "none",
        "boxes": phrases.boxes,
        "iou": phrases.iou,
        "pointing": "centre",
        "phrase": settings.reduce if "frame" in how else None,
        **how,
    }
    return resampled(statistics, images, settings.seed, settings.resamples, fields)


def category_names(phrases: Phrases) -> list[str]:
    """The categories of these phrases, the most frequent first."""
    counts = Counter(category for own in phrases.categories for category in own)
    return [category for category, _ in counts.most_common()]


def _chosen(phrases: Phrases, scores: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the best region of each phrase hits, and whether it points right. Both (phrases,) float.

    Regions with the same best score share the phrase, as if one of them were drawn: the expected value. A phrase
    without any allowed region is missed.
    """
    share = share_of_best(scores, allowed)
    return np.asarray((share * phrases.hit).sum(axis=1)), np.asarray((share * phrases.pointed).sum(axis=1))


def _open(phrases: Phrases, allowed: np.ndarray | None) -> np.ndarray:
    """(phrases, R): the regions of the phrase's image that may be chosen."""
    return phrases.exists if allowed is None else np.asarray(phrases.exists & allowed)


def _detections(phrases: Phrases) -> np.ndarray:
    """(phrases, R): what the shape baselines choose from: detections where there are any, else all but the frame."""
    regions = phrases.regions
    named = (regions.label >= 0) | (regions.confidence > 0)
    boxes = regions.exists & ~regions.is_frame
    return np.asarray(np.where((named & boxes).any(axis=1, keepdims=True), named & boxes, boxes)[phrases.image])


def _class_names(vectors_name: str | None) -> str:
    return f"words+vectors({vectors_name})" if vectors_name else "words"


def _weights_text(weights: Mapping[str, float]) -> str:
    return ",".join(f"{name}={weight:.4g}" for name, weight in weights.items())
