"""Simulated photos with sentences, and a context that keeps what a training saves: for the tests of backends."""

from __future__ import annotations

import torch
from torch import Tensor

from vsa_toolkit.backend import Backend, Context, Examples, Layout
from vsa_toolkit.parse import ROOT, ParsedSentence

THINGS = ("dog", "cat", "ball", "car", "tree", "boat", "kite", "horse")
LAYOUT = Layout(16, 7, THINGS[:4])


def scenes(images: int, seed: int = 0) -> Examples:
    """Simulated photos: each region shows one thing (a fixed vector with noise), the frame their mean; each sentence
    names two of the things that are there."""
    generator = torch.Generator().manual_seed(seed)
    look = torch.randn(len(THINGS), 16, generator=torch.Generator().manual_seed(99))
    features = torch.zeros(images, 6, LAYOUT.dimension)
    counts = torch.randint(3, 7, (images,), generator=generator)
    sentences, image_of = [], []
    for row in range(images):
        n = int(counts[row]) - 1
        there = torch.randperm(len(THINGS), generator=generator)[:n]
        features[row, 1 : n + 1, :16] = look[there] + 0.1 * torch.randn(n, 16, generator=generator)
        features[row, 0, :16] = look[there].mean(dim=0)
        features[row, 0, 18:23] = 1.0
        for place, thing in enumerate(there.tolist()):
            x, y, w, h = (0.1 + 0.4 * torch.rand(4, generator=generator)).tolist()
            features[row, place + 1, 16:23] = torch.tensor([x, y, x + w, y + h, w, h, w * h])
            if thing < 4:
                features[row, place + 1, 23 + thing] = 0.7
        for _ in range(2):
            pair = there[torch.randperm(n, generator=generator)[:2]].tolist()
            sentences.append(["a", *(THINGS[thing] for thing in pair)])
            image_of.append(row)
    return Examples(features, counts, LAYOUT, sentences, torch.tensor(image_of))


def parsed_scenes(images: int, seed: int = 0) -> Examples:
    """The same with trees: "a" hangs on the first thing, the second thing too."""
    examples = scenes(images, seed)
    sentences = [ParsedSentence(s, [1, ROOT, 1], ["det", "ROOT", "conj"]) for s in examples.sentences]
    return Examples(examples.features, examples.counts, LAYOUT, sentences, examples.sentence_image)


class Keeper:
    """A context that keeps what a training saves, and may cancel after some steps."""

    def __init__(self, seed: int = 0, stop_after: int | None = None) -> None:
        self.kept: tuple[dict[str, Tensor], dict[str, object]] | None = None
        self.progress: tuple[dict[str, Tensor], dict[str, object]] | None = None
        self.curve: list[dict[str, float]] = []
        self._calls, self._stop_after = 0, stop_after
        self._seed = seed

    def context(self) -> Context:
        return Context(
            dtype=torch.float32,
            generator=torch.Generator().manual_seed(self._seed),
            progress=lambda done, total, **figures: self.curve.append(figures) if figures else None,
            save=self._save,
            save_progress=self._save_progress,
            load_progress=lambda: self.progress,
            cancelled=self._cancelled,
        )

    def _save(self, backend: Backend) -> None:
        tensors, values = backend.state()
        self.kept = ({name: t.detach().clone() for name, t in tensors.items()}, values)

    def _save_progress(self, tensors: dict[str, Tensor], values: dict[str, object]) -> None:
        self.progress = ({name: t.detach().clone() for name, t in tensors.items()}, values)

    def _cancelled(self) -> bool:
        self._calls += 1
        return self._stop_after is not None and self._calls > self._stop_after
