"""All images against all sentences: log p(s|I) − log p(s), one matrix that ranks both ways (Mao et al. 2014, 5.2).

For sentences of an image, p(s) takes away what makes a sentence probable whatever the image; for images of a sentence
it is the same for all. p(s) is the mean of p(s|I') over some training images I'.

The work is one step for each different beginning of the sentences and each image. Where a model fuses the image after
its recurrence (`LateFusion`), the recurrence itself runs once for all images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..backend import LanguageModel, LateFusion
from ..decoding.sentences import select
from .prefixes import Prefixes
from .sentences import known_words

ROWS = 1024
"""Beginnings times images that are worked on at once: their logits stay near the processor."""
IMAGES = 64


class SentenceRanker:
    """Scores images against the sentences that it is made with.

    `prior`: (images, d), vectors of training images that p(s) is averaged over; without them the score is log p(s|I).
    """

    def __init__(
        self,
        model: LanguageModel,
        sentences: Sequence[Sequence[str]],
        prior: Tensor | None,
        device: torch.device,
    ) -> None:
        self._model = model
        self._prefixes = Prefixes.of(known_words(model, sentences), device)
        self._language = _language(model, self._prefixes) if isinstance(model, LateFusion) else None
        self._prior = None
        if prior is not None:
            given = self.log_probabilities(prior)
            self._prior = given.logsumexp(dim=0) - math.log(len(prior))

    def scores(self, features: Tensor) -> Tensor:
        """(images, d) → (images, sentences) float32"""
        found = self.log_probabilities(features)
        return found if self._prior is None else found - self._prior

    @torch.inference_mode()
    def log_probabilities(self, features: Tensor) -> Tensor:
        """log p(s|I), natural: (images, d) → (images, sentences) float32"""
        offsets = self._prefixes.lengths.cumsum(0) - self._prefixes.lengths
        if not len(features):
            return features.new_zeros(0, len(offsets))
        tiles = []
        for part in torch.split(features, IMAGES):
            steps = self._stepwise(part) if self._language is None else self._fused(part)
            tiles.append(embedding_bag(self._prefixes.paths, steps, offsets, mode="sum").T)
        return torch.cat(tiles)

    def _stepwise(self, features: Tensor) -> Tensor:
        """log p of every step given every image, (steps, images): the model goes through all beginnings."""
        p = self._prefixes
        columns = []
        for item in features:
            state, values = self._model.start(item[None]), []
            for here, parents in p.levels():
                logits, state = self._model.step(select(state, parents), p.tokens[here])
                steps = p.steps_of(here)
                rows = p.after[steps] - here.start
                values.append(logits[rows, p.follows[steps]] - logits.logsumexp(dim=1)[rows])
            columns.append(torch.cat(values))
        return torch.stack(columns, dim=1)

    def _fused(self, features: Tensor) -> Tensor:
        """The same where only the last layer sees the image."""
        assert isinstance(self._model, LateFusion)
        assert self._language is not None
        p, model = self._prefixes, self._model
        weight, bias = model.output
        columns = weight.T.contiguous()
        images = model.image_part(features)
        values, size = [], max(1, ROWS // len(images))
        for first in range(0, len(self._language), size):
            here = slice(first, min(first + size, len(self._language)))
            fused = model.fuse(self._language[here, None], images[None])  # (prefixes, images, m)
            normaliser = torch.addmm(bias, fused.flatten(0, 1), columns).logsumexp(dim=1).view(fused.shape[:2])
            steps = p.steps_of(here)
            rows, words = p.after[steps] - first, p.follows[steps]
            own = torch.bmm(fused[rows], weight[words][:, :, None])[:, :, 0] + bias[words][:, None]
            values.append(own - normaliser[rows])
        return torch.cat(values)


@torch.inference_mode()
def _language(model: LateFusion, p: Prefixes) -> Tensor:
    """What a model that fuses late knows of every beginning without an image: (prefixes, m)."""
    state, parts = model.language_start(1), []
    for here, parents in p.levels():
        part, state = model.language_step(select(state, parents), p.tokens[here])
        parts.append(part)
    return torch.cat(parts)
