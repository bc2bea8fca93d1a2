"""The scan backend: a Ranker whose scores no dot product gives, with word-region scores for grounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor

from vsa_toolkit.alignment.losses import contrastive, hardest, hinge
from vsa_toolkit.backend import Examples
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from ..ranking_backend import SENTENCES, RankingBackend
from .attention import attention_logits
from .network import ScanNetwork
from .options import ScanOptions

IMAGES = 50
"""How many photos are scored at once where there are many."""


@dataclass(frozen=True)
class WordVectors:
    """What images are scored with: vectors (total, h) of unit length, sentence after sentence; lengths (sentences,)."""

    vectors: Tensor
    lengths: Tensor


class Scan(RankingBackend[ScanNetwork]):
    """Words are compared with what they attend to in the photo, or regions with what they attend to in the sentence."""

    name = "scan"
    paper = "Lee et al., Stacked Cross Attention for Image-Text Matching, ECCV 2018"
    Options: ClassVar[type[BaseOptions]] = ScanOptions

    @property
    def choices(self) -> ScanOptions:
        return cast(ScanOptions, self.options)

    def build(self, size: int, vocabulary: Vocabulary) -> ScanNetwork:
        return ScanNetwork(size, vocabulary, self.choices)

    def batch_scores(self, batch: Batch, generator: torch.Generator) -> Tensor:
        words = self.encode(batch.sentences)
        with self.training_products():
            regions = self.fitted.embed_regions(batch.features, batch.counts, generator)
            vectors = self.fitted.embed_words(words, generator)
        return self.fitted.scores(regions, batch.counts, vectors, words.lengths, self._dtype)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        choices = self.choices
        if choices.loss == "contrastive":
            return contrastive(scores * choices.score_sharpness, batch.image_of)
        if choices.loss == "hardest" and batch.epoch >= choices.hardest_after:
            return hardest(scores, batch.image_of, choices.margin)
        return hinge(scores, batch.image_of, choices.margin)

    def split_scores(self, examples: Examples) -> Tensor:
        with self.training_products():
            groups = range(0, len(examples.sentences), SENTENCES)
            sentences = [self.prepare(examples.sentences[start : start + SENTENCES]) for start in groups]
            images = zip(torch.split(examples.features, IMAGES), torch.split(examples.counts, IMAGES), strict=True)
            regions = [
                (self.fitted.embed_regions(features.to(self.device), counts.to(self.device)), counts.to(self.device))
                for features, counts in images
            ]
        rows = [
            torch.cat([self.fitted.scores(v, counts, s.vectors, s.lengths, self._dtype) for s in sentences], dim=1)
            for v, counts in regions
        ]
        return torch.cat(rows)

    # What the toolkit asks for ------------------------------------------------------------------------------

    @torch.inference_mode()
    def prepare(self, sentences: Sequence[Sequence[str]]) -> WordVectors:
        words = self.encode(sentences)
        return WordVectors(self.fitted.embed_words(words), words.lengths)

    @torch.inference_mode()
    def score(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]] | WordVectors) -> Tensor:
        """(images, R, d), (images,), sentences → (images, sentences)"""
        found = sentences if isinstance(sentences, WordVectors) else self.prepare(sentences)
        counts = counts.to(self.device)
        regions = self.fitted.embed_regions(features.to(self.device), counts)
        return self.fitted.scores(regions, counts, found.vectors, found.lengths, torch.float32)

    @torch.inference_mode()
    def word_region_scores(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        """(sentences, R, d), (sentences,), each image's own sentence → (tokens of all, R), NaN beyond the counts.

        The logits of the attention of words to regions; where regions attend to words, the cosines.
        """
        words = self.encode(sentences)
        counts = counts.to(self.device)
        regions = self.fitted.embed_regions(features.to(self.device), counts)
        vectors = self.fitted.embed_words(words)
        own = torch.split(vectors, words.lengths.tolist())
        x = torch.cat([each @ v.t() for each, v in zip(own, regions, strict=True)])
        if self.choices.direction == "t2i":
            x = self.choices.sharpness * attention_logits(x, words.lengths)
        beyond = torch.arange(x.shape[1], device=x.device)[None, :] >= counts[words.sentence][:, None]
        has_tokens = torch.tensor([bool(len(sentence)) for sentence in sentences], device=x.device)[words.sentence]
        return x.masked_fill(beyond, float("nan"))[has_tokens]
