"""From region features to region vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from vsa_toolkit.backend import Layout
from vsa_toolkit.training import dropout

from ..image_vectors import moments
from .options import BrnnOptions


class RegionNetwork(nn.Module):
    """v_i = W_m CNN(I_i) + b_m (Karpathy and Li 2015, eq. 1), on standardised features.

    With a bottleneck a second path is added: W_2 f(W_1 z + b_1). Beside the encoder's features, a region may bring its
    class scores (each class with a vector for "it is one" and one for how sure the proposer is) and its geometry; and
    a vector says whether it is the frame, a region with a class, or one without.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, layout: Layout, dimension: int, options: BrnnOptions) -> None:
        super().__init__()
        bottleneck = options.bottleneck
        self.layout, self.dropped, self.gain = layout, options.dropout, options.initial_gain
        self.register_buffer("mean", torch.zeros(layout.encoder))
        self.register_buffer("deviation", torch.ones(layout.encoder))
        self.linear = nn.Linear(layout.encoder, dimension)
        self.squeeze = nn.Linear(layout.encoder, bottleneck) if bottleneck else None
        self.widen = nn.Linear(bottleneck, dimension) if bottleneck else None
        extra = layout.geometry + 2 * len(layout.labels)
        self.extra = nn.Linear(extra, dimension, bias=False) if extra else None
        self.kind = nn.Parameter(torch.empty(3, dimension)) if extra else None

    def reset(self, generator: torch.Generator) -> None:
        _uniform(self.linear, generator, gain=self.gain)
        if self.squeeze is not None and self.widen is not None:
            _uniform(self.squeeze, generator)
            _uniform(self.widen, generator)
        with torch.no_grad():
            if self.extra is not None and self.kind is not None:
                nn.init.normal_(self.extra.weight, std=0.3, generator=generator)
                nn.init.normal_(self.kind, std=0.1, generator=generator)

    def standardise(self, features: Tensor, counts: Tensor) -> None:
        """Take mean and deviation of each feature from some training images (images, R, d)."""
        mean, deviation = moments(features[..., : self.layout.encoder], counts)
        self.mean.copy_(mean)
        self.deviation.copy_(deviation)

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(images, R, d) → (images, R, h). With a generator: one dropout mask an image, shared by its regions."""
        encoder = self.layout.encoder
        z = (features[..., :encoder].float() - self.mean) / self.deviation
        z = _drop(z, self.dropped, generator)
        v: Tensor = self.linear(z)
        if self.squeeze is not None and self.widen is not None:
            v = v + self.widen(_drop(relu(self.squeeze(z)), self.dropped, generator))
        if self.extra is not None and self.kind is not None:
            v = v + self._beside(features[..., encoder:].float())
        return v

    def _beside(self, extra: Tensor) -> Tensor:
        geometry, scores = extra[..., : self.layout.geometry], extra[..., self.layout.geometry :]
        is_one = (scores > 0).float()
        kind = torch.where(is_one.any(dim=-1), 1, 2)
        kind[:, 0] = 0
        assert self.extra is not None
        assert self.kind is not None
        v: Tensor = self.extra(torch.cat([geometry, is_one, scores], dim=-1))
        return v + self.kind[kind]


class Salience(nn.Module):
    """b_i in −½ … ½: how readily any word goes to a region. From its vector, geometry and the surest class score.

    The unit vectors of a hundred overlapping guesses differ little; which of them people speak of shows in their size,
    their place and how sure the proposer was.
    """

    def __init__(self, layout: Layout, dimension: int) -> None:
        super().__init__()
        self.layout = layout
        self.looks = nn.Parameter(torch.zeros(dimension))
        self.place = nn.Parameter(torch.zeros(layout.geometry + 3))

    def forward(self, v: Tensor, features: Tensor) -> Tensor:
        """v: (images, R, h), not normalised; features: (images, R, d) → (images, R, 1)."""
        extra = features[..., self.layout.encoder :].float()
        geometry, scores = extra[..., : self.layout.geometry], extra[..., self.layout.geometry :]
        surest = scores.amax(dim=-1, keepdim=True) if scores.shape[-1] else scores.new_zeros(*scores.shape[:2], 1)
        known = torch.cat([geometry, surest, (surest > 0).float(), (surest + 1e-3).log() / 5], dim=-1)
        looks = (v @ self.looks) / v.shape[-1] ** 0.5
        return torch.tanh(looks + known @ self.place)[..., None] / 2


def _drop(x: Tensor, p: float, generator: torch.Generator | None) -> Tensor:
    if generator is None or p == 0:
        return x
    return x * dropout(x.new_ones(len(x), 1, x.shape[2]), p, generator)


def _uniform(linear: nn.Linear, generator: torch.Generator, gain: float = 1.0) -> None:
    bound = gain / linear.in_features**0.5
    nn.init.uniform_(linear.weight, -bound, bound, generator=generator)
    nn.init.zeros_(linear.bias)
