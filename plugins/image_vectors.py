"""From the features of photos or regions to vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from vsa_toolkit.training import dropout


class ImageMap(nn.Module):
    """v = W_I z + b of features z, each standardised by its mean and deviation in training photos.

    With a bottleneck a second path is added, W_2 f(W_1 z + b_1) + b_2.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int, dimension: int, bottleneck: int = 0, dropped: float = 0.0) -> None:
        super().__init__()
        self.dropped = dropped
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))
        self.linear = nn.Linear(size, dimension)
        self.squeeze = nn.Linear(size, bottleneck) if bottleneck else None
        self.widen = nn.Linear(bottleneck, dimension) if bottleneck else None

    def reset(self, generator: torch.Generator) -> None:
        for linear in (self.linear, self.squeeze, self.widen):
            if linear is not None:
                nn.init.xavier_uniform_(linear.weight, generator=generator)
                nn.init.zeros_(linear.bias)

    @torch.no_grad()
    def standardise(self, features: Tensor, counts: Tensor) -> None:
        """Take mean and deviation of each feature from training images (images, R, d), (images,)."""
        mean, deviation = moments(features, counts)
        self.mean.copy_(mean)
        self.deviation.copy_(deviation)

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(…, d), of frames or of regions → (…, dimension); with a generator, dropout."""
        z = dropout((features.float() - self.mean) / self.deviation, self.dropped, generator)
        v: Tensor = self.linear(z)
        if self.squeeze is not None and self.widen is not None:
            v = v + self.widen(dropout(relu(self.squeeze(z)), self.dropped, generator))
        return v


def moments(features: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each feature, (d,) each, over the regions that are there; of a single one the deviation is
    1. features: (images, R, d), counts: (images,)."""
    there = torch.arange(features.shape[1], device=counts.device)[None, :] < counts[:, None]
    values = features[there].float()
    deviation = values.std(dim=0) + 1e-3 if len(values) > 1 else torch.ones_like(values[0])
    return values.mean(dim=0), deviation
