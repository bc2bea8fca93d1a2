"""Bidirectional recurrences with summed directions; the backward one starts at each sentence's true last word."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["relu", "gru", "lstm"]


class Bidirectional(nn.Module):
    """h_t = forward_t + backward_t (paper v2, eq. 4: the directions are summed, not concatenated).

    relu: hf_t = f(e_t + W_f hf_{t−1} + b_f), hb_t = f(e_t + W_b hb_{t+1} + b_b) (eqs. 2, 3): the input e_t is added
    unprojected, so its size is the hidden size.
    gru, lstm: the usual gates (Cho et al. 2014; Hochreiter and Schmidhuber 1997) on projected inputs.
    """

    def __init__(self, kind: Kind, size: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.hidden = kind, hidden
        gates = {"relu": 1, "gru": 3, "lstm": 4}[kind]
        if kind == "relu" and size != hidden:
            raise ValueError(f"the ReLU recurrence adds its input: {size} values do not fit a state of {hidden}")
        self.inputs = nn.Identity() if kind == "relu" else nn.Linear(size, 2 * gates * hidden)
        self.recurrent = nn.Parameter(torch.empty(2, hidden, gates * hidden))
        self.bias = nn.Parameter(torch.zeros(2, gates * hidden))

    def reset(self, generator: torch.Generator) -> None:
        """Orthogonal maps from state to state; half of one for ReLU, which would otherwise grow with each word."""
        with torch.no_grad():
            for direction in self.recurrent:
                for gate in direction.split(self.hidden, dim=1):
                    nn.init.orthogonal_(gate, gain=0.5 if self.kind == "relu" else 1.0, generator=generator)
            if self.kind == "lstm":
                self.bias[:, self.hidden : 2 * self.hidden] = 1.0  # remember at first

    def forward(self, e: Tensor, lengths: Tensor) -> Tensor:
        """e: (total, size), word after word, sentence after sentence; lengths: (sentences,) → (total, hidden)."""
        present = torch.arange(int(lengths.max()), device=e.device)[None, :] < lengths[:, None]
        inputs = self.inputs(e)
        padded = inputs.new_zeros(*present.shape, inputs.shape[1])
        padded[present] = inputs
        halves = (padded, padded) if self.kind == "relu" else padded.chunk(2, dim=2)
        states = self._run(halves[0], present, 0) + self._run(halves[1], present, 1)
        return states[present]

    def _run(self, inputs: Tensor, present: Tensor, direction: int) -> Tensor:
        """One direction over (sentences, words, …); a state moves only at words that are there."""
        steps = list(zip(inputs.unbind(1), present[:, :, None].unbind(1), strict=True))
        order = range(len(steps)) if direction == 0 else range(len(steps) - 1, -1, -1)
        h = torch.zeros(len(inputs), self.hidden, device=inputs.device)
        memory = torch.zeros_like(h)
        states = [h] * len(steps)
        for t in order:
            x, here = steps[t]
            new, new_memory = self._step(x, h, memory, direction)
            h, memory = torch.where(here, new, h), torch.where(here, new_memory, memory)
            states[t] = h
        return torch.stack(states, dim=1)

    def _step(self, x: Tensor, h: Tensor, memory: Tensor, direction: int) -> tuple[Tensor, Tensor]:
        carried = (h @ self.recurrent[direction]).float() + self.bias[direction]
        x = x.float()
        if self.kind == "relu":
            return torch.relu(x + carried), memory
        if self.kind == "gru":
            xr, xz, xn = x.chunk(3, dim=1)
            hr, hz, hn = carried.chunk(3, dim=1)
            update = torch.sigmoid(xz + hz)
            candidate = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
            return torch.lerp(candidate, h, update), memory
        gate_in, gate_forget, candidate, gate_out = (x + carried).chunk(4, dim=1)
        memory = torch.sigmoid(gate_forget) * memory + torch.sigmoid(gate_in) * torch.tanh(candidate)
        return torch.sigmoid(gate_out) * torch.tanh(memory), memory
