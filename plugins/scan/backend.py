"""The scan backend: a Ranker whose scores no dot product gives, with word-region scores for grounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, cast

import torch
from torch import Tensor

from vsa_toolkit.backend import Examples
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.precision import products
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from ..calibration import Calibration
from ..hard_negatives import hard_negative_loss
from ..ranking_backend import SENTENCES, RankingBackend
from .attention import attention_logits
from .network import ScanNetwork
from .options import ScanOptions

IMAGES = 50
"""How many photos are scored at once where there are many."""


@dataclass(frozen=True)
class Seen:
    """Photos. vectors: (images, R, h) of unit length, zero beyond the counts; bound: (images,), b(I), or None."""

    vectors: Tensor
    counts: Tensor
    bound: Tensor | None = None


@dataclass(frozen=True)
class Read:
    """Sentences. vectors: (total, h) of unit length, sentence after sentence; lengths: (sentences,);
    bound: (sentences,), b(s), or None."""

    vectors: Tensor
    lengths: Tensor
    bound: Tensor | None = None


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
        return hard_negative_loss(scores, batch, self.choices)

    def split_scores(self, examples: Examples) -> Tensor:
        groups = range(0, len(examples.sentences), SENTENCES)
        sentences = [self._read(examples.sentences[start : start + SENTENCES], self._dtype) for start in groups]
        images = self._see(examples.features, examples.counts, self._dtype)
        return torch.cat([self._compare(images, part, self._dtype) for part in sentences], dim=1)

    def calibrate(self, bank: Examples) -> Calibration:
        images = self._see(bank.features, bank.counts, self._dtype)
        sentences = self._read(bank.sentences, self._dtype)
        some = Seen(images.vectors[:IMAGES], images.counts[:IMAGES])
        deviation = max(float(self._compare(some, sentences, self._dtype).std(correction=0)), 1e-6)
        tensors = {
            "regions": images.vectors.half(),
            "counts": images.counts,
            "words": sentences.vectors.half(),
            "lengths": sentences.lengths,
        }
        return Calibration(tensors, self.choices.calibration_sharpness / deviation)

    # What the toolkit asks for ------------------------------------------------------------------------------

    @torch.inference_mode()
    def prepare(self, sentences: Sequence[Sequence[str]]) -> Read:
        return self._read(sentences)

    @torch.inference_mode()
    def score(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]] | Read) -> Tensor:
        """(images, R, d), (images,), sentences → (images, sentences)"""
        found = sentences if isinstance(sentences, Read) else self._read(sentences)
        return self._compare(self._see(features, counts), found)

    @torch.inference_mode()
    def word_region_scores(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        """(sentences, R, d), (sentences,), each image's own sentence → (tokens of all, R), NaN beyond the counts.

        The logits of the attention of words to regions; where regions attend to words, the cosines.
        """
        words = self.encode(sentences)
        counts = counts.to(self.device)
        regions = self.fitted.embed_regions(features.to(self.device), counts)
        own = torch.split(self.fitted.embed_words(words), words.lengths.tolist())
        x = torch.cat([each @ v.t() for each, v in zip(own, regions, strict=True)])
        if self.choices.direction == "t2i":
            x = self.choices.sharpness * attention_logits(x, words.lengths)
        beyond = torch.arange(x.shape[1], device=x.device)[None, :] >= counts[words.sentence][:, None]
        has_tokens = torch.tensor([bool(len(sentence)) for sentence in sentences], device=x.device)[words.sentence]
        return x.masked_fill(beyond, float("nan"))[has_tokens]

    # Photos, sentences and their scores; `dtype` is that of matrix products -----------------------------------

    def _see(self, features: Tensor, counts: Tensor, dtype: torch.dtype = torch.float32) -> Seen:
        counts = counts.to(self.device)
        groups = zip(torch.split(features, IMAGES), torch.split(counts, IMAGES), strict=True)
        with products(dtype, self.device):
            vectors = [self.fitted.embed_regions(some.to(self.device), of_some) for some, of_some in groups]
        seen = Seen(torch.cat(vectors), counts)
        if self._calibration is None:
            return seen
        bank = self._calibration.tensors
        scores = self._compare(seen, Read(bank["words"].float(), bank["lengths"]), dtype)
        return replace(seen, bound=self._calibration.bound(scores, dim=1))

    def _read(self, sentences: Sequence[Sequence[str]], dtype: torch.dtype = torch.float32) -> Read:
        words = self.encode(sentences)
        with products(dtype, self.device):
            read = Read(self.fitted.embed_words(words), words.lengths)
        if self._calibration is None:
            return read
        bank = self._calibration.tensors
        scores = self._compare(Seen(bank["regions"].float(), bank["counts"]), read, dtype)
        return replace(read, bound=self._calibration.bound(scores, dim=0))

    def _compare(self, images: Seen, sentences: Read, dtype: torch.dtype = torch.float32) -> Tensor:
        """(images, sentences), with what they are corrected by where that is known."""
        groups = zip(torch.split(images.vectors, IMAGES), torch.split(images.counts, IMAGES), strict=True)
        scores = torch.cat(
            [self.fitted.scores(v, counts, sentences.vectors, sentences.lengths, dtype) for v, counts in groups]
        )
        if images.bound is not None:
            scores = scores - images.bound[:, None]
        return scores if sentences.bound is None else scores - sentences.bound
