"""What a batch costs: the ranking of its images and sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vsa_toolkit.alignment.losses import contrastive, hardest, hinge
from vsa_toolkit.precision import products
from vsa_toolkit.training import Batch

from .network import BrnnNetwork, RegionVectors, SentenceVectors
from .options import BrnnOptions
from .words import Words


@dataclass(frozen=True)
class Objective:
    """The loss of a batch. `encode` and `inputs` are the backend's: what the network is given of a batch."""

    network: BrnnNetwork
    options: BrnnOptions
    encode: Callable[[Sequence[Sequence[str]]], Words]
    inputs: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    dtype: torch.dtype

    def __call__(self, batch: Batch, generator: torch.Generator) -> Tensor:
        with products(self.dtype, batch.features.device):
            regions, counts, sentences = self.embed(batch, self.encode(batch.sentences), generator)
            local, whole = self.network.scores(regions, sentences, counts, self.dtype)
        return self.ranking(local, whole, batch)

    def embed(
        self, batch: Batch, words: Words, generator: torch.Generator
    ) -> tuple[RegionVectors, Tensor, SentenceVectors]:
        """Regions, how many an image has, and sentences, with all that is dropped in training."""
        features, counts = self.inputs(batch.features, batch.counts)
        features, counts = drop_regions(features, counts, self.options.region_dropout, generator)
        regions = self.network.embed_regions(features, counts, generator)
        return regions, counts, self.network.embed_sentences(words, generator)

    def ranking(self, local: Tensor, whole: Tensor | None, batch: Batch) -> Tensor:
        """Of the sum of both parts of the score, and a share of that of each alone."""
        local = local.float()
        if whole is None:
            return self._rank(local, batch)
        whole = whole.float()
        loss = self._rank(local + whole, batch)
        if self.options.parts:
            loss = loss + self.options.parts * (self._rank(local, batch) + self._rank(whole, batch))
        return loss

    def _rank(self, scores: Tensor, batch: Batch) -> Tensor:
        options = self.options
        if options.loss == "contrastive":
            return contrastive(scores, batch.image_of)
        if options.loss == "hardest" and batch.epoch >= options.hardest_after:
            return hardest(scores, batch.image_of, options.margin)
        return hinge(scores, batch.image_of, options.margin)


def drop_regions(features: Tensor, counts: Tensor, p: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Leave out regions at random, never the frame; those that stay move up."""
    if p == 0 or features.shape[1] == 1:
        return features, counts
    keep = torch.rand(features.shape[:2], generator=generator, device=features.device) >= p
    keep &= torch.arange(features.shape[1], device=features.device)[None, :] < counts[:, None]
    keep[:, 0] = True
    order = keep.float().argsort(dim=1, descending=True, stable=True)
    kept = keep.sum(dim=1)
    order = order[:, : int(kept.max())]
    return features.gather(1, order[..., None].expand(-1, -1, features.shape[2])), kept
