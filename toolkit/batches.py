"""Batches of distinct images with their sentences, in a random order that a generator decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .backend import Examples


@dataclass(frozen=True)
class Batch:
    """Some distinct images and some of their sentences.

    features: (images, R, d) as in `Examples`, on the training device. counts: (images,) int64.
    sentences: tokens; image_of: (sentences,) int64, the row of each sentence's image in this batch. epoch: from 0.
    """

    features: Tensor
    counts: Tensor
    sentences: Sequence[Sequence[str]]
    image_of: Tensor
    epoch: int = 0


def batches(
    examples: Examples,
    images: int,
    sentences: int,
    generator: torch.Generator,
    device: torch.device,
    epoch: int = 0,
) -> Iterator[Batch]:
    """One epoch: every image that has sentences once, in random order, with up to `sentences` of them each.

    The last batch is left out where it is smaller than the others (and not the only one): a loss over few images
    has few negatives.
    """
    own = sentences_of(examples)
    rows = [row for row, numbers in enumerate(own) if numbers]
    order = [rows[i] for i in torch.randperm(len(rows), generator=generator).tolist()]
    for start in range(0, max(len(order) - images, 0) + 1, images):
        chosen = order[start : start + images]
        picked = [_pick(own[row], sentences, generator) for row in chosen]
        image_of = [place for place, numbers in enumerate(picked) for _ in numbers]
        index = torch.tensor(chosen)
        yield Batch(
            examples.features[index].to(device),
            examples.counts[index].to(device),
            [examples.sentences[number] for numbers in picked for number in numbers],
            torch.tensor(image_of, device=device),
            epoch,
        )


def sentences_of(examples: Examples) -> list[list[int]]:
    """The sentences of each image, as positions in `examples.sentences`."""
    own: list[list[int]] = [[] for _ in range(len(examples.counts))]
    for number, row in enumerate(examples.sentence_image.tolist()):
        own[row].append(number)
    return own


def _pick(numbers: list[int], most: int, generator: torch.Generator) -> list[int]:
    if len(numbers) <= most:
        return numbers
    return [numbers[i] for i in torch.randperm(len(numbers), generator=generator)[:most].tolist()]
