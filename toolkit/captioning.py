"""Captions of images and regions, from language models by decoding, from captioners by what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import torch
from torch import Tensor

from .backend import Backend, Captioner, Examples, LanguageModel, abilities
from .decoding import Decoding, decode, text
from .errors import DataError, UserError
from .likelihood import perplexity
from .records import Caption, Region, Split

What = Literal["frames", "regions", "human-regions"]


@dataclass(frozen=True)
class Describe:
    """What is described, and how sentences are chosen.

    on: whole photos, the regions of a proposer, or those that people drew (an import's; with `campaign` that one's).
    """

    on: What = "frames"
    campaign: str | None = None
    decoding: Decoding = field(default_factory=Decoding)

    def as_options(self, decodes: bool = True) -> dict[str, Any]:
        """As a run's options state it; of a backend that decodes nothing, without how."""
        how = self.decoding
        stated: dict[str, Any] = {"on": self.on}
        if self.campaign is not None:
            stated["campaign"] = self.campaign
        if not decodes:
            return stated
        stated |= {"beam": how.beam, "length_normalisation": how.length_normalisation, "max_words": how.max_words}
        if how.temperature is not None:
            stated["temperature"] = how.temperature
        return stated


@dataclass(frozen=True)
class Said:
    """A text, and its natural log-probability where the model gives any."""

    text: str
    log_probability: float | None = None


def can_describe(kind: type[Backend]) -> bool:
    """Whether backends of this kind describe photos and regions."""
    return bool({"language-model", "captioner"} & set(abilities(kind)))


def describe(backend: Backend, features: Tensor, how: Decoding, generator: torch.Generator | None = None) -> list[Said]:
    """A text for each item. features: (items, d), of photos or regions.

    Raises:
        UserError: the backend describes nothing.
        DataError: it said nothing of an item.
    """
    features = features.to(backend.device).float()
    kinds = abilities(type(backend))
    if "language-model" in kinds:
        model = cast(LanguageModel, backend)
        made = [Said(text(d, model), d.log_probability) for d in decode(model, features, how, generator)]
    elif "captioner" in kinds:
        made = [Said(said) for said in cast(Captioner, backend).caption(features)]
    else:
        raise UserError(f"backend {backend.name!r} describes neither photos nor regions.")
    if any(not said.text for said in made):
        raise DataError(f"backend {backend.name!r} said nothing of {sum(not said.text for said in made)} items.")
    return made


class Describer:
    """Captions of the images of a split, or of their regions."""

    def __init__(self, backend: Backend, split: Split, examples: Examples, what: Describe, seed: int) -> None:
        self._backend, self._examples, self._what, self._seed = backend, examples, what, seed
        self._regions: dict[int, list[Region]] = {}
        for region in split.regions:
            self._regions.setdefault(region.image_id, []).append(region)

    def captions(self, image_ids: Sequence[int], rows: Sequence[int]) -> list[Caption]:
        """Of these images, which are these rows of the examples."""
        whole = self._what.on == "frames"
        wanted = [
            (row, place, image_id, region.id)
            for image_id, row in zip(image_ids, rows, strict=True)
            for place, region in enumerate(self._regions[image_id])
            if region.is_frame == whole
        ]
        if not wanted:
            return []
        items = self._examples.features[[row for row, *_ in wanted], [place for _, place, *_ in wanted]]
        # A batch draws the same sentences whatever was drawn before it.
        generator = torch.Generator(self._backend.device).manual_seed(hash((self._seed, image_ids[0])) % 2**63)
        said = describe(self._backend, items, self._what.decoding, generator)
        return [
            Caption(image_id, s.text, None if whole else region_id, s.log_probability)
            for (_, _, image_id, region_id), s in zip(wanted, said, strict=True)
        ]


def split_perplexity(backend: Backend, examples: Examples) -> dict[str, Any] | None:
    """Of a language model on the sentences of whole photos, each given its own; None for other backends, or where
    there are no sentences."""
    if "language-model" not in abilities(type(backend)) or not examples.sentences:
        return None
    features = examples.features[:, 0].to(backend.device).float()
    return perplexity(cast(LanguageModel, backend), features, examples.sentences, examples.sentence_image)
