"""Which region each word of an image's own sentences is tied to, read from a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError, UserError
from ..records import Image, Region, RunInfo, Sentence, SentenceAlignment, WordAlignment
from ..store import Store
from ..text import tokenise
from .mrf import UNSCORED, smooth, spread
from .snippets import stop_words


@dataclass(frozen=True, slots=True)
class ImageAlignment:
    """An image, its regions (the frame first) and its sentences, aligned word by word; `alignments` as `sentences`."""

    image: Image
    regions: tuple[Region, ...]
    sentences: tuple[Sentence, ...]
    alignments: tuple[SentenceAlignment, ...]


def read_image_alignment(store: Store, run: RunInfo, image: Image, beta: float = 0.0) -> ImageAlignment:
    """What a run says of one image's own sentences.

    beta: MRF smoothing, in the unit that `vsa run` has: the spread of the checkpoint's word-region scores on its
    validation split (of the run's own scores, where that is not known).

    Raises:
        UserError: the image is in another split than the run's, or the run made no alignments.
    """
    split = store.read_split(run.dataset, run.split, run.region_set)
    if image.id not in {other.id for other in split.images}:
        raise UserError(
            f"image {image.key} is in split {image.split}, run {run.id} is on {run.split}: choose another run."
        )
    scores = store.read_run_array(run.id, "word_scores")
    first = sum(len(tokenise(sentence.text)) for sentence in _before(split.sentences, split.images, image.id))
    sentences = [sentence for sentence in split.sentences if sentence.image_id == image.id]
    regions = [region for region in split.regions if region.image_id == image.id]
    tokens = sum(len(tokenise(sentence.text)) for sentence in sentences)
    own = np.asarray(scores[first : first + tokens, : len(regions)])
    pair = beta * _unit(store, run, scores) if beta else 0.0
    return ImageAlignment(image, tuple(regions), tuple(sentences), tuple(align_words(own, sentences, regions, pair)))


def align_words(
    word_scores: ArrayLike, sentences: Sequence[Sentence], regions: Sequence[Region], beta: float = 0.0
) -> list[SentenceAlignment]:
    """The best region of each word of one image's sentences.

    word_scores: (tokens, R), sentence after sentence, a column for each of `regions`; NaN rows for tokens without a
    fragment. beta: as for `mrf.smooth`, in the units of the scores.
    """
    scores = np.asarray(word_scores)
    tokens = [tokenise(sentence.text) for sentence in sentences]
    lengths = [len(found) for found in tokens]
    if scores.shape != (sum(lengths), len(regions)):
        raise DataError(
            f"word scores of shape {scores.shape} do not fit {sum(lengths)} tokens and {len(regions)} regions."
        )
    labels = smooth(scores, lengths, beta)
    aligned, row = [], 0
    for sentence, found in zip(sentences, tokens):
        words = []
        for token in found:
            label = int(labels[row])
            tied = label != UNSCORED
            words.append(
                WordAlignment(
                    token.text,
                    token.start,
                    token.end,
                    regions[label].id if tied else None,
                    float(scores[row, label]) if tied else None,
                )
            )
            row += 1
        aligned.append(SentenceAlignment(sentence.id, sentence.image_id, tuple(words)))
    return aligned


def without_idle_words(alignment: SentenceAlignment) -> SentenceAlignment:
    """The alignment with stretches of nothing but stop words tied to no region: "and", "in front of the".

    Stop words inside the stretch of a noun stay ("the red ball"); what falls apart is what would clutter a picture.
    """
    words: list[WordAlignment] = []
    for _, run in groupby(alignment.words, key=lambda word: word.region_id):
        together = list(run)
        if all(word.token in stop_words() for word in together):
            together = [replace(word, region_id=None, score=None) for word in together]
        words += together
    return replace(alignment, words=tuple(words))


def _unit(store: Store, run: RunInfo, scores: np.ndarray) -> float:
    known = run.checkpoint_id and store.read_checkpoint(run.checkpoint_id).provenance.get("spread")
    return float(known) if known else spread(scores)


def _before(sentences: Sequence[Sentence], images: Sequence[Image], image_id: int) -> list[Sentence]:
    """The sentences of the images that come before `image_id` in the split's order."""
    earlier = set()
    for image in images:
        if image.id == image_id:
            break
        earlier.add(image.id)
    return [sentence for sentence in sentences if sentence.image_id in earlier]
