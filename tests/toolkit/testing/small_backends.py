"""Three small backends that keep everything, and ten that each break one thing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor

from vsa_toolkit import Backend, Context, Examples, Fragments, Requires, Scoring
from vsa_toolkit import Options as BaseOptions
from vsa_toolkit.vocabulary import Vocabulary, build_vocabulary


class SmallOptions(BaseOptions):
    """Their one option."""

    dimension: int = Field(6, ge=1, description="length of all vectors")


class Small(Backend):
    """Random maps of the mean region and of the mean word: it learns a vocabulary and draws its weights in fit."""

    name = "small"
    Options: ClassVar[type[BaseOptions]] = SmallOptions
    requires = Requires("regions")

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        width = self.options.dimension  # type: ignore[attr-defined]
        self.vocabulary = build_vocabulary(self.reads(train, val), 2)
        self.image_map = self.draw((train.layout.dimension, width), ctx)
        self.word_map = self.draw((len(self.vocabulary), width), ctx)
        self.word_map[0] = 0
        self.count(train)
        for step in range(3):
            ctx.progress(step, 3)
            if ctx.cancelled():
                break
        ctx.progress(3, 3)
        ctx.save(self)

    def count(self, train: Examples) -> None:
        pass

    def reads(self, train: Examples, val: Examples) -> Sequence[Sequence[str]]:
        return train.sentences

    def draw(self, shape: tuple[int, int], ctx: Context) -> Tensor:
        return torch.randn(shape, generator=ctx.generator)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"image_map": self.image_map, "word_map": self.word_map}, {"vocabulary": list(self.vocabulary.words)}

    @classmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        made = cls(options, device)
        made.image_map, made.word_map = tensors["image_map"].to(device), tensors["word_map"].to(device)
        made.vocabulary = Vocabulary(tuple(values["vocabulary"]))
        return made

    def of_images(self, features: Tensor, counts: Tensor) -> Tensor:
        inside = torch.arange(features.shape[1])[None, :] < counts[:, None]
        summed = features.masked_fill(~inside[..., None], 0).sum(dim=1)
        return (summed / counts[:, None]) @ self.image_map

    def of_sentences(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        return torch.stack([self.word_map[self.ids(s)].sum(dim=0) / max(len(s), 1) for s in sentences])

    def ids(self, sentence: Sequence[str]) -> Tensor:
        return torch.tensor(self.vocabulary.encode(sentence), dtype=torch.int64)


class SmallEncoder(Small):
    """A dual encoder: mean of an image's regions, mean of a sentence's words."""

    def embed_images(self, features: Tensor, counts: Tensor) -> Tensor:
        return self.of_images(features, counts)

    def embed_sentences(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        return self.of_sentences(sentences)


class SmallAligner(Small):
    """An aligner: each word against each region."""

    scoring = Scoring(normalise="mean")

    def embed_regions(self, features: Tensor, counts: Tensor) -> Tensor:
        return features @ self.image_map

    def embed_fragments(self, sentences: Sequence[Sequence[str]]) -> Fragments:
        ids = [self.ids(sentence) if len(sentence) else torch.zeros(1, dtype=torch.int64) for sentence in sentences]
        return Fragments(
            self.word_map[torch.cat(ids)],
            torch.tensor([len(one) for one in ids]),
            torch.cat([torch.arange(len(one)) for one in ids]),
        )


class SmallRanker(Small):
    """A ranker: the distance of two vectors, which is no dot product."""

    def score(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        apart = self.of_images(features, counts)[:, None] - self.of_sentences(sentences)[None]
        return -apart.square().sum(dim=2)


class SmallLanguageModel(Small):
    """A language model of word pairs: how often does a word, or the end, follow another in training?"""

    def count(self, train: Examples) -> None:
        counted = torch.full((len(self.vocabulary), len(self.vocabulary)), 0.1)
        for sentence in train.sentences:
            ids = [0, *self.vocabulary.encode(sentence), 0]
            for before, after in pairwise(ids):
                if not self.forgets(after):
                    counted[before, after] += 1
        self.words_after = counted

    @property
    def words(self) -> Sequence[str]:
        return self.vocabulary.words

    def forgets(self, word: int) -> bool:
        return False

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, values = super().state()
        return tensors | {"after": self.words_after}, values

    @classmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        made = super().from_state(options, tensors, values, device)
        made.words_after = tensors["after"].to(device)
        return made

    def start(self, features: Tensor) -> Tensor:
        return features @ self.image_map

    def step(self, state: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return self.words_after[tokens].log(), state


# Ten faults ------------------------------------------------------------------------------------------------


class LeaksBatchStatistics(SmallEncoder):
    def embed_images(self, features: Tensor, counts: Tensor) -> Tensor:
        vectors = super().embed_images(features, counts)
        return vectors - vectors.mean(dim=0)


class TransposesScores(SmallRanker):
    def score(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        return super().score(features, counts, sentences).T


class IgnoresTheMask(SmallEncoder):
    def embed_images(self, features: Tensor, counts: Tensor) -> Tensor:
        return features.mean(dim=1) @ self.image_map


class ForgetsTheEnd(SmallLanguageModel):
    def forgets(self, word: int) -> bool:
        return word == 0


class DropsUnknownWords(SmallAligner):
    def embed_fragments(self, sentences: Sequence[Sequence[str]]) -> Fragments:
        return super().embed_fragments([[word for word in s if word in self.vocabulary] for s in sentences])


class IsNotDeterministic(SmallEncoder):
    def draw(self, shape: tuple[int, int], ctx: Context) -> Tensor:
        return torch.randn(shape)


class StaysOnItsDevice(SmallEncoder):
    @classmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        made = super().from_state(options, tensors, values, torch.device("cpu"))
        made.device = device
        return made


class MutatesItsInput(SmallEncoder):
    def embed_images(self, features: Tensor, counts: Tensor) -> Tensor:
        return super().embed_images(features.mul_(0.5), counts)


class LosesState(SmallEncoder):
    @classmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        made = super().from_state(options, tensors, values, device)
        made.word_map = made.word_map.round(decimals=2)
        return made


class ReadsOtherSentences(SmallEncoder):
    def count(self, train: Examples) -> None:
        pass

    def reads(self, train: Examples, val: Examples) -> Sequence[Sequence[str]]:
        return [*train.sentences, *val.sentences]
