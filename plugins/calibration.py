"""Some photos and some sentences score high with everything; training photos and sentences tell by how much.

A score is corrected by what its sentence and its photo score with a bank of training data, all of it known before any
other photo is seen (querybank normalisation, Bogolin et al., CVPR 2022; p(s|I) / p(s) of Mao et al. 2014 is akin):

    S'(I, s) = S(I, s) − b(s) − b(I),   b(s) = σ/τ log mean_{I' in bank} exp(τ/σ S(I', s)),   b(I) in the same way,

σ being the deviation of scores within the bank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vsa_toolkit.backend import Examples

PHOTOS = 1000
SENTENCES = 1000


@dataclass(frozen=True)
class Calibration:
    """tensors: the bank's photos and sentences as a network sees them, by name. sharpness: τ/σ."""

    tensors: dict[str, Tensor]
    sharpness: float

    def bound(self, scores: Tensor, dim: int) -> Tensor:
        """b from scores with the bank along that dimension."""
        return bound(scores, self.sharpness, dim)


def bound(scores: Tensor, sharpness: float, dim: int) -> Tensor:
    """1/τ log mean exp τ S, the mean being along that dimension; sharpness: τ."""
    return (torch.logsumexp(sharpness * scores, dim) - math.log(scores.shape[dim])) / sharpness


def choose_bank(train: Examples, generator: torch.Generator) -> Examples:
    """Some training photos and some training sentences, drawn apart."""
    photos = torch.randperm(len(train.counts), generator=generator)[:PHOTOS]
    sentences = torch.randperm(len(train.sentences), generator=generator)[:SENTENCES]
    return Examples(
        train.features[photos],
        train.counts[photos],
        train.layout,
        [train.sentences[i] for i in sentences.tolist()],
        torch.zeros(len(sentences), dtype=torch.int64),
    )
