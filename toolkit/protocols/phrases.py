"""The phrases that grounding is judged by, and which regions would be right for each.

Everything that a row of the grounding table needs is here as arrays over phrases and regions, so that a row is an
arg-max and a look-up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..boxes import enclosing
from ..errors import DataError
from ..records import Box, Grounding, Split
from ..text import tokenise

NOT_VISUAL = "notvisual"

Boxes = Literal["any", "merged"]
"""Which boxes a region must meet: any of the phrase's, or the one around all of them."""


@dataclass(frozen=True)
class Regions:
    """The regions of a split's images, padded to R a row.

    boxes: (images, R, 4) float, x y width height relative to the image (0 to 1). exists, is_frame: (images, R) bool.
    confidence: (images, R) float, the proposer's score, 0 where it gave none. label: (images, R) int, a row of
    `labels`, -1 where the proposer named nothing.
    """

    boxes: np.ndarray
    exists: np.ndarray
    is_frame: np.ndarray
    confidence: np.ndarray
    label: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Phrases:
    """The grounded phrases of a split that have boxes, in the split's order.

    image: (phrases,) row of the image. sentence: (phrases,) row of the sentence. tokens: (phrases, 2) rows of the
    split's token table, half-open. hit: (phrases, R) bool, whether a region overlaps any of the phrase's boxes at
    `iou` or more. pointed: (phrases, R) bool, whether a region's centre lies in any of them; with boxes = "merged",
    both of the one box around all of them. words, categories: each phrase's. skipped: how many groundings were left
    out, by reason. truth: (boxes, 4), relative to the image, of phrase `truth_phrase` (boxes,).
    """

    regions: Regions
    image: np.ndarray
    sentence: np.ndarray
    tokens: np.ndarray
    hit: np.ndarray
    pointed: np.ndarray
    words: tuple[tuple[str, ...], ...]
    categories: tuple[tuple[str, ...], ...]
    skipped: dict[str, int]
    sentence_tokens: np.ndarray  # (sentences + 1,) offsets of the token table
    sentence_image: np.ndarray  # (sentences,) row of each sentence's image
    iou: float
    split: str
    boxes: Boxes
    truth: np.ndarray
    truth_phrase: np.ndarray

    def __len__(self) -> int:
        return len(self.image)

    @property
    def exists(self) -> np.ndarray:
        """(phrases, R) bool: the regions of each phrase's image."""
        return np.asarray(self.regions.exists[self.image])

    def judge(self, box: Box) -> tuple[np.ndarray, np.ndarray]:
        """Whether one box, relative to the image and the same in all of them, hits and points right: (phrases,) bool
        each."""
        overlap, pointed = _judge(self.truth, self.truth_phrase, np.array(box)[None, None], len(self))
        return np.asarray(overlap[:, 0] >= self.iou), np.asarray(pointed[:, 0])


def read_phrases(split: Split, iou: float = 0.5, boxes: Boxes = "any") -> Phrases:
    """The phrases of a split to be grounded; those without a box, of a whole scene or not visual are counted.

    A phrase's tokens are those of `vsa_toolkit.text.tokenise` that overlap its characters; one without any token
    (punctuation) is left out and counted as well.

    Raises:
        DataError: the split has no grounded phrase at all.
    """
    image_row = {image.id: row for row, image in enumerate(split.images)}
    sentence_row = {sentence.id: row for row, sentence in enumerate(split.sentences)}
    tokens = [tokenise(sentence.text) for sentence in split.sentences]
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in tokens], dtype=np.int64)])

    skipped: Counter[str] = Counter()
    kept: list[Grounding] = []
    spans: list[tuple[int, int]] = []
    words: list[tuple[str, ...]] = []
    for grounding in split.groundings:
        row = sentence_row[grounding.sentence_id]
        inside = [i for i, t in enumerate(tokens[row]) if t.start < grounding.end and t.end > grounding.start]
        reason = _reason_to_skip(grounding) or ("no word" if not inside else None)
        if reason:
            skipped[reason] += 1
            continue
        kept.append(grounding)
        spans.append((int(offsets[row]) + inside[0], int(offsets[row]) + inside[-1] + 1))
        words.append(tuple(tokens[row][i].text for i in inside))
    if not kept:
        raise DataError(
            f"split {split.name!r} of {split.dataset} has no phrase with a box: import some first "
            "(vsa import flickr30k-entities DIR)."
        )

    regions = _regions(split)
    image = np.array([image_row[g.image_id] for g in kept])
    truth, truth_phrase = _truth(kept, [_size(split, row) for row in image], boxes)
    overlap, pointed = _judge(truth, truth_phrase, regions.boxes[image[truth_phrase]], len(kept))
    return Phrases(
        regions=regions,
        image=image,
        sentence=np.array([sentence_row[g.sentence_id] for g in kept]),
        tokens=np.array(spans),
        hit=(overlap >= iou) & regions.exists[image],
        pointed=pointed & regions.exists[image],
        words=tuple(words),
        categories=tuple(grounding.categories for grounding in kept),
        skipped=dict(skipped),
        sentence_tokens=offsets,
        sentence_image=np.array([image_row[s.image_id] for s in split.sentences], dtype=np.int64),
        iou=iou,
        split=split.name,
        boxes=boxes,
        truth=truth,
        truth_phrase=truth_phrase,
    )


def _reason_to_skip(grounding: Grounding) -> str | None:
    if NOT_VISUAL in grounding.categories:
        return "not visual"
    if grounding.scene:
        return "scene"
    if grounding.no_box or not grounding.boxes:
        return "no box"
    return None


def _size(split: Split, row: int) -> tuple[int, int]:
    return split.images[row].width, split.images[row].height


def _regions(split: Split) -> Regions:
    image_row = {image.id: row for row, image in enumerate(split.images)}
    labels = tuple(sorted({region.label for region in split.regions if region.label is not None}))
    label_row = {label: i for i, label in enumerate(labels)}
    counts = Counter(image_row[region.image_id] for region in split.regions)
    shape = (len(split.images), max(counts.values(), default=0))
    if not shape[1]:
        raise DataError(f"region set {split.region_set!r} has no region in split {split.name!r}.")
    boxes, exists = np.zeros((*shape, 4)), np.zeros(shape, dtype=bool)
    frame, confidence, label = np.zeros(shape, dtype=bool), np.zeros(shape), np.full(shape, -1)
    filled: Counter[int] = Counter()
    for region in split.regions:
        row = image_row[region.image_id]
        at = row, filled[row]
        width, height = _size(split, row)
        boxes[at] = np.array(region.box) / (width, height, width, height)
        exists[at], frame[at] = True, region.is_frame
        confidence[at] = region.score or 0.0
        label[at] = -1 if region.label is None else label_row[region.label]
        filled[row] += 1
    return Regions(boxes, exists, frame, confidence, label, labels)


def _truth(
    groundings: Sequence[Grounding], sizes: Sequence[tuple[int, int]], boxes: Boxes
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes to be met (boxes, 4), relative to their image, and the phrase of each (boxes,)."""
    wanted = [(enclosing(g.boxes),) if boxes == "merged" else g.boxes for g in groundings]
    owner = np.repeat(np.arange(len(groundings)), [len(own) for own in wanted])
    scale = np.array(sizes, dtype=float)[owner]
    return np.array([box for own in wanted for box in own], dtype=float) / np.hstack([scale, scale]), owner


def _judge(truth: np.ndarray, owner: np.ndarray, box: np.ndarray, phrases: int) -> tuple[np.ndarray, np.ndarray]:
    """For each phrase and region (phrases, R): the largest IoU with a box of the phrase, and whether the region's
    centre lies in one. `box`: the regions (boxes of phrases or 1, R, 4) beside each box of `truth`."""
    low, high = truth[:, None, :2], truth[:, None, :2] + truth[:, None, 2:]
    shared = np.clip(np.minimum(box[..., :2] + box[..., 2:], high) - np.maximum(box[..., :2], low), 0, None).prod(-1)
    union = box[..., 2:].prod(-1) + truth[:, None, 2:].prod(-1) - shared
    overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    centre = box[..., :2] + box[..., 2:] / 2
    inside = ((centre >= low) & (centre < high)).all(-1)
    starts = np.searchsorted(owner, np.arange(phrases))
    return np.maximum.reduceat(overlap, starts), np.logical_or.reduceat(inside, starts)
