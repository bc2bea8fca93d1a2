"""Captions of whole images beside what people say of them: with all references, or leaving one out for everybody.

A person's sentence can only be scored against the others of its image, one less than a model has; and more references
raise every score. With `leave_one_out` both have the same number: reference k is left out for people and models alike,
and each value is the mean over all k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import DataError
from ..metrics.resampling import MeanOf, Statistic
from ..metrics.segments import Segment, check_same_ids, reference_counts, some
from ..signature import Value
from .result import Result, resampled
from .texts import TextSettings, text_statistics

References = Mapping[str, Sequence[str]]
"""Image → what people said of it; the order of the images is that of the rows."""


def evaluate(
    captions: Mapping[str, str],
    references: References,
    settings: TextSettings | None = None,
    *,
    leave_one_out: bool = False,
    perplexity: float | None = None,
) -> Result:
    """The row of one model, from captions and references by image.

    Values: `bleu1` … `bleu4`, `rouge_l`, `cider` in percent with intervals by image; `nrefs`, the references an image;
    `perplexity`, where the model has one.

    Raises:
        DataError: images without a caption or captions of other images (which and how many), an empty text, an image
            without sentences.
    """
    settings = settings or TextSettings()
    check_same_ids(captions, references, "captions", "images")
    if leave_one_out:
        folds = [_segments(captions, kept) for kept in _each_left_out(references)]
    else:
        folds = [_segments(captions, references)]
    return _result(folds, list(references), settings, "model", perplexity)


def people(references: References, settings: TextSettings | None = None) -> dict[str, Result]:
    """How well people agree: each of an image's sentences against its others, by name, and the mean over the choices.

    Where images have different numbers of sentences, the first ones of each are used, as many as every image has.

    Raises:
        DataError: an image with fewer than two sentences.
    """
    settings = settings or TextSettings()
    folds, least = _people_folds(references), fewest(references)
    rows = {
        f"sentence {k} against {_others(k, least)}": _result([fold], list(references), settings, f"sentence {k}")
        for k, fold in enumerate(folds)
    }
    return {**rows, f"mean over the {least} choices": agreement(references, settings)}


def agreement(references: References, settings: TextSettings | None = None) -> Result:
    """The last row of `people`: what stands beside models that leave one reference out too."""
    return _result(_people_folds(references), list(references), settings or TextSettings(), "each sentence")


def fewest(references: References) -> int:
    """How many sentences every image has.

    Raises:
        DataError: fewer than two.
    """
    single = [image for image, texts in references.items() if len(texts) < 2]
    if single:
        raise DataError(
            f"{some(single, len(references), 'images')} fewer than two sentences: none can be left out as a reference."
        )
    return min(len(texts) for texts in references.values())


def _each_left_out(references: References) -> list[dict[str, list[str]]]:
    least = fewest(references)
    return [
        {image: [text for place, text in enumerate(texts[:least]) if place != k] for image, texts in references.items()}
        for k in range(least)
    ]


def _people_folds(references: References) -> list[list[Segment]]:
    return [
        _segments({image: texts[k] for image, texts in references.items()}, kept)
        for k, kept in enumerate(_each_left_out(references))
    ]


def _segments(captions: Mapping[str, str], references: References) -> list[Segment]:
    return [Segment(image, captions[image], tuple(texts), image) for image, texts in references.items()]


def _result(
    folds: Sequence[Sequence[Segment]],
    images: Sequence[str],
    settings: TextSettings,
    hypothesis: str,
    perplexity: float | None = None,
) -> Result:
    metrics = settings.metrics()
    made = [text_statistics(segments, images, metrics, cache=settings.cache)[0] for segments in folds]
    statistics: dict[str, Statistic] = {
        name: made[0][name] if len(made) == 1 else MeanOf([part[name] for part in made])
        for name in made[0]
        if all(name in part for part in made)
    }
    fields: dict[str, Value] = {
        "protocol": settings.protocol,
        **dict(settings.about),
        "hypothesis": hypothesis,
        "nrefs": reference_counts(folds[0]),
        "leave_one_out": f"mean of {len(folds)}" if len(folds) > 1 else "no",
        "images": len(images),
        **settings.fields(),
    }
    exact = {"nrefs": float(np.mean([len(segment.references) for segment in folds[0]]))}
    if perplexity is not None:
        exact["perplexity"] = perplexity
    return resampled(statistics, len(images), settings.seed, settings.resamples, fields, exact)


def _others(k: int, count: int) -> str:
    """1–4 for 0 of 5, 0, 2–4 for 1 of 5 …"""
    runs = [range(0, k), range(k + 1, count)]
    return ", ".join(f"{r[0]}–{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs if len(r))
