"""One step of a recurrent network: the plain one, GRU, LSTM, with the input already mapped to their gates."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["rnn", "gru", "lstm"]
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


class Cell(nn.Module):
    """h_t from W_hx x_t and h_{t−1}; the plain network is f(W_hx x_t + W_hh h_{t−1} + b_h) with f = ReLU
    (Karpathy and Li 2015, section 3.2), the others are Cho et al. 2014 and Hochreiter and Schmidhuber 1997."""

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

    def start(self, rows: int) -> tuple[Tensor, ...]:
        """h_0 = 0, for an LSTM its memory beside it; float32, (rows, hidden) each."""
        zero = torch.zeros(rows, self.hidden, device=self.recurrent.device)
        return (zero, zero) if self.kind == "lstm" else (zero,)

    def forward(self, x: Tensor, state: tuple[Tensor, ...], recurrent: Tensor | None = None) -> tuple[Tensor, ...]:
        """x: (rows, gates), mapped by `inputs` → the next state, h_t first. `recurrent`: the weights in another
        type."""
        h = state[0]
        carried = (h @ (self.recurrent if recurrent is None else recurrent)).float()
        x = x.float()
        if self.kind == "rnn":
            return (torch.relu(x + carried),)
        if self.kind == "gru":
            x_reset, x_update, x_new = x.chunk(3, dim=1)
            reset, update, new = carried.chunk(3, dim=1)
            update = torch.sigmoid(x_update + update)
            return (torch.lerp(torch.tanh(x_new + torch.sigmoid(x_reset + reset) * new), h, update),)
        gate_in, gate_forget, new, gate_out = (x + carried).chunk(4, dim=1)
        memory = torch.sigmoid(gate_forget) * state[1] + torch.sigmoid(gate_in) * torch.tanh(new)
        return torch.sigmoid(gate_out) * torch.tanh(memory), memory

    def narrowed(self) -> Tensor:
        """The recurrent weights in the type of products here; made once a pass, not at each step."""
        kind = self.recurrent.device.type
        if torch.is_autocast_enabled(kind):
            return self.recurrent.to(torch.get_autocast_dtype(kind))
        return self.recurrent
