"""CIDEr-D: how much a text says of what people agree to say of the image, and of few others.

Vedantam, Zitnick and Parikh 2015, "CIDEr: consensus-based image description evaluation". Texts are tf-idf vectors of
their 1- to 4-grams; the documents of the document frequency are the segments' references. CIDEr-D clips the
hypothesis' weights to those of the reference and punishes a difference of lengths by a Gaussian. As in coco-caption
the score is the mean over orders and references, times 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from ..errors import DataError
from ..options import Options
from ..signature import Value
from .metric import MeanMetric, Score
from .ngrams import Counts, Tokens, count_ngrams, tokenise_segments
from .resampling import RESAMPLES
from .segments import Segment, pair
from .tokenisers import CASE, Tokeniser, tokens_of


class CiderOptions(Options):
    sigma: float = Field(default=6.0, gt=0, description="the width of the Gaussian over the difference of lengths")
    order: int = Field(default=4, ge=1, le=9, description="the longest n-gram")
    tokenise: Tokeniser = Field(default="ptb", description="the tokeniser")


class Cider(MeanMetric):
    """CIDEr-D in percent: 78.9 is what others print as 0.789.

    Document frequencies are those of the segments that are scored together, and stay so when images are resampled.
    """

    name = "cider"
    value = "cider"
    Options = CiderOptions
    options: CiderOptions

    def fields(self) -> dict[str, Value]:
        tokeniser = self.options.tokenise
        return {
            "metric": "cider-d",
            "order": self.options.order,
            "sigma": self.options.sigma,
            "df": "references",
            "tokenise": tokeniser,
            "case": CASE[tokeniser],
        }

    def scores(self, items: Sequence[Segment]) -> np.ndarray:
        if len(items) < 2:
            raise DataError(
                "CIDEr needs at least two segments: with one every n-gram is in all documents, and it is 0."
            )
        tokens = tokenise_segments(items, tokens_of(self.options.tokenise))
        cosines = sum(
            _clipped_cosines(counts, tokens, len(items)) for counts in count_ngrams(tokens, self.options.order)
        )
        reference = tokens.place > 0
        owner = tokens.segment[reference]
        bigrams = np.maximum(0, tokens.length - 1)  # coco-caption measures lengths in bigrams
        apart = bigrams[reference] - bigrams[~reference][owner]
        near = np.exp(-(apart**2) / (2 * self.options.sigma**2))
        likeness = np.asarray(cosines)[reference] * near / self.options.order
        return np.asarray(10 * np.bincount(owner, weights=likeness) / np.bincount(owner))


def cider(
    hypotheses: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    *,
    images: Mapping[str, str] | None = None,
    sigma: float = 6.0,
    order: int = 4,
    tokenise: Tokeniser = "ptb",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """CIDEr-D of plain dicts id → text and id → references; with id → image there are intervals by image."""
    metric = Cider(CiderOptions(sigma=sigma, order=order, tokenise=tokenise))
    return metric.score(pair(hypotheses, references, images), seed=seed, resamples=resamples)


def _clipped_cosines(counts: Counts, tokens: Tokens, segments: int) -> np.ndarray:
    """For each text (texts,) its likeness to the hypothesis of its segment, by n-grams of one order."""
    texts = len(tokens.length)
    if not len(counts.count):
        return np.zeros(texts)
    in_references = np.maximum.reduceat(counts.place, counts.group) > 0
    documents = np.bincount(counts.ngram[counts.group][in_references], minlength=int(counts.ngram.max()) + 1)
    weight = counts.count * (np.log(segments) - np.log(np.maximum(1, documents)))[counts.ngram]
    first = np.flatnonzero(tokens.place == 0)
    text = first[counts.segment] + counts.place
    norm = np.sqrt(np.bincount(text, weights=weight**2, minlength=texts))
    size = np.diff(np.append(counts.group, len(counts.count)))
    own = np.where(counts.place[counts.group] == 0, weight[counts.group], 0.0)  # the hypothesis comes first
    products = np.bincount(text, weights=np.minimum(np.repeat(own, size), weight) * weight, minlength=texts)
    norms = norm * norm[first][tokens.segment]
    return np.asarray(np.divide(products, norms, out=np.zeros(texts), where=norms > 0))
