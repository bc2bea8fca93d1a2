"""All steps at once, beside one step after the other with torch's own gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vsa_toolkit.plugins.recurrence import GATES, Kind, start, step, unroll

SIZES = [6, 6, 4, 1]
HIDDEN = 5


def numbers(kind: Kind) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs of all gates, W, b."""
    generator = torch.Generator().manual_seed(0)
    gates = GATES[kind] * HIDDEN
    made = (torch.randn(*shape, generator=generator) for shape in ((sum(SIZES), gates), (HIDDEN, gates), (gates,)))
    x, recurrent, bias = made
    return x.requires_grad_(), (recurrent / 2).requires_grad_(), bias.requires_grad_()


def one_by_one(kind: Kind, x: Tensor, recurrent: Tensor, bias: Tensor) -> Tensor:
    state, states = start(kind, SIZES[0], HIDDEN, x.device), []
    for inputs in torch.split(x, SIZES):
        state = tuple(part[: len(inputs)] for part in state)
        state = step(kind, inputs, state[0] @ recurrent + bias, state)
        states.append(state[0])
    return torch.cat(states)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_all_steps_have_the_states_and_gradients_of_one_after_the_other(kind: Kind) -> None:
    given = numbers(kind)
    found, expected = unroll(kind, *given, SIZES), one_by_one(kind, *given)
    torch.testing.assert_close(found, expected)
    weight = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    wanted = torch.autograd.grad((expected * weight).sum(), given)
    for own, peer in zip(torch.autograd.grad((found * weight).sum(), given), wanted, strict=True):
        torch.testing.assert_close(own, peer, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_in_bfloat16_states_and_gradients_are_nearly_the_same(kind: Kind) -> None:
    x, recurrent, bias = numbers(kind)
    with torch.autocast("cpu", torch.bfloat16):
        found = unroll(kind, x, recurrent, bias, SIZES)
    expected = one_by_one(kind, x, recurrent, bias)
    assert not torch.equal(found, expected)  # it was in bfloat16
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)
    wanted = torch.autograd.grad(expected.sum(), (x, recurrent, bias))
    for own, peer in zip(torch.autograd.grad(found.sum(), (x, recurrent, bias)), wanted, strict=True):
        assert own.dtype == torch.float32
        assert torch.linalg.vector_norm(own - peer) < 0.03 * torch.linalg.vector_norm(peer)


def test_without_a_gradient_the_states_are_the_same() -> None:
    given = numbers("gru")
    with torch.inference_mode():
        alone = unroll("gru", *given, SIZES)
    assert torch.equal(alone, unroll("gru", *given, SIZES).detach())
