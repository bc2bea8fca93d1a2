"""The training snippet that fits a region best under an alignment model (Karpathy and Li 2015, section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from vsa_toolkit.backend import GEOMETRY, Aligner, Backend, Layout, abilities
from vsa_toolkit.errors import UserError

REGIONS = 64
"""How many regions are compared with all snippets at once."""
SNIPPETS = 4096


class SnippetChoice:
    """argmax over snippets of Σ_t v · s_t / T^power: v the region's vector, s_t those of the snippet's T words."""

    def __init__(self, aligner: Backend, layout: Layout, snippets: Sequence[Sequence[str]], power: float) -> None:
        if "aligner" not in abilities(type(aligner)) or type(aligner).required(aligner.options).parses:
            raise UserError(
                f"nearest compares regions with words: it needs the run of such a model, not {aligner.name}."
            )
        self.aligner, self.snippets = aligner, snippets
        self._layout, self._power = layout, power
        self._words: tuple[Tensor, Tensor, Tensor] | None = None

    @torch.inference_mode()
    def best(self, features: Tensor) -> list[int]:
        """(regions, d) → the number of the best snippet of each"""
        words, offsets, lengths = self._embedded()
        chosen: list[int] = []
        for part in torch.split(features.to(self.aligner.device), REGIONS):
            v = self._region_vectors(part)
            sums = embedding_bag(torch.arange(len(words), device=words.device), words @ v.T, offsets, mode="sum")
            scores = sums / lengths.clamp(min=1)[:, None] ** self._power
            chosen += scores.masked_fill(lengths[:, None] == 0, -torch.inf).argmax(dim=0).tolist()
        return chosen

    def _embedded(self) -> tuple[Tensor, Tensor, Tensor]:
        """(words, h), the first word of each snippet, (snippets,) the number of its words; once."""
        if self._words is None:
            vectors, lengths = [], []
            for start in range(0, len(self.snippets), SNIPPETS):
                group = self.snippets[start : start + SNIPPETS]
                found = cast(Aligner, self.aligner).embed_fragments(group)
                of_word = found.token_index >= 0
                owner = torch.arange(len(group), device=of_word.device).repeat_interleave(found.lengths)[of_word]
                vectors.append(found.vectors[of_word])
                lengths.append(torch.bincount(owner, minlength=len(group)))
            counts = torch.cat(lengths)
            self._words = torch.cat(vectors), counts.cumsum(0) - counts, counts
        return self._words

    def _region_vectors(self, features: Tensor) -> Tensor:
        """(regions, d) → (regions, h). Each region is given beside a frame with the same features: what an aligner
        knows of frames alone must not be said of it."""
        frame = features.clone()
        encoder = self._layout.encoder
        frame[:, encoder:] = 0
        if self._layout.geometry:
            frame[:, encoder : encoder + GEOMETRY] = torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
        both = torch.stack([frame, features], dim=1)
        counts = torch.full((len(both),), 2, device=features.device)
        return cast(Aligner, self.aligner).embed_regions(both.float(), counts)[:, 1]
