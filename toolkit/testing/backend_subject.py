"""A backend class on a small simulated world: what the checks of backends are made on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor

from ..backend import Aligner, Backend, Context, DualEncoder, Examples, LanguageModel, Ranker, abilities
from ..options import Options
from .checks import CheckFailedError, require
from .world import World, make_world, parsed

TOLERANCE = 1e-4
"""Of the largest value, where two ways of computing one thing are compared."""


class BackendSubject:
    """A backend class with options that train quickly; it is fitted once, when a check first asks."""

    def __init__(self, kind: type[Backend], options: Options) -> None:
        self.kind, self.options = kind, options
        self.requires = kind.required(options)
        self.progress: list[tuple[int, int | None]] = []

    @cached_property
    def world(self) -> World:
        return make_world(self.requires)

    @cached_property
    def fitted(self) -> Backend:
        return self.fit(self.progress)

    @cached_property
    def can(self) -> list[str]:
        return abilities(self.kind)

    def fit(
        self, progress: list[tuple[int, int | None]] | None = None, as_it_is: bool = False, **context: Any
    ) -> Backend:
        """A backend fitted as the toolkit does it: what `ctx.save` kept last, or the instance itself."""
        world = self.world
        kept: list[tuple[dict[str, Tensor], dict[str, Any]]] = []
        made = self.kind(self.options, torch.device("cpu"))

        def report(done: int, total: int | None, **figures: Any) -> None:
            if progress is not None:
                progress.append((done, total))

        ctx = Context(
            generator=torch.Generator().manual_seed(3),
            progress=report,
            save=lambda backend: kept.append(copied(backend.state())),
            **context,
        )
        made.fit(cloned(world.train), cloned(world.val), ctx)
        return made if as_it_is or not kept else self.from_state(*kept[-1])

    def from_state(self, tensors: dict[str, Tensor], values: dict[str, Any], device: str = "cpu") -> Backend:
        return self.kind.from_state(self.options, tensors, json.loads(json.dumps(values)), torch.device(device))

    def sentences(self, texts: Sequence[str]) -> Sequence[Sequence[str]]:
        tokens = [text.split() for text in texts]
        return parsed(tokens) if self.requires.parses else tokens

    def outputs(
        self, backend: Backend, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]
    ) -> dict[str, Tensor]:
        """All that the backend says of these images and sentences: images in rows, or sentences in rows."""
        found: dict[str, Tensor] = {}
        features, counts = features.clone(), counts.clone()
        with torch.inference_mode():
            if "dual-encoder" in self.can:
                dual = cast(DualEncoder, backend)
                found["embed_images"] = dual.embed_images(features, counts)
                found["embed_sentences"] = dual.embed_sentences(sentences)
            if "aligner" in self.can:
                aligner = cast(Aligner, backend)
                regions = aligner.embed_regions(features, counts)
                inside = torch.arange(regions.shape[1])[None, :] < counts[:, None]
                found["embed_regions"] = regions.masked_fill(~inside[..., None], 0)
            if "ranker" in self.can:
                found["score"] = cast(Ranker, backend).score(features, counts, sentences)
            if "language-model" in self.can:
                found["start"] = self.first_logits(cast(LanguageModel, backend), features[:, 0])
        return found

    def first_logits(self, model: LanguageModel, features: Tensor) -> Tensor:
        logits, _ = model.step(model.start(features), torch.zeros(len(features), dtype=torch.int64))
        return logits


def cloned(examples: Examples) -> Examples:
    """The same examples in tensors and lists of their own."""
    sentences = list(examples.sentences)
    return replace(
        examples,
        features=examples.features.clone(),
        counts=examples.counts.clone(),
        sentences=sentences if sentences and hasattr(sentences[0], "heads") else [list(s) for s in sentences],
        sentence_image=examples.sentence_image.clone(),
    )


def same_outputs(subject: BackendSubject, first: Backend, second: Backend, what: str, exact: bool) -> None:
    test = subject.world.test
    before = subject.outputs(first, test.features, test.counts, test.sentences)
    after = subject.outputs(second, test.features, test.counts, test.sentences)
    if "aligner" in subject.can:
        with torch.inference_mode():
            before["embed_fragments"] = cast(Aligner, first).embed_fragments(test.sentences).vectors
            after["embed_fragments"] = cast(Aligner, second).embed_fragments(test.sentences).vectors
    for name in before:
        require(
            torch.equal(before[name], after[name]) if exact else torch.allclose(before[name], after[name]),
            f"{what} {name}",
        )


def expect_shape(name: str, value: Tensor, expected: tuple[int, ...]) -> None:
    require(tuple(value.shape) == expected, f"{name} gave {tuple(value.shape)}, not {expected}")


def expect_close(value: Tensor, expected: Tensor, otherwise: str) -> None:
    if value.shape != expected.shape:
        raise CheckFailedError(f"{otherwise} (shape {tuple(value.shape)}, not {tuple(expected.shape)})")
    scale = float(expected.abs().max()) or 1.0
    largest = float((value - expected).abs().max())
    require(largest <= TOLERANCE * scale, f"{otherwise} (by {largest:.2g}, where the largest is {scale:.2g})")


def copied(state: tuple[dict[str, Tensor], dict[str, Any]]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return {name: tensor.detach().clone() for name, tensor in state[0].items()}, json.loads(json.dumps(state[1]))
