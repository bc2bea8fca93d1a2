"""Recurrent networks over sentences: GRU or LSTM, forward or in both directions, and a sentence as its last state.

Sentences of any lengths are sorted, so that step t works on those that have a t-th word and on nothing else: no
padding, no mask, and a sentence's states do not depend on the others.
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
from .sentence_words import Words, WordTable

Kind = Literal["gru", "lstm"]


class RecurrentOptions(RankingOptions):
    dimension: int = Field(1024, ge=1, description="h, the length of image and sentence vectors")
    word_dimension: int = Field(300, ge=1, description="length of the word vectors x_t")
    recurrence: Kind = "gru"
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
        gates = {"gru": 3, "lstm": 4}[kind] * hidden
        self.inputs = nn.Linear(size, self.directions * gates)
        self.recurrent = nn.Parameter(torch.empty(self.directions, hidden, gates))
        self.bias = nn.Parameter(torch.zeros(self.directions, gates))

    def reset(self, generator: torch.Generator) -> None:
        nn.init.xavier_uniform_(self.inputs.weight, generator=generator)
        nn.init.zeros_(self.inputs.bias)
        with torch.no_grad():
            for direction in self.recurrent:
                for gate in direction.split(self.hidden, dim=1):
                    nn.init.orthogonal_(gate, generator=generator)
            if self.kind == "lstm":
                self.bias[:, self.hidden : 2 * self.hidden] = 1.0  # remember at first

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (total, size), word after word, sentence after sentence; lengths: (sentences,) → (total, hidden)."""
        states = self.each_direction(x, lengths)
        return states[0] if len(states) == 1 else (states[0] + states[1]) / 2

    def each_direction(self, x: Tensor, lengths: Tensor) -> list[Tensor]:
        """The states of one direction, or of both, (total, hidden) each."""
        inputs = self.inputs(x).chunk(self.directions, dim=1)
        return [self._run(part, lengths, direction) for direction, part in enumerate(inputs)]

    def _run(self, inputs: Tensor, lengths: Tensor, direction: int) -> Tensor:
        steps = Steps.of(lengths, backward=direction == 1)
        recurrent, bias = self.recurrent[direction], self.bias[direction]
        h = inputs.new_zeros(steps.sizes[0], self.hidden, dtype=torch.float32)
        if torch.is_autocast_enabled(inputs.device.type):
            recurrent = recurrent.to(torch.get_autocast_dtype(inputs.device.type))  # once, not at each step
        memory, states = h, []
        for x in torch.split(inputs[steps.order], steps.sizes):
            if len(x) < len(h):
                h, memory = h[: len(x)], memory[: len(x)]
            carried = (h @ recurrent).float() + bias
            h, memory = self._step(x.float(), carried, h, memory)
            states.append(h)
        back = torch.empty_like(steps.order)
        back[steps.order] = torch.arange(len(back), device=back.device)
        return torch.cat(states)[back]

    def _step(self, x: Tensor, carried: Tensor, h: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        if self.kind == "gru":
            x_reset, x_update, x_new = x.chunk(3, dim=1)
            reset, update, new = carried.chunk(3, dim=1)
            update = torch.sigmoid(x_update + update)
            new = torch.tanh(x_new + torch.sigmoid(x_reset + reset) * new)
            return torch.lerp(new, h, update), memory
        gate_in, gate_forget, new, gate_out = (x + carried).chunk(4, dim=1)
        memory = torch.sigmoid(gate_forget) * memory + torch.sigmoid(gate_in) * torch.tanh(new)
        return torch.sigmoid(gate_out) * torch.tanh(memory), memory


@dataclass(frozen=True)
class Steps:
    """Which words each step takes. order: (total,) int64, the words step after step, in a step the longest sentence
    first; sizes: how many words each step has, never rising."""

    order: Tensor
    sizes: list[int]

    @classmethod
    def of(cls, lengths: Tensor, backward: bool = False) -> Self:
        """lengths: (sentences,) int64, all ≥ 1; the words are sentence after sentence."""
        sentences = torch.argsort(lengths, descending=True, stable=True)
        long = lengths[sentences]
        sizes = (long[None, :] > torch.arange(int(long[0]), device=lengths.device)[:, None]).sum(dim=1).tolist()
        ends = lengths.cumsum(0)
        order = [
            ends[sentences[:size]] - 1 - step
            if backward
            else (ends - lengths)[sentences[:size]] + step
            for step, size in enumerate(sizes)
        ]  # fmt: skip
        return cls(torch.cat(order), sizes)
