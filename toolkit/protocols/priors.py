"""What is known of a region before any word-region score: the detector's confidence, its class name, size and place.

A model's score and these priors are added with weights that are chosen on the validation split, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .class_names import WordVectors, class_similarity
from .context import shares, support, with_context
from .phrases import Phrases

ALIGNMENT = "alignment"
_SMALLEST_AREA = 1e-4
_SMALLEST_CONFIDENCE = 0.01
_RIDGE = 1e-4

Features = Mapping[str, np.ndarray]
Weights = Mapping[str, float]


def prior_features(phrases: Phrases, vectors: WordVectors | None = None) -> dict[str, np.ndarray]:
    """The priors of each phrase and region, by name; each (phrases, R) float64.

    `class` is 1 where a word of the phrase names the detector's class; with `vectors`, `class_vectors` is the
    similarity that word vectors give as well. Both come with their context, as does the confidence of neighbours.
    """
    regions = phrases.regions
    box, confidence = regions.boxes, regions.confidence
    detected = (regions.label >= 0).astype(float)
    off_centre = np.abs(box[..., :2] + box[..., 2:] / 2 - 0.5).sum(-1)
    by_image = {
        "frame": regions.is_frame.astype(float),
        "detected": detected,
        "confidence": confidence,
        "log_confidence": np.log(np.maximum(confidence, 0) + _SMALLEST_CONFIDENCE) * detected,
        "log_area": np.log(np.maximum(box[..., 2:].prod(-1), _SMALLEST_AREA)),
        "off_centre": off_centre,
    }
    features = {name: np.asarray(values[phrases.image]) for name, values in by_image.items()}
    features["confidence_support"] = support(phrases, features["confidence"])
    features |= with_context(phrases, "class", class_scores(phrases))
    features["class_confidence"] = features["class"] * features["confidence"]
    if vectors is not None:
        features |= with_context(phrases, "class_vectors", class_scores(phrases, vectors))
    return features


def alignment_features(phrases: Phrases, scores: np.ndarray) -> dict[str, np.ndarray]:
    """A model's phrase-region scores (in units of their spread) as features to be weighed beside the priors."""
    share = shares(phrases, scores)
    return {
        **with_context(phrases, ALIGNMENT, scores),
        f"{ALIGNMENT}_share": share,
        f"{ALIGNMENT}_share_support": support(phrases, share),
    }


def class_scores(phrases: Phrases, vectors: WordVectors | None = None) -> np.ndarray:
    """(phrases, R): how well the class name of each region fits the phrase; 0 for regions without one."""
    table = class_similarity(phrases.regions.labels, phrases.words, vectors)
    unnamed = np.zeros((len(phrases), 1))  # label -1 reads the last column
    return np.take_along_axis(np.hstack([table, unnamed]), phrases.regions.label[phrases.image], axis=1)


def combine(features: Features, weights: Weights) -> np.ndarray:
    """(phrases, R): the weighted sum of features."""
    total: np.ndarray = sum((weight * features[name] for name, weight in weights.items()), np.zeros(()))
    return total


def choose_weights(phrases: Phrases, features: Features) -> dict[str, float]:
    """The weights under which the right regions of these phrases are most likely; call it with validation data.

    The regions of an image compete by softmax of the weighted sum, and the probability of all regions that hit is
    maximised (as in multiple-instance learning), with a slight ridge; phrases that no region hits teach nothing.
    A score of numbers, convex in practice, found by L-BFGS from zero: no random start, no grid, one configuration.
    """
    import torch

    taught = phrases.hit.any(axis=1)
    if not taught.any():
        return dict.fromkeys(features, 0.0)
    exists = phrases.exists
    scale = np.array([values[exists].std() or 1.0 for values in features.values()])
    table = np.stack([values[taught] for values in features.values()], axis=-1) / scale
    design = torch.from_numpy(table)
    missing = torch.from_numpy(~exists[taught])
    wrong = torch.from_numpy(~phrases.hit[taught])
    weights = torch.zeros(len(scale), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = (design @ weights).masked_fill(missing, -torch.inf)
        right = torch.logsumexp(scores.masked_fill(wrong, -torch.inf), dim=1)
        value = (torch.logsumexp(scores, dim=1) - right).mean() + _RIDGE * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    found = weights.detach().numpy() / scale
    return {name: float(weight) for name, weight in zip(features, found)}
