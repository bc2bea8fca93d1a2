"""A bag of words: the baseline that every model with more structure has to face.

    v = W z + b + W_2 f(W_1 z + b_1)    the whole photo's features (without the second path, `bottleneck=0`, linearly)
    u = 1/T Σ_t w_t                     the mean of the sentence's word vectors, all of them learnt
    S = τ cos(v, u)

trained by the symmetric cross-entropy of each true pair among the wrong pairs of its batch (InfoNCE: van den Oord et
al. 2018; both ways as in Zhang et al. 2020, ConVIRT).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor

from vsa_toolkit.alignment.losses import contrastive
from vsa_toolkit.backend import Backend, Requires
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from .image_vectors import ImageMap
from .joint_embedding import JointEmbedding, JointNetwork, SentenceNetwork
from .ranking_options import RankingOptions
from .sentence_words import Words, WordTable


class BowOptions(RankingOptions):
    dimension: int = Field(1024, ge=1, description="h, the length of image and word vectors")
    sharpness: float = Field(20.0, gt=0, description="τ, what cosines are multiplied with: 1 / temperature")
    bottleneck: int = Field(1024, ge=0, description="hidden units of a second, non-linear path for images; 0: linear")
    epochs: int = Field(20, ge=1, description="passes over the training images")
    rate: float = Field(3e-3, gt=0, description="the learning rate")
    dropout: float = Field(0.5, ge=0, lt=1, description="of image features and of hidden units")
    word_dropout: float = Field(0.3, ge=0, lt=1, description="of the elements of word vectors")


class MeanOfWords(SentenceNetwork):
    """u = 1/T Σ_t w_t"""

    def __init__(self, vocabulary: Vocabulary, options: BowOptions) -> None:
        super().__init__()
        self.options = options
        self.table = WordTable(vocabulary, options.dimension)

    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        self.table.reset(generator)
        if self.options.vectors is not None:
            self.table.start_from(self.options.vectors, vocabulary)

    def forward(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        return self.table.mean(words, self.options.word_dropout, generator)


class Bow(JointEmbedding):
    """The mean of learnt word vectors against the photo as a whole."""

    name = "bow"
    requires = Requires("frame")
    Options: ClassVar[type[BaseOptions]] = BowOptions

    def build(self, size: int, vocabulary: Vocabulary) -> JointNetwork:
        options = cast(BowOptions, self.options)
        images = ImageMap(size, options.dimension, options.bottleneck, options.dropout)
        return JointNetwork(images, MeanOfWords(vocabulary, options), sharpness=options.sharpness)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return contrastive(scores, batch.image_of)


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Bow)
