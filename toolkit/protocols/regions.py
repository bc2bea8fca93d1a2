"""Descriptions of regions: people and models against the same references, one of which is left out for everybody.

Each phrase of a person is a case: its box is described by a model or by the person, and scored against what others
said of the same thing (`descriptions`). A thing counts once however many described it. Phrases are short: bigrams are
few and longer n-grams fewer, so every row states how many there were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..metrics.segments import Segment, check_same_ids, reference_counts
from ..signature import Value
from ..text import words
from .descriptions import Described
from .result import Result, resampled
from .texts import TextSettings, ngram_totals, text_statistics


def evaluate(
    texts: Mapping[str, str] | None,
    described: Sequence[Described],
    images: Sequence[str],
    settings: TextSettings | None = None,
    pooled: Mapping[str, Value] | None = None,
    perplexity: float | None = None,
) -> Result:
    """The row of one model, from a text for the id of each description; with None that of the people themselves.

    Values as in `captions`; `nrefs` is the mean number of references of a thing. `images`: the names of the split's
    images, resampled as a whole. `pooled` says in the signature how descriptions were pooled.

    Raises:
        DataError: descriptions without a text or texts of others (which and how many), an empty text.
    """
    settings = settings or TextSettings("regions")
    if texts is not None:
        check_same_ids(texts, {d.id: None for d in described}, "captions", "described regions")
    segments = [Segment(d.id, d.text if texts is None else texts[d.id], d.references, d.image) for d in described]
    weights = np.array([d.weight for d in described])
    statistics, counted = text_statistics(segments, images, settings.metrics(), weights, settings.cache)
    fields: dict[str, Value] = {
        "protocol": settings.protocol,
        **dict(settings.about),
        "hypothesis": "people" if texts is None else "model",
        **dict(pooled or {}),
        "things": round(float(weights.sum())),
        "descriptions": len(described),
        "nrefs": reference_counts(segments),
        "leave_one_out": "pooled",
        "images": len(images),
        **settings.fields(),
    }
    exact = {"nrefs": float(np.average([len(d.references) for d in described], weights=weights))}
    if perplexity is not None:
        exact["perplexity"] = perplexity
    notes = ngram_totals(counted[0], weights)
    return resampled(statistics, len(images), settings.seed, settings.resamples, fields, exact, notes)


def mean_words(described: Sequence[Described]) -> float:
    """How many words people used for a thing, on average."""
    weights = [d.weight for d in described]
    return float(np.average([len(words(d.text)) for d in described], weights=weights))
