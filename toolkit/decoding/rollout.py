"""One word after the other: the most likely one, or one drawn by its probability."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..backend import LanguageModel
from .sentences import END, Decoded, bar, log_normaliser, read_off, select

Choose = Callable[[Tensor], Tensor]
"""Logits (rows, words + 1) → the index of the next word of each row (rows,)."""


def greedy(model: LanguageModel, features: Tensor, max_words: int = 20) -> list[Decoded]:
    """The most likely next word, until it is the end. features: (items, d), one vector an item."""
    return _rollout(model, features, lambda logits: logits.argmax(dim=1), max_words)


def sample(
    model: LanguageModel,
    features: Tensor,
    temperature: float = 1.0,
    max_words: int = 20,
    generator: torch.Generator | None = None,
) -> list[Decoded]:
    """Each word drawn by its probability, from logits divided by `temperature`; the log-probability that is given is
    the model's own, as if the temperature were 1."""

    def draw(logits: Tensor) -> Tensor:
        return torch.multinomial((logits / temperature).softmax(dim=1), 1, generator=generator)[:, 0]

    return _rollout(model, features, draw, max_words)


def _rollout(model: LanguageModel, features: Tensor, choose: Choose, max_words: int) -> list[Decoded]:
    items, device = len(features), features.device
    tokens = torch.full((items, max_words + 1), END, device=device)
    total = torch.zeros(items, device=device)
    open_items = torch.arange(items, device=device)
    state, last = model.start(features), torch.full((items,), END, device=device)
    for step in range(max_words + 1):
        if not len(open_items):
            break
        logits, state = model.step(state, last)
        normaliser = log_normaliser(logits)
        logits = bar(logits, step, max_words)
        last = choose(logits)
        total[open_items] += (logits.gather(1, last[:, None]) - normaliser)[:, 0]
        tokens[open_items, step] = last
        going_on = torch.nonzero(last != END)[:, 0]
        if len(going_on) < len(last):
            open_items, last, state = open_items[going_on], last[going_on], select(state, going_on)
    return read_off(tokens, total)
