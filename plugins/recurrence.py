"""The recurrences of every backend: one step, for going word by word, and all steps of many sequences, for training.

    rnn    h_t = f(x_t + c_t), f = ReLU                                             c_t = W h_{t−1} + b
    gru    h_t = (1 − u) n + u h_{t−1},  r, u = σ(x_t + c_t),  n = tanh(x_t + r c_t)   (Cho et al. 2014)
    lstm   m_t = f m_{t−1} + i g,  h_t = o tanh m_t,  i, f, o = σ(x_t + c_t),  g = tanh(x_t + c_t)
           (Hochreiter and Schmidhuber 1997, with forget gates)

x_t are inputs already mapped to the gates, in the order r, u, n and i, f, g, o. `unroll` has a gradient of its own:
that of W is one matrix product over all steps, not a sum of one a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

aten = torch.ops.aten

Kind = Literal["rnn", "gru", "lstm"]
GATES: dict[Kind, int] = {"rnn": 1, "gru": 3, "lstm": 4}
State = tuple[Tensor, ...]
"""h_t, for an LSTM m_t beside it; float32, (rows, hidden) each."""


def start(kind: Kind, rows: int, hidden: int, device: torch.device) -> State:
    """h_0 = 0, m_0 = 0"""
    zero = torch.zeros(rows, hidden, device=device)
    return (zero, zero) if kind == "lstm" else (zero,)


def step(kind: Kind, x: Tensor, carried: Tensor, state: State) -> State:
    """x, carried: (rows, gates) float32, x_t and c_t → the next state"""
    return _activate(kind, x, carried, state)[0]


def unroll(kind: Kind, x: Tensor, recurrent: Tensor, bias: Tensor | None, sizes: Sequence[int]) -> Tensor:
    """All states from h_0 = 0.

    x: (total, gates), step after step, `sizes` rows each, never more than in the step before, whose first rows they
    continue; recurrent: (hidden, gates), W; bias: (gates,) → (total, hidden) float32.
    """
    device = recurrent.device.type
    if torch.is_autocast_enabled(device):  # which is over when the gradient is computed
        recurrent = recurrent.to(torch.get_autocast_dtype(device))
    states: Tensor = _Unrolled.apply(kind, list(sizes), x, recurrent, bias)
    return states


def _activate(kind: Kind, x: Tensor, carried: Tensor, state: State) -> tuple[State, State]:
    """The next state, and what its gradient needs beside the states."""
    hidden = state[0].shape[1]
    if kind == "rnn":
        return (torch.relu(x + carried),), ()
    if kind == "gru":
        gates = torch.sigmoid(x[:, : 2 * hidden] + carried[:, : 2 * hidden])
        reset, update = gates.chunk(2, dim=1)
        kept = carried[:, 2 * hidden :]
        new = torch.tanh(torch.addcmul(x[:, 2 * hidden :], reset, kept))
        return (torch.lerp(new, state[0], update),), (gates, new, kept)
    total = x + carried
    gates, new, gate_out = total[:, : 2 * hidden], total[:, 2 * hidden : 3 * hidden], total[:, 3 * hidden :]
    gates, new, gate_out = gates.sigmoid(), new.tanh(), gate_out.sigmoid()
    gate_in, gate_forget = gates.chunk(2, dim=1)
    memory = torch.addcmul(gate_forget * state[1], gate_in, new)
    seen = memory.tanh()
    return (gate_out * seen, memory), (gates, new, gate_out, seen, state[1])


class _Unrolled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kind: Kind, sizes: list[int], x: Tensor, recurrent: Tensor, bias: Tensor | None) -> Tensor:
        hidden = len(recurrent)
        states = torch.empty(len(x), hidden, device=x.device)
        ctx.needed = []
        state = start(kind, sizes[0], hidden, x.device)
        for inputs, kept in zip(torch.split(x, sizes), torch.split(states, sizes), strict=True):
            state = tuple(part[: len(inputs)] for part in state)
            carried = (state[0].to(recurrent.dtype) @ recurrent).float()
            state, needed = _activate(kind, inputs.float(), carried if bias is None else carried + bias, state)
            kept.copy_(state[0])
            if any(ctx.needs_input_grad):
                ctx.needed.append(needed)
        ctx.kind, ctx.sizes, ctx.has_bias, ctx.of_x = kind, sizes, bias is not None, x.dtype
        ctx.save_for_backward(states, recurrent)
        return states

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        states, recurrent = ctx.saved_tensors
        hidden, sizes, kind = len(recurrent), ctx.sizes, ctx.kind
        before = _before(states, sizes)
        of_x = torch.empty(len(states), recurrent.shape[1], dtype=ctx.of_x, device=states.device)
        of_carried = torch.empty_like(of_x, dtype=recurrent.dtype)
        of_h, of_memory = torch.zeros(2, sizes[0], hidden, device=states.device)
        every = (torch.split(tensor, sizes) for tensor in (grad, states, before, of_x, of_carried))
        for needed, (last, h, h_before, to_x, to_carried) in zip(
            reversed(ctx.needed), reversed(list(zip(*every, strict=True))), strict=True
        ):
            own = of_h[: len(h)].add_(last)
            past = None
            if kind == "rnn":
                to_x.copy_(aten.threshold_backward(own, h, 0))
                to_carried.copy_(to_x)
            elif kind == "gru":
                past = _gru(own, h_before, needed, to_x, to_carried)
            else:
                _lstm(own, of_memory[: len(h)], needed, to_x)
                to_carried.copy_(to_x)
            own.copy_(to_carried @ recurrent.t())
            if past is not None:
                own.add_(past)
        of_recurrent = before.to(recurrent.dtype).t() @ of_carried
        return None, None, of_x, of_recurrent, of_carried.float().sum(dim=0) if ctx.has_bias else None


def _before(states: Tensor, sizes: list[int]) -> Tensor:
    """(total, hidden), h_{t−1} of each row"""
    earlier = torch.split(states, sizes)
    first = states.new_zeros(sizes[0], states.shape[1])
    return torch.cat([first, *(part[:rows] for part, rows in zip(earlier, sizes[1:], strict=False))])


def _gru(grad: Tensor, before: Tensor, needed: State, to_x: Tensor, to_carried: Tensor) -> Tensor:
    """Fills the gradients of x_t and c_t; → what goes to h_{t−1} past the gates."""
    gates, new, kept = needed
    hidden = grad.shape[1]
    reset, update = gates.chunk(2, dim=1)
    of_new = aten.tanh_backward(grad - grad * update, new)
    to_x[:, :hidden] = aten.sigmoid_backward(of_new * kept, reset)
    to_x[:, hidden : 2 * hidden] = aten.sigmoid_backward(grad * (before - new), update)
    to_x[:, 2 * hidden :] = of_new
    to_carried[:, : 2 * hidden] = to_x[:, : 2 * hidden]
    to_carried[:, 2 * hidden :] = of_new * reset
    return grad * update


def _lstm(grad: Tensor, of_memory: Tensor, needed: State, to_x: Tensor) -> None:
    """Fills the gradient of x_t, which is that of c_t; `of_memory`, of m_t, becomes that of m_{t−1}."""
    gates, new, gate_out, seen, before = needed
    hidden = grad.shape[1]
    gate_in, gate_forget = gates.chunk(2, dim=1)
    of_memory.add_(aten.tanh_backward(grad * gate_out, seen))
    to_x[:, :hidden] = aten.sigmoid_backward(of_memory * new, gate_in)
    to_x[:, hidden : 2 * hidden] = aten.sigmoid_backward(of_memory * before, gate_forget)
    to_x[:, 2 * hidden : 3 * hidden] = aten.tanh_backward(of_memory * gate_in, new)
    to_x[:, 3 * hidden :] = aten.sigmoid_backward(grad * seen, gate_out)
    of_memory.mul_(gate_forget)
