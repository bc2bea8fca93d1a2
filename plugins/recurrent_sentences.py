"""Recurrent networks over sentences: GRU or LSTM, forward or in both directions, and a sentence as its last state.

Sentences of any lengths are sorted, so that step t works on those that have a t-th word, and on a few beside them that
are over and whose further states nobody reads: a sentence's states do not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from vsa_toolkit.training import dropout
from vsa_toolkit.vocabulary import Vocabulary

from .joint_embedding import SentenceNetwork
from .ranking_options import RankingOptions
from .recurrence import GATES, unroll
from .sentence_words import Words, WordTable

Kind = Literal["gru", "lstm"]

SHAPES = 8
"""How many different numbers of sentences the steps of a batch have, about."""


class RecurrentOptions(RankingOptions):
    dimension: int = Field(1024, ge=1, description="h, the length of image and sentence vectors")
    word_dimension: int = Field(300, ge=1, description="length of the word vectors x_t")
    recurrence: Kind = Field("gru", description="the network that runs over the words, both ways")
    both_directions: bool = Field(False, description="read backwards too; a sentence is the mean of both last states")


class LastState(SentenceNetwork):
    """u = h_T: the state after the last word (and that of the backward network after the first)."""

    def __init__(self, vocabulary: Vocabulary, options: RecurrentOptions) -> None:
        super().__init__()
        self.options = options
        self.table = WordTable(vocabulary, options.word_dimension)
        self.recurrence = Recurrence(
            options.recurrence, options.word_dimension, options.dimension, options.both_directions
        )

    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        self.table.reset(generator)
        self.recurrence.reset(generator)
        if self.options.vectors is not None:
            self.table.start_from(self.options.vectors, vocabulary)

    def forward(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        x = self.table(words, self.options.word_dropout, generator)
        forward, *backward = self.recurrence.each_direction(x, words.lengths)
        u = forward[words.starts + words.lengths - 1]
        if backward:
            u = (u + backward[0][words.starts]) / 2
        return dropout(u, self.options.dropout, generator)


class Recurrence(nn.Module):
    """h_t = GRU(x_t, h_{t−1}) (Cho et al. 2014) or LSTM (Hochreiter and Schmidhuber 1997), zero at first.

    In both directions a word's state is the mean of its two.
    """

    def __init__(self, kind: Kind, size: int, hidden: int, both: bool = False) -> None:
        super().__init__()
        self.kind, self.hidden, self.directions = kind, hidden, 2 if both else 1
        gates = GATES[kind] * hidden
        self.inputs = nn.Parameter(torch.empty(self.directions, size, gates))
        self.recurrent = nn.Parameter(torch.empty(self.directions, hidden, gates))
        self.bias = nn.Parameter(torch.zeros(self.directions, gates))

    def reset(self, generator: torch.Generator) -> None:
        with torch.no_grad():
            for inputs, recurrent in zip(self.inputs, self.recurrent, strict=True):
                nn.init.xavier_uniform_(inputs, generator=generator)
                for gate in recurrent.split(self.hidden, dim=1):
                    nn.init.orthogonal_(gate, generator=generator)
            if self.kind == "lstm":
                self.bias[:, self.hidden : 2 * self.hidden] = 1.0  # remember at first

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (total, size), word after word, sentence after sentence; lengths: (sentences,) → (total, hidden)."""
        states = self.each_direction(x, lengths)
        return states[0] if len(states) == 1 else (states[0] + states[1]) / 2

    def each_direction(self, x: Tensor, lengths: Tensor) -> list[Tensor]:
        """The states of one direction, or of both, (total, hidden) each."""
        return [self._run(x, lengths, direction) for direction in range(self.directions)]

    def _run(self, x: Tensor, lengths: Tensor, direction: int) -> Tensor:
        steps = Steps.of(lengths, backward=direction == 1)
        gates = x[steps.order] @ self.inputs[direction]  # x before its gates, which are many times as wide
        return unroll(self.kind, gates, self.recurrent[direction], self.bias[direction], steps.sizes)[steps.place]


@dataclass(frozen=True)
class Steps:
    """Which words each step takes. order: (rows,) int64, the words step after step, in a step the longest sentence
    first; sizes: how many each step takes, never rising; place: (total,) int64, the row of each word.

    Sizes are rounded up, a sentence that is over repeats its last word: on a CPU the first matrix product of every new
    shape costs more than some rows too many, and memory that is not given back.
    """

    order: Tensor
    sizes: list[int]
    place: Tensor

    @classmethod
    def of(cls, lengths: Tensor, backward: bool = False) -> Self:
        """lengths: (sentences,) int64, all ≥ 1; the words are sentence after sentence."""
        device, count = lengths.device, len(lengths)
        sentences = torch.argsort(lengths, descending=True, stable=True)
        starts = lengths.cumsum(0) - lengths
        step = torch.arange(int(lengths.max()), device=device)[:, None]
        unit = max(1, count // SHAPES)
        sizes = (((lengths > step).sum(dim=1) + unit - 1) // unit * unit).clamp(max=count)

        token = step.clamp(max=lengths[sentences] - 1)
        token = lengths[sentences] - 1 - token if backward else token
        taken = torch.arange(count, device=device)[None, :] < sizes[:, None]

        rank = torch.argsort(sentences)
        own = torch.arange(count, device=device).repeat_interleave(lengths)
        at = torch.arange(len(own), device=device) - starts[own]
        at = lengths[own] - 1 - at if backward else at
        place = (sizes.cumsum(0) - sizes)[at] + rank[own]
        return cls((starts[sentences] + token)[taken], sizes.tolist(), place)
