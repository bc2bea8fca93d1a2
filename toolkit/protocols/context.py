"""What surrounds a phrase-region score: regions that overlap this one, and the other phrases of the sentence.

A detector finds one thing with several boxes, and a right one among them has neighbours that fit the phrase too; and a
region that another phrase of the sentence wants more is likely that phrase's. Both are features beside the score
itself, weighed on the validation split like the priors.
"""

from __future__ import annotations

import numpy as np

from .phrases import Phrases


def with_context(phrases: Phrases, name: str, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (phrases, R) under `name`, with their `support` and `rival`; each (phrases, R)."""
    return {name: scores, f"{name}_support": support(phrases, scores), f"{name}_rival": rival(phrases, scores)}


def support(phrases: Phrases, scores: np.ndarray) -> np.ndarray:
    """(phrases, R): the mean score of the regions around each one, itself included, weighted by squared IoU."""
    kernel = _overlaps(phrases.regions.boxes, phrases.regions.exists) ** 2
    kernel /= np.maximum(kernel.sum(axis=-1, keepdims=True), 1e-9)
    known = np.where(phrases.exists, scores, 0.0)
    found = np.empty_like(known)
    for start in range(0, len(known), 4096):  # bounds the copies of kernels, one a phrase
        rows = slice(start, start + 4096)
        found[rows] = np.einsum("prq,pq->pr", kernel[phrases.image[rows]], known[rows])
    return found


def rival(phrases: Phrases, scores: np.ndarray) -> np.ndarray:
    """(phrases, R): the best score that any other phrase of the same sentence gives the region; 0 where it is alone."""
    order = np.argsort(phrases.sentence, kind="stable")
    _, first, counts = np.unique(phrases.sentence[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, counts)
    group = np.repeat(np.arange(len(counts)), counts)
    table = np.full((len(counts), max(int(counts.max(initial=0)), 2), scores.shape[1]), -np.inf)
    table[group, place] = scores[order]
    highest = np.sort(table, axis=1)[:, ::-1]
    found = np.empty_like(scores, dtype=float)
    # The one that is highest itself has the second as its rival; of equals each has the other.
    found[order] = np.where(scores[order] == highest[group, 0], highest[group, 1], highest[group, 0])
    return np.where(np.isfinite(found), found, 0.0)


def shares(phrases: Phrases, scores: np.ndarray) -> np.ndarray:
    """(phrases, R): softmax of the scores over an image's regions, 0 beyond them."""
    known = np.where(phrases.exists, scores, -np.inf)
    risen = np.exp(known - known.max(axis=1, keepdims=True))
    return np.asarray(risen / risen.sum(axis=1, keepdims=True))


def _overlaps(boxes: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """IoU of each image's regions with each other: (images, R, 4) → (images, R, R), 0 beyond its regions."""
    low, high = boxes[..., :2], boxes[..., :2] + boxes[..., 2:]
    sides = np.minimum(high[:, :, None], high[:, None]) - np.maximum(low[:, :, None], low[:, None])
    common = np.maximum(sides, 0).prod(axis=-1)
    area = boxes[..., 2:].prod(axis=-1)
    union = area[:, :, None] + area[:, None] - common
    both = exists[:, :, None] & exists[:, None]
    return np.asarray(np.where(both, common / np.maximum(union, 1e-12), 0.0))
