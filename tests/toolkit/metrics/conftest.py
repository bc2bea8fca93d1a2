"""Random corpora for comparisons with other implementations: few words, so that n-grams repeat."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from vsa_toolkit.metrics.segments import Segment

WORDS = ("a", "dog", "the", "runs", "cat", "on", "grass", "red")

Corpora = Callable[..., list[Segment]]


@pytest.fixture(scope="session")
def random_corpus() -> Corpora:
    """Seed → up to eight segments with one to four references (or exactly `references`), one to twelve words each."""

    def make(
        seed: int, smallest: int = 1, references: int | None = None, words: tuple[str, ...] = WORDS
    ) -> list[Segment]:
        generator = random.Random(seed)

        def text() -> str:
            return " ".join(generator.choices(words, k=generator.randint(1, 12)))

        return [
            Segment(str(number), text(), tuple(text() for _ in range(references or generator.randint(1, 4))))
            for number in range(generator.randint(smallest, 8))
        ]

    return make


@pytest.fixture(scope="session")
def columns() -> Callable[[list[Segment]], list[list[str | None]]]:
    """References as sacrebleu wants them: reference-major, None where a segment has fewer."""

    def make(corpus: list[Segment]) -> list[list[str | None]]:
        most = max(len(segment.references) for segment in corpus)
        return [[s.references[i] if i < len(s.references) else None for s in corpus] for i in range(most)]

    return make
