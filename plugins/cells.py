"""A recurrent network from word to word, with the input mapped to its gates: one step, or all of a training's."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .recurrence import GATES, Kind, State, start, step, unroll


class Cell(nn.Module):
    """h_t from W_hx x_t and h_{t−1}; the plain network is f(W_hx x_t + W_hh h_{t−1} + b_h) with f = ReLU
    (Karpathy and Li 2015, section 3.2)."""

    def __init__(self, kind: Kind, size: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.hidden, self.gates = kind, hidden, GATES[kind] * hidden
        self.inputs = nn.Linear(size, self.gates)
        self.recurrent = nn.Parameter(torch.empty(hidden, self.gates))

    def reset(self, generator: torch.Generator) -> None:
        nn.init.xavier_uniform_(self.inputs.weight, generator=generator)
        nn.init.zeros_(self.inputs.bias)
        with torch.no_grad():
            for gate in torch.split(self.recurrent, self.hidden, dim=1):
                if self.kind == "rnn":
                    gate.copy_(0.5 * torch.eye(self.hidden))  # a ReLU recurrence keeps what it knows, and stays small
                else:
                    nn.init.orthogonal_(gate, generator=generator)
            if self.kind == "lstm":
                self.inputs.bias[self.hidden : 2 * self.hidden] = 1.0  # remember at first

    def start(self, rows: int) -> State:
        return start(self.kind, rows, self.hidden, self.recurrent.device)

    def forward(self, x: Tensor, state: State) -> State:
        """x: (rows, gates), mapped by `inputs` → the next state, h_t first."""
        return step(self.kind, x.float(), (state[0] @ self.recurrent).float(), state)

    def run(self, x: Tensor, sizes: Sequence[int]) -> Tensor:
        """x: (total, gates), mapped by `inputs`, step after step, `sizes` rows each → (total, hidden), all h_t."""
        return unroll(self.kind, x, self.recurrent, None, sizes)
