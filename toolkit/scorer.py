"""Scores of images against all sentences of a split, for every ability that gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor

from .alignment import score_matrix, word_region_scores
from .backend import Aligner, Backend, DualEncoder, Examples, Fragments, LanguageModel, Ranker, abilities
from .errors import DataError, UserError
from .likelihood import SentenceRanker

SENTENCE_BATCH = 512
OWN_SENTENCES = 64
"""How many sentences get their word-region scores at once from a ranker, each with its image's features."""


class Scorer(Protocol):
    """`aligns` says whether `word_scores` can be asked for."""

    aligns: bool

    def scores(self, examples: Examples, rows: Sequence[int]) -> np.ndarray:
        """(len(rows), sentences) float32: the images of these rows against every sentence of the split."""

    def word_scores(self, examples: Examples, rows: Sequence[int]) -> tuple[np.ndarray, list[int]]:
        """(tokens, R) float32 of these images' own sentences, and those sentences' rows; NaN where there is no
        fragment or no region."""


def make_scorer(backend: Backend, sentences: Sequence[Sequence[str]]) -> Scorer:
    """Embeds all sentences once.

    Raises:
        DataError: there are no sentences.
        UserError: the backend has no ability that scores images against sentences.
    """
    if not sentences:
        raise DataError("the split has no sentences to score its images with: import some, or name another split.")
    kinds = abilities(type(backend))
    if "aligner" in kinds:
        return _AlignerScorer(cast(Aligner, backend), backend.device, sentences)
    if "dual-encoder" in kinds:
        return _DualScorer(cast(DualEncoder, backend), backend.device, sentences)
    if "ranker" in kinds:
        return _RankerScorer(cast(Ranker, backend), backend.device, sentences)
    if "language-model" in kinds:
        return _LikelihoodScorer(backend, sentences)
    raise UserError(f"backend {backend.name!r} does not score images against sentences.")


def token_counts(sentences: Sequence[Sequence[str]]) -> list[int]:
    return [len(sentence) for sentence in sentences]


class _AlignerScorer:
    aligns = True

    def __init__(self, backend: Aligner, device: torch.device, sentences: Sequence[Sequence[str]]) -> None:
        self._backend = backend
        self._device = device
        self._sentences = sentences
        with torch.inference_mode():
            parts = [_of_words(backend.embed_fragments(batch), batch) for batch in _sentence_batches(sentences)]
        self._fragments = _join(parts)
        self._starts = torch.cat([torch.zeros(1, dtype=torch.long), self._fragments.lengths.cpu().cumsum(0)])

    def scores(self, examples: Examples, rows: Sequence[int]) -> np.ndarray:
        regions, counts = self._embed(examples, rows)
        tile = score_matrix(
            regions, self._fragments.vectors, self._fragments.lengths, counts, scoring=self._backend.scoring
        )
        return tile.cpu().numpy()

    def word_scores(self, examples: Examples, rows: Sequence[int]) -> tuple[np.ndarray, list[int]]:
        regions, counts = self._embed(examples, rows)
        place = {row: i for i, row in enumerate(rows)}
        own = _own_sentences(examples, rows)
        if not own:
            return np.empty((0, examples.features.shape[1]), np.float32), own
        scores = word_region_scores(
            regions,
            self._select(own),
            torch.tensor([place[int(examples.sentence_image[s])] for s in own]),
            torch.tensor(token_counts([self._sentences[s] for s in own])),
            counts,
        )
        return _pad_regions(scores.cpu().numpy(), int(examples.features.shape[1])), own

    def _embed(self, examples: Examples, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        index = torch.as_tensor(rows)
        counts = examples.counts[index].to(self._device)
        with torch.inference_mode():
            regions = self._backend.embed_regions(examples.features[index].to(self._device).float(), counts)
        return regions, counts

    def _select(self, sentences: Sequence[int]) -> Fragments:
        spans = [slice(int(self._starts[s]), int(self._starts[s + 1])) for s in sentences]
        return Fragments(
            torch.cat([self._fragments.vectors[span] for span in spans]),
            self._fragments.lengths[torch.as_tensor(sentences)],
            torch.cat([self._fragments.token_index[span] for span in spans]),
        )


class _DualScorer:
    aligns = False

    def __init__(self, backend: DualEncoder, device: torch.device, sentences: Sequence[Sequence[str]]) -> None:
        self._backend = backend
        self._device = device
        with torch.inference_mode():
            self._vectors = torch.cat([backend.embed_sentences(batch) for batch in _sentence_batches(sentences)])

    def scores(self, examples: Examples, rows: Sequence[int]) -> np.ndarray:
        index = torch.as_tensor(rows)
        with torch.inference_mode():
            images = self._backend.embed_images(
                examples.features[index].to(self._device).float(), examples.counts[index].to(self._device)
            )
            return (images @ self._vectors.T).float().cpu().numpy()

    def word_scores(self, examples: Examples, rows: Sequence[int]) -> tuple[np.ndarray, list[int]]:
        raise UserError("this backend aligns no words with regions.")


class _RankerScorer:
    """Tiles of the images asked for and SENTENCE_BATCH sentences."""

    def __init__(self, backend: Ranker, device: torch.device, sentences: Sequence[Sequence[str]]) -> None:
        self._backend = backend
        self._device = device
        self._sentences = sentences
        self._word_region_scores = getattr(backend, "word_region_scores", None)
        self.aligns = self._word_region_scores is not None
        prepare = getattr(backend, "prepare", lambda batch: batch)
        with torch.inference_mode():
            self._prepared = [prepare(batch) for batch in _sentence_batches(sentences)]

    def scores(self, examples: Examples, rows: Sequence[int]) -> np.ndarray:
        features, counts = self._inputs(examples, torch.as_tensor(rows))
        with torch.inference_mode():
            tiles = [self._backend.score(features, counts, batch) for batch in self._prepared]
            return torch.cat(tiles, dim=1).float().cpu().numpy()

    def word_scores(self, examples: Examples, rows: Sequence[int]) -> tuple[np.ndarray, list[int]]:
        if self._word_region_scores is None:
            raise UserError("this backend aligns no words with regions.")
        own, regions = _own_sentences(examples, rows), int(examples.features.shape[1])
        parts = [np.empty((0, regions), np.float32)]
        for start in range(0, len(own), OWN_SENTENCES):
            some = own[start : start + OWN_SENTENCES]
            features, counts = self._inputs(examples, examples.sentence_image[some])
            with torch.inference_mode():
                scores = self._word_region_scores(features, counts, [self._sentences[s] for s in some])
            parts.append(_pad_regions(scores.float().cpu().numpy(), regions))
        return np.concatenate(parts), own

    def _inputs(self, examples: Examples, index: Tensor) -> tuple[Tensor, Tensor]:
        return examples.features[index].to(self._device).float(), examples.counts[index].to(self._device)


def _own_sentences(examples: Examples, rows: Sequence[int]) -> list[int]:
    """The sentences of these images, image after image."""
    place = {row: i for i, row in enumerate(rows)}
    own = [s for s, image in enumerate(examples.sentence_image.tolist()) if image in place]
    own.sort(key=lambda s: place[int(examples.sentence_image[s])])
    return own


class _LikelihoodScorer:
    """log p(sentence | image) − log p(sentence); the sentences are read when the first scores are asked for."""

    aligns = False

    def __init__(self, backend: Backend, sentences: Sequence[Sequence[str]]) -> None:
        self._backend, self._sentences = backend, sentences
        self._ranker: SentenceRanker | None = None

    def scores(self, examples: Examples, rows: Sequence[int]) -> np.ndarray:
        device = self._backend.device
        if self._ranker is None:
            prior: Tensor | None = getattr(self._backend, "prior", None)
            model = cast(LanguageModel, self._backend)
            self._ranker = SentenceRanker(model, self._sentences, prior, device)
        images = examples.features[torch.as_tensor(rows), 0].to(device).float()
        return self._ranker.scores(images).cpu().numpy()

    def word_scores(self, examples: Examples, rows: Sequence[int]) -> tuple[np.ndarray, list[int]]:
        raise UserError("a language model aligns no words with regions.")


def _sentence_batches(sentences: Sequence[Sequence[str]]) -> list[Sequence[Sequence[str]]]:
    return [sentences[start : start + SENTENCE_BATCH] for start in range(0, len(sentences), SENTENCE_BATCH)]


def _of_words(fragments: Fragments, sentences: Sequence[Sequence[str]]) -> Fragments:
    """A sentence without any token ("!!!") has a fragment too, but no word that it could belong to."""
    lengths = fragments.lengths.to(fragments.token_index.device)
    empty = torch.tensor([not sentence for sentence in sentences], device=lengths.device)
    return replace(fragments, token_index=fragments.token_index.masked_fill(empty.repeat_interleave(lengths), -1))


def _join(parts: Sequence[Fragments]) -> Fragments:
    return Fragments(
        torch.cat([part.vectors for part in parts]),
        torch.cat([part.lengths for part in parts]),
        torch.cat([part.token_index for part in parts]),
    )


def _pad_regions(scores: np.ndarray, regions: int) -> np.ndarray:
    missing = regions - scores.shape[1]
    return np.pad(scores, ((0, 0), (0, missing)), constant_values=np.nan) if missing else scores
