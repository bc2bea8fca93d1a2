"""Recurrent networks over sentences of any lengths, beside torch's."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.plugins.recurrent_sentences import Kind, Recurrence, Steps

LENGTHS = torch.tensor([3, 1, 7, 3, 2])


def network(kind: Kind, both: bool) -> Recurrence:
    made = Recurrence(kind, 4, 6, both)
    made.reset(torch.Generator().manual_seed(0))
    with torch.no_grad():
        made.bias.uniform_(-0.3, 0.3)
    return made


def peer_of(net: Recurrence) -> torch.nn.RNNBase:
    peer = (torch.nn.GRU if net.kind == "gru" else torch.nn.LSTM)(4, 6, bidirectional=net.directions == 2)
    with torch.no_grad():
        for direction, inputs in enumerate(net.inputs):
            suffix = ("_l0", "_l0_reverse")[direction]
            getattr(peer, f"weight_ih{suffix}").copy_(inputs.t())
            getattr(peer, f"bias_ih{suffix}").zero_()
            getattr(peer, f"weight_hh{suffix}").copy_(net.recurrent[direction].t())
            getattr(peer, f"bias_hh{suffix}").copy_(net.bias[direction])
    return peer


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_states_and_gradients_are_those_of_torch_sentence_by_sentence(kind: Kind, both: bool) -> None:
    net = network(kind, both)
    peer = peer_of(net)
    x = torch.randn(int(LENGTHS.sum()), 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    expected = torch.cat([peer(sentence)[0] for sentence in torch.split(x, LENGTHS.tolist())])
    if both:
        expected = (expected[:, :6] + expected[:, 6:]) / 2
    states = net(x, LENGTHS)
    torch.testing.assert_close(states, expected)
    weight = torch.randn(states.shape, generator=torch.Generator().manual_seed(2))
    (found,) = torch.autograd.grad((states * weight).sum(), x)
    (wanted,) = torch.autograd.grad((expected * weight).sum(), x)
    torch.testing.assert_close(found, wanted)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.booleans())
@settings(deadline=None, max_examples=40)
def test_every_word_has_its_step_and_its_row(lengths: list[int], backward: bool) -> None:
    steps = Steps.of(torch.tensor(lengths), backward)
    assert steps.order[steps.place].tolist() == list(range(sum(lengths)))
    assert len(set(steps.place.tolist())) == sum(lengths)
    assert steps.sizes == sorted(steps.sizes, reverse=True)
    assert sum(steps.sizes) == len(steps.order)
    offsets = torch.tensor(steps.sizes).cumsum(0)
    at = torch.searchsorted(offsets, steps.place, right=True).tolist()
    assert at == [n - 1 - t if backward else t for n in lengths for t in range(n)]


def test_steps_of_many_sentences_come_in_few_sizes() -> None:
    lengths = torch.randint(1, 40, (640,), generator=torch.Generator().manual_seed(0))
    assert len(set(Steps.of(lengths).sizes)) <= 9
    assert sum(Steps.of(lengths).sizes) < 1.2 * int(lengths.sum())
