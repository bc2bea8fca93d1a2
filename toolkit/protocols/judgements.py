"""How well a metric orders captions as people do: Kendall's τ with the judgements of Flickr8k.

Hodosh, Young and Hockenmaier 2013, "Framing image description as a ranking task". Conventions of the published
figures (Anderson et al. 2016, SPICE; Hessel et al. 2021, CLIPScore): *expert*, τ-c, each of the three experts a row,
captions that are the image's own sentences left out; *crowd*, τ-b, the share of yes of each pair, an image's own
sentences that are judged as candidates removed from its references.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..metrics.bleu import Bleu, BleuOptions, Profile
from ..metrics.chrf import Chrf
from ..metrics.cider import Cider
from ..metrics.kendall import Pairs, count_pairs
from ..metrics.metric import TextMetric
from ..metrics.resampling import INTERVAL, Estimate, estimate, image_weights
from ..metrics.rouge import RougeL
from ..metrics.segments import Segment, some
from ..signature import Value, signature
from .result import Result

EXPERT = "ExpertAnnotations.txt"
CROWD = "CrowdFlowerAnnotations.txt"

Sentences = Mapping[str, Sequence[str]]
"""Image (file name without its ending) → its sentences, in the order of their numbers."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A caption that people judged for an image, which need not be the caption's own: both images without the ending
    of their files, the caption's number, and what they said."""

    image: str
    own: str
    number: int
    rating: float


@dataclass(frozen=True)
class JudgementSettings:
    """`resamples` by image for intervals (0: none); `about`: the data, for the signatures."""

    profile: Profile = "coco"
    seed: int = 0
    resamples: int = 0
    about: Mapping[str, Value] = field(default_factory=dict)


def evaluate(
    folder: Path,
    sentences: Sentences,
    settings: JudgementSettings | None = None,
    metrics: Sequence[TextMetric] | None = None,
) -> dict[str, Result]:
    """A row for each value of each metric (BLEU, ROUGE-L, CIDEr-D and chrF unless others are given), by name; values
    `expert` (τ-c) and `crowd` (τ-b), in percent. A metric that says the same of all captions has no value.

    Raises:
        DataError: a file that is missing or cannot be read, judgements of images or captions that the data set does
            not have (which and how many).
    """
    settings = settings or JudgementSettings()
    expert = _expert_segments(read_expert(folder / EXPERT), sentences)
    crowd = _crowd_segments(read_crowd(folder / CROWD), sentences)
    rows: dict[str, Result] = {}
    for metric in metrics or (Bleu(BleuOptions(profile=settings.profile)), RougeL(), Cider(), Chrf()):
        taus = {
            "expert": _taus(metric, *expert, lambda pairs: pairs.tau_c, settings),
            "crowd": _taus(metric, *crowd, lambda pairs: pairs.tau_b, settings),
        }
        for key in metric.keys:
            line = signature(
                protocol="judgements",
                **dict(settings.about),
                expert=f"tau-c,{len(expert[0])} judgements,own captions left out",
                crowd=f"tau-b,{len(crowd[0])} pairs,judged captions no references",
                value=key,
                **metric.fields(),
                resample=f"image×{settings.resamples}" if settings.resamples else "none",
                interval=INTERVAL if settings.resamples else None,
                seed=settings.seed if settings.resamples else None,
            )
            rows[key] = Result({name: found[key] for name, found in taus.items() if key in found}, line)
    return rows


def read_expert(path: Path) -> list[Judged]:
    """`image caption#n rating rating rating` a line; each expert is a judgement."""
    return [
        Judged(*_pair(path, line, image, caption), _number(path, line, rating))
        for line, (image, caption, *ratings) in _lines(path, 5)
        for rating in ratings
    ]


def read_crowd(path: Path) -> list[Judged]:
    """`image caption#n share-of-yes yes no` a line."""
    return [
        Judged(*_pair(path, line, image, caption), _number(path, line, share))
        for line, (image, caption, share, *_) in _lines(path, 5)
    ]


def _expert_segments(judged: Sequence[Judged], sentences: Sentences) -> tuple[list[Segment], np.ndarray]:
    texts = _texts(judged, sentences, EXPERT)
    kept = [(j, text) for j, text in zip(judged, texts) if text not in sentences[j.image]]
    segments = [Segment(str(n), text, tuple(sentences[j.image]), j.image) for n, (j, text) in enumerate(kept)]
    return segments, np.array([j.rating for j, _ in kept])


def _crowd_segments(judged: Sequence[Judged], sentences: Sentences) -> tuple[list[Segment], np.ndarray]:
    texts = _texts(judged, sentences, CROWD)
    references = {image: list(own) for image, own in sentences.items()}
    for j, text in zip(judged, texts):
        if text in references[j.image]:
            references[j.image].remove(text)
    segments = [
        Segment(str(n), text, tuple(references[j.image]), j.image) for n, (j, text) in enumerate(zip(judged, texts))
    ]
    return segments, np.array([j.rating for j in judged])


def _texts(judged: Sequence[Judged], sentences: Sentences, file: str) -> list[str]:
    """The texts of the captions that were judged."""
    unknown = list(dict.fromkeys(j.image for j in judged if j.image not in sentences))
    if unknown:
        images = len({j.image for j in judged})
        raise DataError(f"{file}: {some(unknown, images, 'images')} no sentences in the data set.")
    known = [j.own in sentences and j.number < len(sentences[j.own]) for j in judged]
    if not all(known):
        captions = list(dict.fromkeys(f"{j.own}#{j.number}" for j in judged))
        missing = list(dict.fromkeys(f"{j.own}#{j.number}" for j, there in zip(judged, known) if not there))
        raise DataError(f"{file}: {some(missing, len(captions), 'captions')} no sentence in the data set.")
    return [sentences[j.own][j.number] for j in judged]


def _taus(
    metric: TextMetric,
    segments: Sequence[Segment],
    ratings: np.ndarray,
    tau: Callable[[Pairs], float],
    settings: JudgementSettings,
) -> dict[str, Estimate]:
    scores = metric.count(segments).segment_scores()
    found = {}
    for key, values in scores.items():
        if len(np.unique(values)) < 2:
            continue  # it says the same of every caption, and orders none
        value = 100 * tau(count_pairs(values, ratings))
        found[key] = _with_interval(value, values, ratings, segments, tau, settings)
    return found


def _with_interval(
    value: float,
    values: np.ndarray,
    ratings: np.ndarray,
    segments: Sequence[Segment],
    tau: Callable[[Pairs], float],
    settings: JudgementSettings,
) -> Estimate:
    """With the interval over resampled images: a drawn image brings all its judgements as often as it was drawn."""
    if not settings.resamples:
        return Estimate(value)
    images = {name: row for row, name in enumerate(dict.fromkeys(s.image for s in segments))}
    owner = np.array([images[s.image] for s in segments])
    drawn: list[float] = []
    for weights in image_weights(len(images), settings.resamples, np.random.default_rng(settings.seed)):
        for weight in weights:
            rows = np.repeat(np.arange(len(owner)), weight[owner].astype(int))
            with contextlib.suppress(DataError):  # of few images a resample may have one judgement only, and no order
                drawn.append(100 * tau(count_pairs(values[rows], ratings[rows])))
    return estimate(value, np.array(drawn), len(images))


def _lines(path: Path, columns: int) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read ({error.__class__.__name__}): --judgements is the folder that holds "
            f"{EXPERT} and {CROWD} of Flickr8k."
        ) from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != columns:
            raise DataError(f"{path}, line {number}: {len(parts)} columns, {columns} are expected.")
        found.append((number, parts))
    if not found:
        raise DataError(f"{path} has no judgement.")
    return found


def _pair(path: Path, line: int, image: str, caption: str) -> tuple[str, str, int]:
    own, _, number = caption.partition("#")
    if not number.isdigit():
        raise DataError(f"{path}, line {line}: {caption!r} is no caption of the form FILE#NUMBER.")
    return image.partition(".")[0], own.partition(".")[0], int(number)


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{path}, line {line}: {text!r} is no number.") from None
    if not np.isfinite(value):
        raise DataError(f"{path}, line {line}: the judgement {text} is not finite.")
    return value
