"""Regions and words in one space, compared by cross attention."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from vsa_toolkit.training import dropout
from vsa_toolkit.vocabulary import Vocabulary

from ..image_vectors import ImageMap
from ..ranking_backend import RankingNetwork
from ..recurrent_sentences import Recurrence
from ..sentence_words import Words, WordTable
from .attention import Attention, attention_scores
from .options import ScanOptions

ROUND = 256
"""Words of a batch are filled up to a multiple of so many: a processor prepares a bfloat16 product anew for each number
of rows that it meets, and keeps what it prepared."""


class ScanNetwork(RankingNetwork):
    """v_i = W_v f_i + b_v (section 3.2); e_t = (→h_t + ←h_t) / 2 of a GRU in both directions (eq. 13 to 15)."""

    def __init__(self, size: int, vocabulary: Vocabulary, options: ScanOptions) -> None:
        super().__init__()
        self.options = options
        self.images = ImageMap(size, options.dimension, dropped=options.dropout)
        self.table = WordTable(vocabulary, options.word_dimension)
        self.recurrence = Recurrence(options.recurrence, options.word_dimension, options.dimension, both=True)
        self.attention = Attention(options.direction, options.sharpness, options.pool, options.pool_sharpness)

    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        self.images.reset(generator)
        self.table.reset(generator)
        self.recurrence.reset(generator)
        if self.options.vectors is not None:
            self.table.start_from(self.options.vectors, vocabulary)

    def embed_regions(self, features: Tensor, counts: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(images, R, d), (images,) → (images, R, h) of unit length, zero beyond the counts."""
        there = torch.arange(features.shape[1], device=counts.device)[None, :] < counts[:, None]
        return normalize(self.images(features, generator).float(), dim=2) * there[..., None]

    def embed_words(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        """→ (total, h) of unit length, sentence after sentence"""
        x = self.table(words, self.options.word_dropout, generator)
        states = dropout(self.recurrence(x, words.lengths), self.options.dropout, generator)
        return normalize(states.float(), dim=1)

    def scores(self, regions: Tensor, counts: Tensor, vectors: Tensor, lengths: Tensor, dtype: torch.dtype) -> Tensor:
        """(images, sentences) float32; cosines of words with regions are made in `dtype`, all else in float32."""
        flat, rows = regions.flatten(0, 1), -(-len(vectors) // ROUND) * ROUND
        even = torch.cat([vectors, vectors.new_zeros(rows - len(vectors), vectors.shape[1])])
        product = (even.to(dtype) @ flat.to(dtype).t())[: len(vectors)]
        cosines = product.float().view(len(vectors), *regions.shape[:2])
        return attention_scores(cosines, vectors, lengths, regions, counts, self.attention)
