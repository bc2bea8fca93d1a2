"""Language models small enough to list every sentence of, for the tests of decoding and likelihood."""

from __future__ import annotations

import torch
from torch import Tensor

from vsa_toolkit.backend import State


class TinyModel:
    """A recurrent network with random weights: the image is added at the first step."""

    def __init__(self, words: int = 3, size: int = 6, seed: int = 0, sharp: float = 2.0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.words = tuple(f"w{i}" for i in range(1, words + 1))
        self._table = torch.randn(words + 1, size, generator=generator)
        self._carry = torch.randn(size, size, generator=generator) / size**0.5
        self._out = sharp * torch.randn(words + 1, size, generator=generator) / size**0.5

    def start(self, features: Tensor) -> State:
        return (features, torch.zeros(len(features), 1))

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        assert isinstance(state, tuple)
        h, count = state
        assert isinstance(h, Tensor)
        assert isinstance(count, Tensor)
        h = torch.tanh(self._table[tokens] + h @ self._carry)
        return h @ self._out.T, (h, count + 1)


def images(items: int = 4, size: int = 6, seed: int = 1) -> Tensor:
    return torch.randn(items, size, generator=torch.Generator().manual_seed(seed))


def log_probability(model: TinyModel, features: Tensor, words: tuple[int, ...]) -> float:
    """Of a whole sentence given one item (d,), word by word."""
    state, total = model.start(features[None]), 0.0
    for last, token in zip((0, *words), (*words, 0)):
        logits, state = model.step(state, torch.tensor([last]))
        total += float(logits.log_softmax(dim=1)[0, token])
    return total


class LateTiny(TinyModel):
    """The image is added after the recurrence, at every step."""

    def start(self, features: Tensor) -> State:
        return (self.image_part(features), self.language_start(len(features)))

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        assert isinstance(state, tuple)
        image, language = state
        assert isinstance(image, Tensor)
        part, language = self.language_step(language, tokens)
        weight, bias = self.output
        return self.fuse(part, image) @ weight.T + bias, (image, language)

    def language_start(self, rows: int) -> State:
        return torch.zeros(rows, self._carry.shape[0])

    def language_step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        assert isinstance(state, Tensor)
        h = torch.tanh(self._table[tokens] + state @ self._carry)
        return h, h

    def image_part(self, features: Tensor) -> Tensor:
        return features * 0.5

    def fuse(self, language: Tensor, image: Tensor) -> Tensor:
        return torch.tanh(language + image)

    @property
    def output(self) -> tuple[Tensor, Tensor]:
        return self._out, torch.linspace(-1, 1, len(self._out))
