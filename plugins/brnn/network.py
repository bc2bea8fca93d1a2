"""Regions and words put together: vectors in one space whose products are the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vsa_toolkit.alignment.maxima import best_region_scores, sum_over_fragments
from vsa_toolkit.backend import Layout
from vsa_toolkit.text import words as tokens
from vsa_toolkit.vocabulary import Vocabulary

from .edges import Edges
from .options import BrnnOptions
from .regions import RegionNetwork, Salience
from .words import WordNetwork, Words, encode


@dataclass(frozen=True)
class RegionVectors:
    """local: (images, R, h), one a region. whole: (images, g), one a photo, or None."""

    local: Tensor
    whole: Tensor | None


@dataclass(frozen=True)
class SentenceVectors:
    """local: (rows, h); rows, weights: (total,), as in `WordVectors`; whole: (sentences, g), or None.

    The scores' scale is in `local` (through `weights`) and `whole`.
    """

    local: Tensor
    rows: Tensor
    weights: Tensor
    lengths: Tensor
    whole: Tensor | None


@dataclass(frozen=True)
class Design:
    """What tells brnn, deptree and defrag apart.

    relations: the kinds of dependency edges, where fragments are such edges; None: they are words.
    reduce: over the regions of an image, "max" (eq. 8) or "thresholded_sum" (eq. 7).
    smoothing: n; a sentence's sum is divided by (its weights + n) to the power `length_power`.
    """

    relations: Vocabulary | None = None
    reduce: Literal["max", "thresholded_sum"] = "max"
    smoothing: float = 0.0


class BrnnNetwork(nn.Module):
    """S_kl = Σ_t w_t max_i v_i · s_t (eq. 8, where w_t = 1) + g_k · u_l where there is a global fragment.

    With salience, v_i has one more element, b_i, and s_t a 1: a region is preferred by all words alike. With class
    words, a region's classes add the word vectors of their names to v_i, as sure as the proposer is of them.
    By design the fragments t may be dependency edges, and the maximum a sum of positive parts.
    """

    name_ids: Tensor
    name_lengths: Tensor

    def __init__(
        self,
        options: BrnnOptions,
        layout: Layout,
        vocabulary: Vocabulary,
        design: Design = Design(),
    ) -> None:
        super().__init__()
        self.options = options
        whole = options.global_dimension if options.global_fragment else 0
        self.regions = RegionNetwork(layout, options.dimension + whole, options)
        self.design = design
        relations = None if design.relations is None else len(design.relations)
        self.words = WordNetwork(options, len(vocabulary), relations, design.smoothing)
        self.share = nn.Parameter(torch.ones(())) if whole else None
        self.whole_labels = nn.Parameter(torch.empty(len(layout.labels), whole)) if whole and layout.labels else None
        self.salience = Salience(layout, options.dimension) if options.salience else None
        self.layout = layout
        self.naming = (
            nn.Parameter(torch.full((2,), options.name_scale)) if options.class_words and layout.labels else None
        )
        names = encode(vocabulary, [tokens(label) for label in layout.labels], torch.device("cpu"))
        self.register_buffer("name_ids", names.ids, persistent=False)
        self.register_buffer("name_lengths", names.lengths, persistent=False)

    def reset(self, generator: torch.Generator) -> None:
        self.regions.reset(generator)
        self.words.reset(generator)
        if self.whole_labels is not None:
            nn.init.normal_(self.whole_labels, std=0.1, generator=generator)

    def embed_regions(
        self, features: Tensor, counts: Tensor, generator: torch.Generator | None = None
    ) -> RegionVectors:
        """features (images, R, d), counts (images,)."""
        y = self.regions(features, generator).float()
        if self.naming is not None:
            y = y + self._names(features)
        y_local = y[..., : self.options.dimension]
        local = self._unit(y_local)
        if self.salience is not None:
            local = torch.cat([local, self.salience(y_local, features)], dim=2)
        if self.options.votes and self.layout.geometry:
            local = _votes(features[..., self.layout.encoder :], counts) @ local
        if not (self.options.words_on_frame or self.options.frame_only):
            # The product of a word with the frame is then 0: what is left for a word that fits no region.
            local = torch.cat([torch.zeros_like(local[:, :1]), local[:, 1:]], dim=1)
        if self.share is None:
            return RegionVectors(local, None)
        return RegionVectors(local, self._photo(y[..., self.options.dimension :], features, counts))

    def embed_sentences(self, words: Words, generator: torch.Generator | None = None) -> SentenceVectors:
        found = self.words(words, generator)
        local = self._unit(found.vectors.float())
        if self.salience is not None:
            local = torch.cat([local, local.new_ones(len(local), 1)], dim=1)
        sharpness = self.options.sharpness if self.options.normalise else 1.0
        whole = None if found.sentence is None else self._unit(found.sentence.float()) * sharpness
        weights = found.weights * self.options.word_sharpness if self.options.normalise else found.weights
        return SentenceVectors(local, found.rows, weights, words.lengths, whole)

    def scores(
        self, regions: RegionVectors, sentences: SentenceVectors, counts: Tensor, dtype: torch.dtype = torch.float32
    ) -> tuple[Tensor, Tensor | None]:
        """The words' part and the whole sentence's part of the score, each (images, sentences)."""
        if self.design.reduce == "max":
            best = best_region_scores(sentences.local.to(dtype), regions.local, counts)
        else:
            best = region_products(sentences.local.to(dtype), regions.local, counts).relu().sum(dim=2).float()
        return self.sum(best, regions, sentences)

    def sum(self, best: Tensor, regions: RegionVectors, sentences: SentenceVectors) -> tuple[Tensor, Tensor | None]:
        """best: (rows, images), what each distinct fragment scores with each image → both parts, as above."""
        local = sum_over_fragments(best, sentences.rows, sentences.lengths, sentences.weights)
        if regions.whole is None or sentences.whole is None:
            return local, None
        return local, regions.whole @ sentences.whole.t()

    def _names(self, features: Tensor) -> Tensor:
        """(images, R, h + g): the word vectors of the classes' names, for "it is one" and for how sure that is."""
        assert self.naming is not None
        scores = features[..., self.layout.encoder + self.layout.geometry :].float()
        edges = Edges.to_nothing(self.name_ids) if self.words.of_edges else None
        names = Words(self.name_ids, self.name_lengths, edges)
        found = self.words(names)
        each = (found.vectors[found.rows] / names.lengths[names.sentence][:, None]).float()
        vectors = each.new_zeros(len(names.lengths), each.shape[1]).index_add(0, names.sentence, each)
        if found.sentence is not None:
            vectors = torch.cat([vectors, found.sentence.float()], dim=1)
        known = torch.zeros_like(names.lengths).index_add(0, names.sentence, (names.ids > 0).long()) > 0
        classes = self.naming[0] * (scores > 0).float() + self.naming[1] * scores
        added: Tensor = classes @ (vectors * known[:, None])
        return added

    def _photo(self, y: Tensor, features: Tensor, counts: Tensor) -> Tensor:
        """g = frame + a share of the mean region + the surest score of each class in the photo."""
        assert self.share is not None
        there = (torch.arange(y.shape[1], device=y.device)[None, :] < counts[:, None]).float()[..., None]
        g = y[:, 0] + self.share * (y * there).sum(dim=1) / counts[:, None]
        if self.whole_labels is not None:
            classes = features[..., self.layout.encoder + self.layout.geometry :].float()
            g = g + (classes * there).amax(dim=1) @ self.whole_labels
        return self._unit(g)

    def _unit(self, x: Tensor) -> Tensor:
        return normalize(x, dim=-1) if self.options.normalise else x


def region_products(fragments: Tensor, regions: Tensor, counts: Tensor) -> Tensor:
    """v_i · s_t, (fragments, images, R) in the type of `fragments`; 0 beyond an image's `counts`."""
    images, most, h = regions.shape
    there = torch.arange(most, device=counts.device)[None, :] < counts[:, None]
    regions = (regions * there[..., None]).to(fragments.dtype)
    return (fragments @ regions.view(images * most, h).t()).view(-1, images, most)


def _votes(geometry: Tensor, counts: Tensor) -> Tensor:
    """(images, R, R): how much a region counts what another one shows, their squared IoU; the frame counts itself."""
    x, y, right, bottom, _, _, area = geometry[..., :7].float().unbind(dim=-1)
    across = torch.minimum(right[:, :, None], right[:, None]) - torch.maximum(x[:, :, None], x[:, None])
    down = torch.minimum(bottom[:, :, None], bottom[:, None]) - torch.maximum(y[:, :, None], y[:, None])
    shared = across.clamp(min=0) * down.clamp(min=0)
    overlap = (shared / (area[:, :, None] + area[:, None] - shared).clamp(min=1e-6)) ** 2
    overlap[:, 0] = overlap[:, :, 0] = 0.0
    overlap[:, 0, 0] = 1.0
    there = torch.arange(x.shape[1], device=x.device)[None, :] < counts[:, None]
    return overlap * there[:, None, :]
