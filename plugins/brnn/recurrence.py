"""Bidirectional recurrences with summed directions; the backward one starts at each sentence's true last word."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ..recurrence import GATES, unroll
from ..recurrence import Kind as SharedKind
from ..recurrent_sentences import Steps

Kind = Literal["relu", "gru", "lstm"]
SHARED: dict[Kind, SharedKind] = {"relu": "rnn", "gru": "gru", "lstm": "lstm"}


class Bidirectional(nn.Module):
    """h_t = forward_t + backward_t (paper v2, eq. 4: the directions are summed, not concatenated).

    relu: hf_t = f(e_t + W_f hf_{t−1} + b_f), hb_t = f(e_t + W_b hb_{t+1} + b_b) (eqs. 2, 3): the input e_t is added
    unprojected, so its size is the hidden size.
    gru, lstm: the usual gates on projected inputs.
    """

    def __init__(self, kind: Kind, size: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.hidden = kind, hidden
        gates = GATES[SHARED[kind]]
        if kind == "relu" and size != hidden:
            raise ValueError(f"the ReLU recurrence adds its input: {size} values do not fit a state of {hidden}")
        self.inputs = nn.Identity() if kind == "relu" else nn.Linear(size, 2 * gates * hidden)
        self.recurrent = nn.Parameter(torch.empty(2, hidden, gates * hidden))
        self.bias = nn.Parameter(torch.zeros(2, gates * hidden))

    def reset(self, generator: torch.Generator) -> None:
        """Orthogonal maps from state to state; half of one for ReLU, which would otherwise grow with each word."""
        if isinstance(self.inputs, nn.Linear):
            nn.init.xavier_uniform_(self.inputs.weight, generator=generator)
            nn.init.zeros_(self.inputs.bias)
        with torch.no_grad():
            for direction in self.recurrent:
                for gate in direction.split(self.hidden, dim=1):
                    nn.init.orthogonal_(gate, gain=0.5 if self.kind == "relu" else 1.0, generator=generator)
            if self.kind == "lstm":
                self.bias[:, self.hidden : 2 * self.hidden] = 1.0  # remember at first

    def forward(self, e: Tensor, lengths: Tensor) -> Tensor:
        """e: (total, size), word after word, sentence after sentence; lengths: (sentences,) → (total, hidden)."""
        inputs = self.inputs(e)
        halves = (inputs, inputs) if self.kind == "relu" else inputs.chunk(2, dim=1)
        return self._run(halves[0], lengths, 0) + self._run(halves[1], lengths, 1)

    def _run(self, x: Tensor, lengths: Tensor, direction: int) -> Tensor:
        steps = Steps.of(lengths, backward=direction == 1)
        recurrent, bias = self.recurrent[direction], self.bias[direction]
        return unroll(SHARED[self.kind], x[steps.order], recurrent, bias, steps.sizes)[steps.place]
