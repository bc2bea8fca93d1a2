"""The network behind rnn."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsa_toolkit.training import dropout
from vsa_toolkit.vocabulary import Vocabulary

from ..cells import Cell
from ..image_vectors import ImageMap
from ..known_words import KnownWords
from ..language_backend import LanguageNetwork
from .options import RnnOptions

RnnState = tuple[Tensor, ...]
"""b_v until the first step has taken it, then zeros of no width; after it the cell's own state."""


class RnnNetwork(LanguageNetwork):
    """b_v = W_hi CNN(I);  h_t = f(W_hx x_t + W_hh h_{t−1} + b_h + 1[t = 1] b_v);  y_t = softmax(W_oh h_t + b_o).

    W_hi is the product W_hx W_v, so that the image comes in where words do.
    """

    def __init__(self, size: int, vocabulary: Vocabulary, options: RnnOptions) -> None:
        super().__init__()
        self.options = options
        self.cell = Cell(options.recurrence, options.word_dimension, options.hidden)
        self.images = ImageMap(size, options.word_dimension, dropped=options.image_dropout)
        self.table = nn.Parameter(torch.empty(len(vocabulary), options.word_dimension))
        self.output = nn.Linear(options.hidden, len(vocabulary))

    def reset(self, generator: torch.Generator) -> None:
        self.cell.reset(generator)
        self.images.reset(generator)
        nn.init.normal_(self.table, std=0.1, generator=generator)
        nn.init.xavier_uniform_(self.output.weight, generator=generator)

    def start(self, features: Tensor) -> RnnState:
        """(items, d) → the state before the first word"""
        return (self.images(features), *self.cell.start(len(features)))

    def step(self, state: RnnState, tokens: Tensor) -> tuple[Tensor, RnnState]:
        image, *cell = state
        if image.shape[1]:
            x = self.cell.inputs(self.table[tokens] + image)
        else:  # of many rows that are written at once, many have the same last word
            kinds, place = torch.unique(tokens, return_inverse=True)
            x = self.cell.inputs(self.table[kinds])[place]
        after = self.cell(x, tuple(cell))
        return self.output(after[0]), (image[:, :0], *after)

    def forward(self, features: Tensor, words: KnownWords, generator: torch.Generator | None) -> Tensor:
        options = self.options
        kinds, place = torch.unique(words.last, return_inverse=True)
        x = dropout(self.table[kinds], options.word_dropout, generator)[place]
        first, *others = torch.split(x, words.sizes)
        x = torch.cat([first + self.images(features, generator), *others])
        states = self.cell.run(self.cell.inputs(x), words.sizes)
        logits: Tensor = self.output(dropout(states, options.dropout, generator))
        return logits
