"""How varied captions are, and how many of them are sentences of the training set, word for word.

Li et al. 2016, "A diversity-promoting objective function for neural conversation models": distinct-n is the number of
different n-grams over the number of all. It falls as captions are added, so compare it between equally many only; the
signature has their number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import Field

from ..errors import DataError
from ..options import Options
from ..signature import Value
from .metric import MeanMetric, Score, TextMetric
from .resampling import RESAMPLES
from .segments import Segment, check_same_ids
from .tokenisers import CASE, Tokeniser, tokens_of


class DistinctOptions(Options):
    order: int = Field(default=2, ge=1, le=9, description="the longest n-gram")
    tokenise: Tokeniser = Field(default="words", description="the tokeniser")


class Distinct(TextMetric):
    """distinct-1 … order, and the share of captions that no other one equals before them, in percent.

    Statistics of a caption: for each order the n-grams that no caption before it has, and all its n-grams; whether the
    caption itself is new; 1. Their sum over all captions is right, over some of them it is not.
    """

    name = "distinct"
    needs_references = False
    additive = False
    Options = DistinctOptions
    options: DistinctOptions

    @property
    def keys(self) -> tuple[str, ...]:
        return (*(f"distinct{n}" for n in range(1, self.options.order + 1)), "distinct_captions")

    def fields(self) -> dict[str, Value]:
        tokeniser = self.options.tokenise
        return {"metric": self.name, "order": self.options.order, "tokenise": tokeniser, "case": CASE[tokeniser]}

    def statistics(self, items: Sequence[Segment]) -> np.ndarray:
        tokens, seen = tokens_of(self.options.tokenise), set[tuple[str, ...]]()
        captions = set[tuple[str, ...]]()
        rows = np.zeros((len(items), len(self.keys) * 2))
        for row, item in zip(rows, items):
            words = tuple(tokens(item.text))
            for n in range(1, self.options.order + 1):
                ngrams = [words[i : i + n] for i in range(len(words) - n + 1)]
                new = set(ngrams) - seen
                seen |= new
                row[2 * n - 2 : 2 * n] = len(new), len(ngrams)
            row[-2:] = words not in captions, 1
            captions.add(words)
        return rows

    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        new, all_of_them = sums[:, 0::2], sums[:, 1::2]
        shares = 100 * np.divide(new, all_of_them, out=np.zeros_like(new), where=all_of_them > 0)
        return {key: shares[:, number] for number, key in enumerate(self.keys)}

    def counts(self, sums: np.ndarray) -> dict[str, float]:
        numbers = {f"different{n}": float(sums[2 * n - 2]) for n in range(1, self.options.order + 1)}
        return numbers | {f"total{n}": float(sums[2 * n - 1]) for n in range(1, self.options.order + 1)}


class CopiedOptions(Options):
    training: Path | None = Field(default=None, description="the training sentences, one a line")
    tokenise: Tokeniser = Field(default="words", description="how texts are made alike before they are compared")


class Copied(MeanMetric):
    """The share of captions that are a training sentence word for word, in percent."""

    name = "copied"
    value = "copied"
    needs_references = False
    higher_is_better = False
    Options = CopiedOptions
    options: CopiedOptions

    def __init__(self, options: CopiedOptions | None = None, training: Iterable[str] | None = None) -> None:
        """`training` are the sentences themselves; else they are read from the file that the options name."""
        super().__init__(options)
        self._given = None if training is None else list(training)

    @cached_property
    def training(self) -> frozenset[tuple[str, ...]]:
        """The tokens of the training sentences."""
        texts = self._read() if self._given is None else self._given
        tokens = tokens_of(self.options.tokenise)
        return frozenset(found for text in texts if (found := tuple(tokens(text))))

    def fields(self) -> dict[str, Value]:
        digest = hashlib.sha256()
        for sentence in sorted(self.training):
            digest.update((" ".join(sentence) + "\n").encode())
        return {
            "metric": self.name,
            "training": digest.hexdigest()[:12],
            "training_sentences": len(self.training),
            "tokenise": self.options.tokenise,
            "case": CASE[self.options.tokenise],
        }

    def scores(self, items: Sequence[Segment]) -> np.ndarray:
        tokens = tokens_of(self.options.tokenise)
        return np.array([tuple(tokens(item.text)) in self.training for item in items], dtype=float)

    def counts(self, sums: np.ndarray) -> dict[str, float]:
        return {"copied_captions": float(sums[0])}

    def _read(self) -> list[str]:
        if self.options.training is None:
            raise DataError("the training sentences are not given: -o training=FILE, one sentence a line.")
        try:
            lines = self.options.training.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"training sentences {self.options.training} cannot be read: {error}.") from error
        if not any(line.strip() for line in lines):
            raise DataError(f"{self.options.training} has no training sentence.")
        return lines


def distinct(captions: Mapping[str, str], *, order: int = 2, tokenise: Tokeniser = "words") -> Score:
    """distinct-n of captions id → text; without intervals, for a resample has fewer different captions."""
    metric = Distinct(DistinctOptions(order=order, tokenise=tokenise))
    return metric.score([Segment(str(id), text) for id, text in captions.items()])


def copied(
    captions: Mapping[str, str],
    training: Iterable[str],
    *,
    images: Mapping[str, str] | None = None,
    tokenise: Tokeniser = "words",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Score:
    """The share of captions id → text that stand in the training sentences, in percent."""
    if images is not None:
        check_same_ids(captions, images, "captions", "images")
    items = [Segment(str(id), text, (), None if images is None else str(images[id])) for id, text in captions.items()]
    return Copied(CopiedOptions(tokenise=tokenise), training).score(items, seed=seed, resamples=resamples)
