"""A store in memory with captions of images and regions, and with a campaign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vsa_toolkit.collected import Collected, PersonPhrase
from vsa_toolkit.errors import UserError
from vsa_toolkit.records import Caption, Grounding, Image, Region, Sentence, Split

from ..memory_store import MemoryStore

IMAGES = 8
LEFT, RIGHT = (0.0, 0.0, 45.0, 50.0), (55.0, 0.0, 45.0, 50.0)
SENTENCES = ("A man and a brown dog", "The tall man with his dog", "Someone walks a dog")
SPANS = (((0, 5), (10, 21)), ((0, 12), (18, 25)), ((0, 7), (14, 19)))


class TextStore(MemoryStore):
    """Images with three sentences and two chains: the man on the left, the dog on the right."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.captions: dict[int, list[Caption]] = {}
        self.regions = {
            2 * i + k: Region(2 * i + k, i, box, score=0.5) for i in range(1, 9) for k, box in enumerate((LEFT, RIGHT))
        }
        images = [Image(i, f"photo{i}", Path("/nowhere"), "", 100, 50, "test") for i in range(1, IMAGES + 1)]
        sentences = [
            Sentence(10 * i + n, i, n, f"{text} {i}") for i in range(1, IMAGES + 1) for n, text in enumerate(SENTENCES)
        ]
        groundings = [
            Grounding(1, 10 * i + n, i, *span, (box,), chain)
            for i in range(1, IMAGES + 1)
            for n, spans in enumerate(SPANS)
            for span, box, chain in zip(spans, (LEFT, RIGHT), ("7", "8"), strict=True)
        ]
        frames = [Region(100 + i, i, (0, 0, 100, 50), True) for i in range(1, IMAGES + 1)]
        self.splits["test"] = Split("made-up", "test", "frame", images, sentences, frames, groundings, "print")
        self.collected: Collected | None = None

    def add_captioner(self, seed: int, said: list[Caption], **provenance: object) -> int:
        number = self.add_run(self.add_checkpoint(seed))
        info = self.runs[number]
        self.runs[number] = replace(info, provenance={**info.provenance, **provenance})
        self.captions[number] = said
        return number

    def read_images(self, dataset: str, split: str | None = None) -> list[Image]:
        return list(self.splits[split or "test"].images)

    def read_captions(self, run: int) -> list[Caption]:
        return self.captions.get(run, [])

    def read_regions(self, ids: list[int]) -> dict[int, Region]:
        return {id: self.regions[id] for id in ids if id in self.regions}

    def read_collected(self, dataset: str, split: str, campaign: str | None) -> Collected:
        if self.collected is None:
            raise UserError(f"nobody has submitted a phrase on split {split!r} of {dataset!r} yet.")
        return self.collected


def of_images(text: str) -> list[Caption]:
    return [Caption(i, text, None, -3.0) for i in range(1, IMAGES + 1)]


def of_regions(left: str, right: str) -> list[Caption]:
    return [
        Caption(i, text, 2 * i + k, -2.0) for i in range(1, IMAGES + 1) for k, text in enumerate((left, right))
    ]  # fmt: skip


def campaign(images: int = 4) -> Collected:
    """Two annotators who agree on the man and half on the dog."""
    phrases, number = [], 0
    for i in range(1, images + 1):
        for name, text in (("ann", "a brown dog"), ("bob", "the dog")):
            for k, (box, words) in enumerate(((LEFT, f"a man {i}"), (RIGHT, text))):
                number += 1
                phrases.append(PersonPhrase(number, name, i, 2 * i + k, box, words))
    photos = [Image(i, f"photo{i}", Path("/nowhere"), "", 100, 50, "test") for i in range(1, images + 1)]
    done = frozenset((name, i) for name in ("ann", "bob") for i in range(1, images + 1))
    return Collected("pilot", "made-up", "test", photos, phrases, done, frozenset(), "collected")


@pytest.fixture
def store(tmp_path: Path) -> TextStore:
    return TextStore(tmp_path)
