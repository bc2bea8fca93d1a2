"""The control that asks whether regions matter: each photo keeps its frame and gets another photo's regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from vsa_toolkit.backend import Examples

PHOTOS = 256


@dataclass(frozen=True)
class OtherPhotos:
    """Regions of some training photos. features: (photos, R, d) float16; counts: (photos,)."""

    features: Tensor
    counts: Tensor

    @classmethod
    def of(cls, train: Examples, generator: torch.Generator) -> Self:
        rows = torch.randperm(len(train.counts), generator=generator)[:PHOTOS]
        return cls(train.features[rows].half(), train.counts[rows])

    def around(self, features: Tensor) -> Tensor:
        """Features (images, R, d) with the regions beside each frame replaced, as many as there were.

        Which photo's regions a frame gets is read off its own features: the same at every call, whatever the batch.
        """
        features = features.float()  # autocast joins no float16
        frames = features[:, :1]
        mark = (frames[:, 0].double().sum(dim=1) * 1e4).long().abs() % len(self.counts)
        others = self.features.to(features.device)[mark].to(features.dtype)
        beside = (self.counts.to(features.device)[mark] - 1)[:, None]
        places = torch.arange(features.shape[1] - 1, device=features.device)[None, :]
        rows = torch.where(beside > 0, 1 + places % beside.clamp(min=1), 0)
        taken = others.gather(1, rows[..., None].expand(-1, -1, features.shape[2]))
        return torch.cat([frames, taken], dim=1)
