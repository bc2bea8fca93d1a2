"""DeViSE for sentences (Frome et al., NIPS 2013, as Karpathy, Joulin and Fei-Fei, NIPS 2014, compare with it).

    v = M z                     the whole photo's features, mapped linearly to where words are
    u = A · 1/T Σ_t w_t         the mean of the sentence's word vectors, of unit norm where they come from a file
    S = v · u                   of unit vectors, so a cosine; with `unit_norm=false` as it stands here

and a hinge for each wrong pair in the batch: Σ max(0, margin − S_true + S_wrong), margin 0.1 (their eq. 1, both ways).
With `-o vectors=FILE` the word vectors stay the file's, of unit norm, as in the paper; without, they are learnt. The
paper has no A: its sentences are labels and lie in the word vectors' own space.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from vsa_toolkit.alignment.losses import hinge
from vsa_toolkit.backend import Backend, Examples, Requires
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from .image_vectors import ImageMap
from .joint_embedding import JointEmbedding, JointNetwork, SentenceNetwork
from .ranking_options import RankingOptions
from .sentence_words import Words, WordTable, file_vectors


class DeviseOptions(RankingOptions):
    word_dimension: int = Field(300, ge=1, description="length of the word vectors; a file's shorter ones fill a part")
    linear: bool = Field(True, description="map the mean of word vectors (A); else the joint space is that of words")
    dimension: int = Field(1024, ge=1, description="length of the vectors in the joint space, with linear")
    unit_norm: bool = Field(True, description="compare by the cosine; else by the product of vectors as they are")
    margin: float = Field(0.1, gt=0, description="by which a right pair must score higher than a wrong one")
    rate: float = Field(1e-3, gt=0, description="the learning rate")
    dropout: float = Field(0.3, ge=0, lt=1, description="of image features")


class MappedMean(SentenceNetwork):
    """u = A · 1/T Σ_t w_t"""

    def __init__(self, vocabulary: Vocabulary, options: DeviseOptions) -> None:
        super().__init__()
        self.options = options
        self.table = WordTable(vocabulary, options.word_dimension, frozen=options.vectors is not None)
        self.map = nn.Linear(options.word_dimension, options.dimension, bias=False) if options.linear else None

    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        if self.options.vectors is None:
            self.table.reset(generator)
        else:
            self.table.take(self.options.vectors, vocabulary)
        if self.map is not None:
            nn.init.xavier_uniform_(self.map.weight, generator=generator)

    def forward(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        mean = self.table.mean(words, self.options.word_dropout, generator)
        return mean if self.map is None else cast(Tensor, self.map(mean))


class Devise(JointEmbedding):
    """Photos mapped to where the mean of their sentences' word vectors is."""

    name = "devise"
    paper = "Frome et al., DeViSE: A Deep Visual-Semantic Embedding Model, NIPS 2013"
    requires = Requires("frame")
    Options: ClassVar[type[BaseOptions]] = DeviseOptions

    @property
    def choices(self) -> DeviseOptions:
        return cast(DeviseOptions, self.options)

    def choose_words(self, train: Examples) -> Vocabulary:
        """With vectors from a file, the words of training that it has."""
        words = super().choose_words(train)
        if self.choices.vectors is None:
            return words
        rows, _ = file_vectors(self.choices.vectors, words, self.choices.word_dimension)
        return Vocabulary(tuple(words.words[row - 1] for row in sorted(rows.tolist())))

    def build(self, size: int, vocabulary: Vocabulary) -> JointNetwork:
        choices = self.choices
        images = ImageMap(
            size, choices.dimension if choices.linear else choices.word_dimension, dropped=choices.dropout
        )
        return JointNetwork(images, MappedMean(vocabulary, choices), unit_norm=choices.unit_norm)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return hinge(scores, batch.image_of, self.choices.margin)


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Devise)
