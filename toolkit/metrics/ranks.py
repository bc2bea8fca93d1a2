"""Ranks of a score matrix in both directions, and what retrieval tables make of them.

The rank of a score is `1 + greater + ties / 2`: a tie counts half, so that a model that says the same of everything
gets the rank it deserves, whatever the order of the rows. An argsort would give it an arbitrary one, and would put
NaN first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DataError

_FLUSH = 127  # rows whose doubled counts (2 each) fit a byte


@dataclass(frozen=True)
class Ranks:
    """1-based ranks; halves where scores are tied.

    image_to_text: (images,) float64, the rank of each image's best own sentence among the sentences of the others.
    text_to_image: (sentences,) float64, the rank of each sentence's image among all images.
    sentence_image: (sentences,) int64, the row of each sentence's image.
    """

    image_to_text: np.ndarray
    text_to_image: np.ndarray
    sentence_image: np.ndarray


def ranks(scores: np.ndarray, sentence_image: np.ndarray | None = None) -> Ranks:
    """Ranks of a score matrix (images, sentences); larger scores are better.

    `sentence_image` is the row of each sentence's image, in any order; without it the matrix must have n consecutive
    sentences an image. Image to text is the field's "best of the image's own sentences" (VSE++, SCAN): with s the
    best own score, `1 + #(not own > s) + #(not own = s) / 2`. No own sentence is above the best one, so this is the
    smallest rank among all sentences; only ties differ: own sentences with the same score do not push each other
    down. One pass over the rows, no sort; beyond the matrix it needs a few rows of memory.

    Raises:
        DataError: a score is not finite, an image has no sentence, or the shapes do not fit.
    """
    scores = np.asarray(scores)
    _check_matrix(scores)
    images, sentences = scores.shape
    owner = consecutive(images, sentences) if sentence_image is None else check_owner(scores, sentence_image)
    check_finite(scores)

    own = np.asarray(scores[owner, np.arange(sentences)])
    best = np.full(images, -np.inf if own.dtype.kind == "f" else np.iinfo(own.dtype).min, dtype=own.dtype)
    np.maximum.at(best, owner, own)
    own_ties = np.bincount(owner[own == best[owner]], minlength=images)

    doubled_image = np.empty(images, dtype=np.int64)  # 2 · greater + ties = #(>) + #(>=)
    doubled_text = np.zeros(sentences, dtype=np.int64)
    few = np.zeros(sentences, dtype=np.uint8)
    for i in range(images):
        row = scores[i]
        doubled_image[i] = np.count_nonzero(row > best[i]) + np.count_nonzero(row >= best[i])
        few += (row > own).view(np.uint8)
        few += (row >= own).view(np.uint8)
        if i % _FLUSH == _FLUSH - 1:
            doubled_text += few
            few[:] = 0
    doubled_text += few
    return Ranks(1 + (doubled_image - own_ties) / 2, 1 + (doubled_text - 1) / 2, owner)


def recall_at(ranks: np.ndarray, k: int) -> float:
    """The percentage of queries whose rank is at most `k`."""
    return float(100 * np.mean(np.asarray(ranks) <= k))


def median_rank(ranks: np.ndarray) -> float:
    """The median of 1-based ranks."""
    return float(np.median(ranks))


def mean_rank(ranks: np.ndarray) -> float:
    return float(np.mean(ranks))


def consecutive(images: int, sentences: int) -> np.ndarray:
    """The image row of each sentence where every image has the same number of consecutive sentences."""
    if images == 0 or sentences % images or sentences < images:
        hint = " The matrix looks transposed." if sentences and images % sentences == 0 else ""
        raise DataError(
            f"a matrix of {images} images × {sentences} sentences has no equal number of sentences an image: "
            f"say which image each sentence belongs to.{hint}"
        )
    return np.repeat(np.arange(images), sentences // images)


def check_finite(scores: np.ndarray, what: str = "scores") -> None:
    """Refuse NaN and infinity in a matrix, saying how many there are and where the first one is.

    Raises:
        DataError: at least one number is not finite.
    """
    if scores.dtype.kind != "f":
        return
    rows = max(1, (1 << 20) // max(1, scores.shape[1]))
    bad, first = 0, None
    for start in range(0, scores.shape[0], rows):
        finite = np.isfinite(scores[start : start + rows])
        if finite.all():
            continue
        places = np.argwhere(~finite)
        bad += len(places)
        first = first or (start + int(places[0][0]), int(places[0][1]))
    if first:
        value = scores[first]
        raise DataError(
            f"{bad} of {scores.size} {what} are not finite; the first is {value} in row {first[0]} (image), "
            f"column {first[1]} (sentence), counted from 0. Such a run cannot be ranked."
        )


def _check_matrix(scores: np.ndarray) -> None:
    if scores.ndim != 2:
        raise DataError(f"scores must be a matrix of images × sentences, not an array of shape {scores.shape}.")
    if scores.dtype.kind not in "fiu":
        raise DataError(f"scores must be real numbers, not {scores.dtype}.")
    if 0 in scores.shape:
        raise DataError(f"a score matrix of shape {scores.shape} has nothing to rank.")


def check_owner(scores: np.ndarray, sentence_image: np.ndarray) -> np.ndarray:
    """The image row of each sentence as int64.

    Raises:
        DataError: one row too few or too many, a row that is not there, an image without any sentence.
    """
    images, sentences = scores.shape
    owner = np.asarray(sentence_image)
    if owner.shape != (sentences,):
        hint = " The matrix looks transposed." if owner.shape == (images,) else ""
        raise DataError(f"{sentences} columns of scores, but the image rows of {owner.size} sentences.{hint}")
    if owner.dtype.kind not in "iu":
        raise DataError(f"image rows of sentences must be whole numbers, not {owner.dtype}.")
    owner = owner.astype(np.int64)
    outside = np.flatnonzero((owner < 0) | (owner >= images))
    if len(outside):
        first = int(outside[0])
        hint = " The matrix looks transposed." if owner.max() < sentences and images > sentences else ""
        raise DataError(f"sentence {first} belongs to image row {owner[first]}, but there are {images} rows.{hint}")
    missing = np.flatnonzero(np.bincount(owner, minlength=images) == 0)
    if len(missing):
        raise DataError(f"{len(missing)} of {images} images have no sentence; the first is row {missing[0]}.")
    return owner
