"""Grounding: which region is a phrase about? One region a phrase, right where it overlaps any of the phrase's boxes.

Pointing asks less: the region's centre must lie in any of the boxes. Regions come from the run's region set, so no
row can pass the upper bound. Baselines stand beside every model: large and confident boxes are often right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import DataError
from ..metrics.resampling import RESAMPLES, Statistic, bootstrap, mean_of
from ..signature import Value, signature
from .class_names import WordVectors
from .phrase_scores import Reduce, phrase_scores
from .phrases import Phrases
from .priors import Features, alignment_features, choose_weights, class_scores, combine, prior_features
from .result import Result

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
    of that split).
    """

    reduce: Reduce = "sum"
    vectors: WordVectors | None = None
    vectors_name: str | None = None
    chosen_on: str | None = None
    seed: int = 0
    resamples: int = RESAMPLES
    about: Mapping[str, Value] = field(default_factory=dict)


def evaluate(test: Aligned, val: Aligned | None, settings: Settings | None = None) -> dict[str, Result]:
    """The rows of one model, by name: alone, with priors, each without and with MRF smoothing.

    β and the weights of the priors are chosen on `val` and read once on `test`; without `val` there are only the
    rows that need no choice. Values: `accuracy`, `pointing`, `upper_bound`, in percent with intervals by image.

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
    return float(100 * _chosen(phrases, scores, allowed)[0].mean())


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
    hit, pointed = _chosen(phrases, scores, allowed)
    images = len(phrases.regions.exists)
    statistics: dict[str, Statistic] = {
        name: mean_of(np.asarray(100.0 * values), phrases.image, images)
        for name, values in (("accuracy", hit), ("pointing", pointed), ("upper_bound", phrases.hit.any(axis=1)))
    }
    line = signature(
        protocol="grounding",
        **dict(settings.about),
        images=images,
        phrases=len(phrases),
        skipped=",".join(f"{reason}={count}" for reason, count in sorted(phrases.skipped.items())) or "none",
        boxes="any",
        iou=phrases.iou,
        pointing="centre",
        phrase=settings.reduce if "frame" in how else None,
        **how,
        resample=f"image×{settings.resamples}" if settings.resamples else "none",
        interval="percentile95" if settings.resamples else None,
        seed=settings.seed if settings.resamples else None,
    )
    return Result(bootstrap(statistics, images, settings.seed, settings.resamples), line)


def _chosen(phrases: Phrases, scores: np.ndarray, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Whether the best region of each phrase hits, and whether it points right. Both (phrases,) float.

    Regions with the same best score share the phrase, as if one of them were drawn: the expected value, so that no
    order of regions decides. A phrase without any allowed region is missed.
    """
    open_ = phrases.exists if allowed is None else phrases.exists & allowed
    masked = np.where(open_, scores, -np.inf)
    best = open_ & (masked == masked.max(axis=1, keepdims=True))
    share = np.asarray(best / np.maximum(best.sum(axis=1, keepdims=True), 1))
    return np.asarray((share * phrases.hit).sum(axis=1)), np.asarray((share * phrases.pointed).sum(axis=1))


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
