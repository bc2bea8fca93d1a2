"""What photos of many regions and sentences of many words score with a bank of training data: b(I) and b(s) of
`plugins/calibration.py`, with scores of this network and τ itself: it is not divided by their deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from vsa_toolkit.backend import Examples

from ..calibration import bound
from .edges import Edges
from .network import BrnnNetwork, RegionVectors, SentenceVectors
from .words import Words

PHOTOS = 1000
SENTENCES = 2500


@dataclass(frozen=True)
class Bank:
    """The training data to compare with: rows of photos, positions of sentences."""

    photos: Tensor
    sentences: Tensor

    @classmethod
    def choose(cls, train: Examples, generator: torch.Generator) -> Self:
        photos = torch.randperm(len(train.counts), generator=generator)[:PHOTOS]
        return cls(photos, torch.randperm(len(train.sentences), generator=generator)[:SENTENCES])


@dataclass(frozen=True)
class Calibration:
    """The bank as a network sees it. local: (photos, R, h), whole: (photos, g), counts: (photos,) int64."""

    local: Tensor
    whole: Tensor
    counts: Tensor
    words: Words
    sharpness: float

    def of_sentences(self, network: BrnnNetwork, sentences: SentenceVectors, dtype: torch.dtype) -> Tensor:
        """b(s), (sentences,)"""
        parts = [
            _total(
                network,
                RegionVectors(self.local[rows].float(), self.whole[rows].float()),
                sentences,
                self.counts[rows],
                dtype,
            )
            for rows in torch.split(torch.arange(len(self.counts), device=self.counts.device), 100)
        ]
        return bound(torch.cat(parts), self.sharpness, 0)

    def of_photos(self, network: BrnnNetwork, photos: RegionVectors, counts: Tensor, dtype: torch.dtype) -> Tensor:
        """b(I), (photos,)"""
        return bound(_total(network, photos, network.embed_sentences(self.words), counts, dtype), self.sharpness, 1)

    def tensors(self) -> dict[str, Tensor]:
        """For the checkpoint."""
        edges = {} if self.words.edges is None else vars(self.words.edges)
        parts = {
            "local": self.local,
            "whole": self.whole,
            "counts": self.counts,
            "ids": self.words.ids,
            "lengths": self.words.lengths,
            **edges,
        }
        return {f"calibration.{name}": tensor for name, tensor in parts.items()}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], sharpness: float, device: torch.device) -> Self | None:
        if "calibration.local" not in tensors:
            return None
        local, whole, counts, ids, lengths = (
            tensors[f"calibration.{name}"].to(device) for name in ("local", "whole", "counts", "ids", "lengths")
        )
        edges = None
        if "calibration.heads" in tensors:
            edges = Edges(*(tensors[f"calibration.{name}"].to(device) for name in ("heads", "relations", "scored")))
        return cls(local, whole, counts, Words(ids, lengths, edges), sharpness)


def _total(
    network: BrnnNetwork, regions: RegionVectors, sentences: SentenceVectors, counts: Tensor, dtype: torch.dtype
) -> Tensor:
    local, whole = network.scores(regions, sentences, counts, dtype)
    return local.float() if whole is None else local.float() + whole.float()
