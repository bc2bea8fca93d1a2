"""A small simulated world to try backends on: images of coloured things, sentences that name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..backend import GEOMETRY, Examples, Layout, Requires
from ..parse import ParsedSentence

ENCODER = 12
LABELS = ("cat", "dog")
THINGS = ("cat", "dog", "ball", "car", "hat", "tree")
COLOURS = ("red", "green", "blue")
MOST = 4  # regions an image
VAL_WORD = "zyzzyva"
"""A word that only validation sentences have, often."""
UNKNOWN = "quuxly"
"""A word that no sentence has."""


@dataclass(frozen=True)
class World:
    """Splits of one world; `train` has no sentence with VAL_WORD."""

    train: Examples
    val: Examples
    test: Examples


def make_world(requires: Requires, seed: int = 0) -> World:
    """Examples as a backend with these requirements gets them: 24, 8 and 10 images, two sentences each."""
    generator = torch.Generator().manual_seed(seed)
    looks = torch.randn(len(THINGS) + len(COLOURS), ENCODER, generator=generator)
    train = _split(requires, looks, 24, generator)
    val = _split(requires, looks, 8, generator)
    sentences = [[*sentence, "with", "a", VAL_WORD] for sentence in val.sentences]
    val = replace(val, sentences=parsed(sentences) if requires.parses else sentences)
    return World(train, val, _split(requires, looks, 10, generator))


def parsed(sentences: Sequence[Sequence[str]]) -> list[ParsedSentence]:
    """Trees in which each word hangs on the one after it."""
    return [
        ParsedSentence(s, [*range(1, len(s)), -1] if s else [], ["det"] * max(len(s) - 1, 0) + ["root"] * bool(s))
        for s in sentences
    ]


def _split(requires: Requires, looks: Tensor, images: int, generator: torch.Generator) -> Examples:
    single = requires.features == "frame" or requires.alignments
    layout = Layout(ENCODER, GEOMETRY if requires.geometry else 0, LABELS if requires.labels else ())
    most = 1 if single else MOST
    features = torch.zeros(images, most, layout.dimension)
    counts = torch.ones(images, dtype=torch.int64)
    sentences: list[list[str]] = []
    for image in range(images):
        shown = torch.randperm(len(THINGS), generator=generator)[: 1 if image == 0 or single else MOST - 1].tolist()
        colours = torch.randint(len(COLOURS), (len(shown),), generator=generator).tolist()
        seen = [looks[thing] + looks[len(THINGS) + colour] for thing, colour in zip(shown, colours, strict=True)]
        counts[image] = 1 if image == 0 or single else len(shown) + 1  # the first image has its frame only
        rows = [torch.stack(seen).mean(dim=0), *seen][: int(counts[image])]
        for place, row in enumerate(rows):
            noise = 0.1 * torch.randn(ENCODER, generator=generator)
            features[image, place, :ENCODER] = row + noise
            _inputs(features[image, place], layout, place, THINGS[shown[max(place - 1, 0)]], generator)
        names = [f"{COLOURS[colour]} {THINGS[thing]}".split() for thing, colour in zip(shown, colours, strict=True)]
        sentences.append([word for name in names for word in ("a", *name, "and")][:-1])
        sentences.append(["there", "is", "a", *names[-1]])
    owner = torch.arange(images).repeat_interleave(2)
    return Examples(features, counts, layout, parsed(sentences) if requires.parses else sentences, owner)


def _inputs(row: Tensor, layout: Layout, place: int, thing: str, generator: torch.Generator) -> None:
    if layout.geometry:
        x, y, w, h = (0.0, 0.0, 1.0, 1.0) if place == 0 else (torch.rand(4, generator=generator) * 0.5).tolist()
        box = torch.tensor([x, y, x + w, y + h, w, h, w * h])
        row[layout.encoder : layout.encoder + layout.geometry] = box
    if place and thing in layout.labels:
        row[layout.encoder + layout.geometry + layout.labels.index(thing)] = 0.9
