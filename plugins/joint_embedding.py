"""What dual encoders share: one vector an image, one a sentence, trained so that true pairs have the highest products.

A backend of this kind says how its two vectors are made (`build`) and what the scores of a batch cost (`loss`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vsa_toolkit.backend import Examples
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from .calibration import Calibration
from .image_vectors import ImageMap
from .ranking_backend import SENTENCES, RankingBackend, RankingNetwork
from .sentence_words import Words


class SentenceNetwork(nn.Module, ABC):
    """From words to one vector a sentence."""

    @abstractmethod
    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None: ...

    @abstractmethod
    def forward(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        """→ (sentences, h); with a generator, dropout."""


class JointNetwork(RankingNetwork):
    """S = τ v · u; with unit norm, v and u are divided by their lengths first."""

    def __init__(
        self, images: ImageMap, sentences: SentenceNetwork, unit_norm: bool = True, sharpness: float = 1.0
    ) -> None:
        super().__init__()
        self.images, self.sentences = images, sentences
        self.unit_norm, self.sharpness = unit_norm, sharpness

    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        self.images.reset(generator)
        self.sentences.reset(generator, vocabulary)

    def embed_images(self, features: Tensor, counts: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(images, R, d), (images,) → (images, h): a photo is its frame, region 0"""
        v: Tensor = self.images(features[:, 0], generator).float()
        return normalize(v, dim=1) if self.unit_norm else v

    def embed_sentences(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        """→ (sentences, h), τ included"""
        u: Tensor = self.sentences(words, generator).float()
        return (normalize(u, dim=1) if self.unit_norm else u) * self.sharpness


class JointEmbedding(RankingBackend[JointNetwork]):
    """A dual encoder: embeds images and sentences in one space."""

    @torch.inference_mode()
    def embed_images(self, features: Tensor, counts: Tensor) -> Tensor:
        """(images, R, d), (images,) → (images, h); with a calibration (images, h + 2), −b(I) and 1 at the end"""
        v = self.fitted.embed_images(features.to(self.device), counts.to(self.device))
        bound = self._bound(v, "sentences")
        return v if bound is None else torch.cat([v, -bound, torch.ones_like(bound)], dim=1)

    @torch.inference_mode()
    def embed_sentences(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """→ (sentences, h); with a calibration (sentences, h + 2), 1 and −b(s) at the end"""
        u = self.fitted.embed_sentences(self.encode(sentences))
        bound = self._bound(u, "images")
        return u if bound is None else torch.cat([u, torch.ones_like(bound), -bound], dim=1)

    def batch_scores(self, batch: Batch, generator: torch.Generator) -> Tensor:
        with self.training_products():
            images = self.fitted.embed_images(batch.features, batch.counts, generator)
            sentences = self.fitted.embed_sentences(self.encode(batch.sentences), generator)
        return images @ sentences.t()

    def split_scores(self, examples: Examples) -> Tensor:
        images, sentences = self._embed(examples)
        return images @ sentences.t()

    def calibrate(self, bank: Examples) -> Calibration:
        images, sentences = self._embed(bank)
        deviation = max(float((images @ sentences.t()).std(correction=0)), 1e-6)
        sharpness = self._ranking.calibration_sharpness / deviation
        return Calibration({"images": images, "sentences": sentences}, sharpness)

    def _embed(self, examples: Examples) -> tuple[Tensor, Tensor]:
        groups = range(0, len(examples.sentences), SENTENCES)
        with self.training_products():
            images = self.embed_images(examples.features, examples.counts)
            sentences = [self.embed_sentences(examples.sentences[start : start + SENTENCES]) for start in groups]
        return images, torch.cat(sentences)

    def _bound(self, vectors: Tensor, others: str) -> Tensor | None:
        """(n, h) → (n, 1): b of images by the bank's sentences, or of sentences by its images."""
        if self._calibration is None:
            return None
        with torch.autocast(vectors.device.type, enabled=False):
            return self._calibration.bound(vectors @ self._calibration.tensors[others].t(), 1)[:, None]
