"""Dense captioning: boxes and words judged together by average precision, as densecap does.

Johnson, Karpathy and Fei-Fei 2016, "DenseCap", section 4.3, and their evaluation code. True boxes that overlap much
are merged into one with all their texts. Descriptions are taken by falling confidence; each belongs to the true box
that it overlaps most, however little, and takes it: a later one on the same box is wrong. It is right where the
overlap reaches a threshold and its words are more like the references than another threshold. mAP is the mean over
five overlaps and six likenesses; without words it is that of the boxes.

The likeness of the published figures is METEOR, which needs Java; with chrF the same is `map_chrf`, which must not
stand beside them. densecap's corners are inclusive and its widths have one pixel added: those are our half-open boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import DataError
from ..metrics.cache import StatisticsCache
from ..metrics.chrf import Chrf
from ..metrics.metric import TextMetric
from ..metrics.resampling import RESAMPLES
from ..metrics.segments import Segment, some
from ..records import Box, Size
from ..signature import Value
from .descriptions import MERGED_AT
from .matching import check_boxes, merge, overlaps
from .result import Result, resampled

OVERLAPS = (0.3, 0.4, 0.5, 0.6, 0.7)
LIKENESSES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25)
DECIMALS = 12
"""Of an overlap: the mean of merged boxes is rounded, and an IoU of exactly .5 must not be below .5 by that."""
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class DenseCaption:
    """A model's box and words; the most confident come first."""

    image: str
    box: Box
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TrueBox:
    """A person's box and words."""

    image: str
    box: Box
    text: str


@dataclass(frozen=True)
class DenseSettings:
    """`metric`: what measures the likeness of texts, its first value in percent; `merged_at`: the overlap at which
    true boxes are one."""

    metric: TextMetric = field(default_factory=Chrf)
    merged_at: float = MERGED_AT
    seed: int = 0
    resamples: int = RESAMPLES
    about: Mapping[str, Value] = field(default_factory=dict)
    cache: StatisticsCache | None = None

    @property
    def key(self) -> str:
        """`map` is METEOR's alone."""
        return "map" if self.metric.name == "meteor" else f"map_{self.metric.name}"


@dataclass(frozen=True)
class Assigned:
    """Each description beside the true box that it belongs to, the most confident first.

    image: (n,) row. overlap: (n,) IoU with the merged true box that it overlaps most. first: (n,) bool, whether no
    more confident one took that box. references: texts of that box; empty where it overlaps none. true: (images,)
    merged true boxes.
    """

    image: np.ndarray
    confidence: np.ndarray
    overlap: np.ndarray
    first: np.ndarray
    texts: Sequence[str]
    references: Sequence[tuple[str, ...]]
    true: np.ndarray


def evaluate(
    captions: Sequence[DenseCaption],
    truth: Sequence[TrueBox],
    images: Mapping[str, Size],
    settings: DenseSettings | None = None,
) -> Result:
    """The row of one model: `map_chrf` (with METEOR `map`) and `map_detection`, in percent with intervals by image.

    `images`: the size of each image of the split, in the order of its rows.

    Raises:
        DataError: no caption or no true box, boxes that cannot be x, y, width, height in their image, images that are
            not in the split, empty texts, confidences that are not finite.
    """
    settings = settings or DenseSettings()
    _check(captions, truth, images)
    assigned = assign_captions(captions, truth, list(images), settings.merged_at)
    likeness = _likenesses(assigned, settings)
    fits = np.stack([assigned.first & (assigned.overlap >= threshold) for threshold in OVERLAPS])
    said = np.stack([right & (likeness > least) for right in fits for least in LIKENESSES])
    statistics = {
        name: AveragePrecision(right, assigned.confidence, assigned.image, assigned.true)
        for name, right in ((settings.key, said), ("map_detection", fits))
    }
    fields = {
        "protocol": "dense",
        **dict(settings.about),
        "images": len(images),
        "captions": len(captions),
        "true_boxes": len(truth),
        "merged": f"{int(assigned.true.sum())},iou={settings.merged_at:g}",
        "iou": ",".join(map(str, OVERLAPS)),
        "likeness": f"{settings.metric.name}>" + ",".join(map(str, LIKENESSES)),
        "metric": ",".join(f"{key}={value}" for key, value in settings.metric.fields().items()),
        "ap": "101 recalls",
    }
    return resampled(statistics, len(images), settings.seed, settings.resamples, fields)


def assign_captions(
    captions: Sequence[DenseCaption], truth: Sequence[TrueBox], images: Sequence[str], merged_at: float = MERGED_AT
) -> Assigned:
    """Merge the true boxes of each image and give each description the one that it overlaps most."""
    true, counts = _merged(truth, images, merged_at)
    place = {name: row for row, name in enumerate(images)}
    order = np.argsort([-caption.confidence for caption in captions], kind="stable")
    overlap, first = np.zeros(len(captions)), np.zeros(len(captions), dtype=bool)
    references: list[tuple[str, ...]] = []
    taken: set[tuple[str, int]] = set()
    for rank, number in enumerate(order):
        caption = captions[number]
        boxes, texts = true.get(caption.image, (np.empty((0, 4)), []))
        near = overlaps(np.array([caption.box]), boxes)[0].round(DECIMALS)
        best = int(near.argmax()) if len(near) else 0
        if not len(near) or near[best] == 0:
            references.append(())  # densecap's code marks its last true box here, by an index of -1
            continue
        overlap[rank], first[rank] = near[best], (caption.image, best) not in taken
        taken.add((caption.image, best))
        references.append(texts[best])
    sorted_captions = [captions[number] for number in order]
    return Assigned(
        np.array([place[caption.image] for caption in sorted_captions], dtype=np.int64),
        np.array([caption.confidence for caption in sorted_captions]),
        overlap,
        first,
        [caption.text for caption in sorted_captions],
        references,
        counts,
    )


@dataclass(frozen=True)
class AveragePrecision:
    """The mean of several interpolated average precisions (percent) as a statistic over images.

    right: (precisions, n) bool, which descriptions are right; confidence: (n,), falling; image: (n,) row;
    true: (images,) how many true boxes there are to find.
    """

    right: np.ndarray
    confidence: np.ndarray
    image: np.ndarray
    true: np.ndarray

    @property
    def images(self) -> int:
        return len(self.true)

    @property
    def carrying(self) -> int:
        return int((np.bincount(self.image, minlength=self.images) + self.true > 0).sum())

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        rows = [np.flatnonzero(right) for right in self.right]
        found = np.zeros(len(weights))
        for number, weight in enumerate(weights):
            counted = weight[self.image]
            seen, there = np.cumsum(counted), float(weight @ self.true)
            if there > 0:
                found[number] = np.mean([_interpolated(counted[own], seen[own], there) for own in rows])
        return 100 * found

    def beside(self, other: AveragePrecision) -> AveragePrecision:
        confidence = np.concatenate([self.confidence, other.confidence])
        order = np.argsort(-confidence, kind="stable")
        image = np.concatenate([self.image, other.image + self.images])
        right = np.hstack([self.right, other.right])
        return replace(
            self, right=right[:, order], confidence=confidence[order], image=image[order],
            true=np.concatenate([self.true, other.true]),
        )  # fmt: skip


def _interpolated(counted: np.ndarray, seen: np.ndarray, there: float) -> float:
    """The mean over 101 recalls of the best precision at that recall or above; only right descriptions raise either.

    counted: how often each right description counts; seen: descriptions up to it, itself included.
    """
    if not len(counted):
        return 0.0
    right = np.cumsum(counted)
    precision = np.divide(right, seen, out=np.zeros(len(right)), where=seen > 0)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(right / there, _RECALLS - 1e-9)
    return float(np.append(best, 0.0)[place].sum() / len(_RECALLS))


def _merged(
    truth: Sequence[TrueBox], images: Sequence[str], merged_at: float
) -> tuple[dict[str, tuple[np.ndarray, list[tuple[str, ...]]]], np.ndarray]:
    """For each image its merged true boxes (m, 4) with their texts; and how many each has (images,)."""
    own: dict[str, list[TrueBox]] = {}
    for true in truth:
        own.setdefault(true.image, []).append(true)
    merged = {}
    for name, trues in own.items():
        boxes = np.array([true.box for true in trues], dtype=float)
        groups = merge(boxes, merged_at)
        means = np.stack([boxes[group].mean(axis=0) for group in groups])
        merged[name] = means, [tuple(trues[member].text for member in group) for group in groups]
    return merged, np.array([len(merged[name][0]) if name in merged else 0 for name in images], dtype=float)


def _likenesses(assigned: Assigned, settings: DenseSettings) -> np.ndarray:
    """How like its references each description is, 0 to 1; −1 where it has none."""
    segments = [
        Segment(str(row), text, references)
        for row, (text, references) in enumerate(zip(assigned.texts, assigned.references, strict=True))
        if references
    ]
    found = np.full(len(assigned.texts), -1.0)
    if segments:
        counted = settings.metric.count(segments, settings.cache)
        found[[int(s.id) for s in segments]] = counted.segment_scores()[settings.metric.keys[0]] / 100
    return found


def _check(captions: Sequence[DenseCaption], truth: Sequence[TrueBox], images: Mapping[str, Size]) -> None:
    for what, items in (("captions", captions), ("true boxes", truth)):
        if not items:
            raise DataError(f"there are no {what} to compare.")
        unknown = list(dict.fromkeys(item.image for item in items if item.image not in images))
        if unknown:
            raise DataError(
                f"{some(unknown, len({i.image for i in items}), f'images of {what}')} no place in the split."
            )
        empty = [item.image for item in items if not item.text.strip()]
        if empty:
            raise DataError(f"{len(empty)} of {len(items)} {what} have no words; the first is of {empty[0]!r}.")
        check_boxes([item.box for item in items], [images[item.image] for item in items], what)
    wrong = [caption.image for caption in captions if not np.isfinite(caption.confidence)]
    if wrong:
        raise DataError(
            f"{len(wrong)} of {len(captions)} confidences are not finite; the first is of a caption of {wrong[0]!r}."
        )
