"""Perplexity of sentences under a language model, with what makes two perplexities comparable.

2^(−Σ log₂ p / tokens) over the whole corpus, where the tokens of a sentence include its end mark and not its start.
It means nothing without the size of the vocabulary and the rule for words outside it: a model that may delete rare
words (neuraltalk does) has an easier task than one that must predict an unknown-word mark. Both are options, so both
stand in the signature, and the share of such words stands beside the value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from ..errors import DataError
from ..options import Options
from ..signature import Value
from .metric import Metric, Score
from .resampling import RESAMPLES
from .segments import check_same_ids, check_unique

OutOfVocabulary = Literal["removed", "unk"]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """What a model says of one sentence.

    log_probability: natural logarithm, summed over `tokens`. tokens: how many were predicted, the end mark included.
    unknown: words of the sentence that are not in the vocabulary.
    """

    id: str
    log_probability: float
    tokens: int
    unknown: int = 0
    image: str | None = None


class PerplexityOptions(Options):
    vocabulary: int = Field(ge=1, description="how many words the model can say, marks included")
    oov: OutOfVocabulary = Field(
        default="removed", description="words outside it: removed before scoring, or predicted as one unknown-word mark"
    )


class Perplexity(Metric[Likelihood]):
    """Perplexity a token, bits a token, and the share of words outside the vocabulary (percent).

    Statistics of a sentence: −log₂ p, tokens, unknown words, words.
    """

    name = "perplexity"
    higher_is_better = False
    Options = PerplexityOptions
    options: PerplexityOptions

    @property
    def keys(self) -> tuple[str, ...]:
        return ("perplexity", "bits", "oov_rate")

    def fields(self) -> dict[str, Value]:
        return {
            "metric": self.name,
            "vocabulary": self.options.vocabulary,
            "oov": self.options.oov,
            "tokens": "end counted, start not",
        }

    def check(self, items: Sequence[Likelihood]) -> None:
        if not items:
            raise DataError("there is no sentence to score.")
        check_unique([item.id for item in items])
        for item in items:
            if not math.isfinite(item.log_probability) or item.log_probability > 0:
                raise DataError(
                    f"sentence {item.id!r} has the log-probability {item.log_probability}; a finite number that is "
                    "not above 0 is expected (natural logarithm, summed over its tokens)."
                )
            if item.tokens < 1 or item.unknown < 0:
                raise DataError(
                    f"sentence {item.id!r} has {item.tokens} tokens and {item.unknown} unknown words; its end mark is "
                    "a token, so it has at least one."
                )
            if self.options.oov == "unk" and item.unknown >= item.tokens:
                raise DataError(
                    f"sentence {item.id!r} has {item.unknown} unknown words among {item.tokens} tokens with the end "
                    "mark: with oov=unk each of them is one of its tokens."
                )

    def statistics(self, items: Sequence[Likelihood]) -> np.ndarray:
        removed = self.options.oov == "removed"
        return np.array(
            [
                (-i.log_probability / math.log(2), i.tokens, i.unknown, i.tokens - 1 + (i.unknown if removed else 0))
                for i in items
            ],
            dtype=float,
        )

    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        bits = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
        rate = np.divide(sums[:, 2], sums[:, 3], out=np.zeros(len(sums)), where=sums[:, 3] > 0)
        with np.errstate(over="ignore"):  # an infinite perplexity is refused when it is to be printed
            perplexity = 2.0**bits
        return {"perplexity": perplexity, "bits": bits, "oov_rate": 100 * rate}

    def counts(self, sums: np.ndarray) -> dict[str, float]:
        return {"tokens": float(sums[1]), "unknown": float(sums[2]), "words": float(sums[3])}

    def about(self, items: Sequence[Likelihood]) -> dict[str, Value]:
        return {"sentences": len(items)}

    @classmethod
    def read(cls, line: Mapping[str, Any], where: str) -> Likelihood:
        for key in ("id", "log_probability", "tokens"):
            if key not in line:
                raise DataError(f'{where}: there is no "{key}".')
        numbers = (line["log_probability"], line["tokens"], line.get("unknown", 0))
        if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
            raise DataError(f'{where}: "log_probability", "tokens" and "unknown" must be numbers.')
        if any(n != int(n) for n in numbers[1:]):
            raise DataError(f'{where}: "tokens" and "unknown" must be whole numbers.')
        image = line.get("image")
        return Likelihood(
            str(line["id"]), float(numbers[0]), int(numbers[1]), int(numbers[2]), None if image is None else str(image)
        )


def perplexity(
    log_probabilities: Mapping[str, float],
    tokens: Mapping[str, int],
    *,
    vocabulary: int,
    oov: OutOfVocabulary = "removed",
    unknown: Mapping[str, int] | None = None,
    images: Mapping[str, str] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """Perplexity of plain dicts id → log p (natural, summed) and id → tokens (end mark included).

    Raises:
        DataError: ids differ, a log-probability is not finite or above 0.
    """
    check_same_ids(log_probabilities, tokens, "log-probabilities", "tokens")
    for others, name in ((unknown, "unknown words"), (images, "images")):
        if others is not None:
            check_same_ids(log_probabilities, others, "log-probabilities", name)
    items = [
        Likelihood(id, value, tokens[id], (unknown or {}).get(id, 0), images[id] if images is not None else None)
        for id, value in log_probabilities.items()
    ]
    return Perplexity(PerplexityOptions(vocabulary=vocabulary, oov=oov)).score(items, seed=seed, resamples=resamples)
