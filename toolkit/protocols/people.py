"""How well annotators agree on boxes and words together.

On every image that two annotators have finished, their boxes are matched one to one (`matching.match`). Box F1 is
twice the matched boxes over all boxes of both; mean IoU and the words are of matched boxes only, where each phrase is
scored against what the others wrote on theirs. α puts both together and takes chance out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np

from ..collected import Collected, PersonPhrase
from ..errors import DataError
from ..metrics.agreement import alpha
from ..metrics.bleu import Bleu, BleuOptions
from ..metrics.chrf import Chrf
from ..metrics.resampling import OfTotals, Statistic, ratio
from ..metrics.segments import Segment, reference_counts
from ..records import Box, Image
from ..signature import Value
from ..text import words
from .matching import assign, match, overlaps
from .result import Result, resampled
from .texts import TextSettings, ngram_totals, text_statistics

MATCHED_AT = 0.5


@dataclass(frozen=True)
class Pair:
    """Two annotators on one image: their phrases, and the pairs of them that are on matched boxes, with the IoU.

    `helped`: whether one of them saw a machine's suggestions on it.
    """

    image: int
    people: tuple[str, str]
    phrases: tuple[Sequence[PersonPhrase], Sequence[PersonPhrase]]
    matched: Sequence[tuple[int, int, float]]
    helped: bool


def evaluate(
    collected: Collected, settings: TextSettings | None = None, *, by: str = "campaign", iou: float = MATCHED_AT
) -> dict[str, Result]:
    """The rows of a campaign, by name: all annotators together, and with `by` each annotator or each image.

    Where some images were annotated with a machine's suggestions on the screen and some without, both are rows of
    their own. Values in percent: `box_f1`, `mean_iou`, `bleu1` … `bleu4`, `chrf`, with intervals by image; `alpha`
    (1: agreement, 0: chance) for all together; `nrefs`, and `pairs` of annotators on an image.

    Raises:
        DataError: no image that two annotators have finished, or none with matched boxes.
    """
    settings = settings or TextSettings("agreement")
    pairs = list(pairs_of_annotators(collected, iou))
    if not pairs:
        people = sorted({name for name, _ in collected.done})
        raise DataError(
            f"campaign {collected.campaign!r} has no image that two annotators have finished on split "
            f"{collected.split!r} (annotators: {', '.join(people) or 'none'}): agreement needs two."
        )
    row = _Rows(collected, settings, iou)
    rows = {f"campaign {collected.campaign}": row.result(pairs, alpha_of=pairs)}
    helped = [pair for pair in pairs if pair.helped]
    if 0 < len(helped) < len(pairs):
        rows["without suggestions"] = row.result([pair for pair in pairs if not pair.helped])
        rows["with suggestions on the screen"] = row.result(helped)
    if by == "annotator":
        for name in sorted({name for pair in pairs for name in pair.people}):
            own = [pair for pair in pairs if name in pair.people]
            rows[f"{name} against the others"] = row.result(own, speaker=name)
    elif by == "image":
        for image in collected.images:
            own = [pair for pair in pairs if pair.image == image.id]
            if own:
                rows[image.key] = _Rows(collected, replace(settings, resamples=0), iou).result(own)
    return rows


def pairs_of_annotators(collected: Collected, iou: float = MATCHED_AT) -> Iterator[Pair]:
    """Every two annotators on every image that both have finished."""
    phrases: dict[tuple[int, str], list[PersonPhrase]] = {}
    for phrase in collected.phrases:
        phrases.setdefault((phrase.image_id, phrase.annotator), []).append(phrase)
    finished: dict[int, list[str]] = {}
    for name, image_id in sorted(collected.done):
        finished.setdefault(image_id, []).append(name)
    for image in collected.images:
        for one, other in combinations(finished.get(image.id, ()), 2):
            both = phrases.get((image.id, one), []), phrases.get((image.id, other), [])
            matched = match([p.box for p in both[0]], [p.box for p in both[1]], iou)
            helped = bool({(one, image.id), (other, image.id)} & collected.shown)
            yield Pair(image.id, (one, other), both, matched, helped)


def scene_distance(one: Sequence[tuple[Box, str]], other: Sequence[tuple[Box, str]]) -> float:
    """How different two people's boxes and words for a photo are: 0 the same, 1 nothing in common.

    1 − 2 Σ IoU · likeness / (boxes of both), over the one-to-one matching for which that is smallest; the likeness of
    two phrases is the F1 of their words. Two people who both drew nothing agree.
    """
    if not one and not other:
        return 0.0
    if not one or not other:
        return 1.0
    near = overlaps(np.array([box for box, _ in one]), np.array([box for box, _ in other]))
    shared = near * np.array([[likeness(a, b) for _, b in other] for _, a in one])
    return 1 - 2 * sum(float(shared[a, b]) for a, b in assign(shared)) / (len(one) + len(other))


def likeness(one: str, other: str) -> float:
    """The F1 of two phrases' words, 0 to 1; a word counts as often as both have it."""
    first, second = _counted(one), _counted(other)
    both = sum((first & second).values())
    return 2 * both / (sum(first.values()) + sum(second.values())) if both else 0.0


@lru_cache(maxsize=4096)
def _counted(phrase: str) -> Counter[str]:
    return Counter(words(phrase))


class _Rows:
    """Rows of one campaign over the same images."""

    def __init__(self, collected: Collected, settings: TextSettings, iou: float) -> None:
        self._collected = collected
        self._settings = settings
        self._iou = iou
        self._images: dict[int, Image] = {image.id: image for image in collected.images}
        self._place = {image.id: row for row, image in enumerate(collected.images)}
        self._metrics = [Bleu(BleuOptions(profile=settings.profile)), Chrf()]

    def result(
        self,
        pairs: Sequence[Pair],
        speaker: str | None = None,
        alpha_of: Sequence[Pair] | None = None,
    ) -> Result:
        """Of these pairs; with `speaker` only the words of that annotator are judged, by those of the others."""
        segments, weights = self._segments(pairs, speaker)
        statistics: dict[str, Statistic] = dict(self._boxes(pairs))
        exact, notes = {"pairs": float(len(pairs))}, ()  # type: dict[str, float], tuple[str, ...]
        if segments:
            names = [image.key for image in self._collected.images]
            texts, counted = text_statistics(segments, names, self._metrics, weights, self._settings.cache)
            statistics |= texts
            notes = ngram_totals(counted[0], weights)
            exact["nrefs"] = float(np.average([len(s.references) for s in segments], weights=weights))
        if alpha_of is not None and len({pair.image for pair in alpha_of}) > 1:
            statistics["alpha"] = alpha(self._scenes(alpha_of), scene_distance, self._settings.seed)
        fields = self._fields(segments, "alpha" in statistics)
        settings = self._settings
        return resampled(statistics, len(self._images), settings.seed, settings.resamples, fields, exact, notes)

    def _boxes(self, pairs: Sequence[Pair]) -> dict[str, OfTotals]:
        totals = np.zeros((len(self._images), 4))
        for pair in pairs:
            overlap = sum(iou for _, _, iou in pair.matched)
            boxes = len(pair.phrases[0]) + len(pair.phrases[1])
            totals[self._place[pair.image]] += (200 * len(pair.matched), boxes, 100 * overlap, len(pair.matched))
        return {"box_f1": OfTotals(totals[:, :2], ratio), "mean_iou": OfTotals(totals[:, 2:], ratio)}

    def _segments(self, pairs: Sequence[Pair], speaker: str | None) -> tuple[list[Segment], np.ndarray]:
        said: dict[int, PersonPhrase] = {}
        others: dict[int, list[str]] = {}
        for pair in pairs:
            for a, b, _ in pair.matched:
                one, other = pair.phrases[0][a], pair.phrases[1][b]
                for own, reference in ((one, other), (other, one)):
                    if speaker in (None, own.annotator):
                        said[own.id] = own
                        others.setdefault(own.id, []).append(reference.text)
        segments = [
            Segment(str(id), phrase.text, tuple(others[id]), self._images[phrase.image_id].key)
            for id, phrase in said.items()
        ]
        return segments, np.array([1 / (1 + len(segment.references)) for segment in segments])

    def _scenes(self, pairs: Sequence[Pair]) -> list[list[list[tuple[Box, str]]]]:
        """For each image what each annotator drew, relative to the photo, and wrote."""
        scenes: list[dict[str, list[tuple[Box, str]]]] = [{} for _ in self._images]
        for pair in pairs:
            image = self._images[pair.image]
            sides = (image.width, image.height, image.width, image.height)
            for name, phrases in zip(pair.people, pair.phrases, strict=True):
                relative = [tuple(a / b for a, b in zip(p.box, sides, strict=True)) for p in phrases]
                scenes[self._place[pair.image]][name] = [(box, p.text) for box, p in zip(relative, phrases)]  # type: ignore[misc]
        return [list(scene.values()) for scene in scenes]

    def _fields(self, segments: Sequence[Segment], with_alpha: bool) -> Mapping[str, Value]:
        collected = self._collected
        bleu, chrf = (metric.fields() for metric in self._metrics)
        return {
            "protocol": self._settings.protocol,
            **dict(self._settings.about),
            "campaign": collected.campaign,
            "boxes": f"one-to-one,iou={self._iou:g}",
            "images": len(self._images),
            "phrases": len(segments),
            "nrefs": reference_counts(segments) if segments else None,
            "leave_one_out": "pooled",
            "bleu": bleu["profile"],
            **{key: value for key, value in bleu.items() if key not in ("metric", "profile")},
            "chrf": ",".join(f"{key}={value}" for key, value in chrf.items() if key != "metric"),
            "alpha": "1-iou·word F1, chance fixed" if with_alpha else None,
        }
