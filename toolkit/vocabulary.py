"""Vocabularies and word vectors."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from .errors import DataError


@dataclass(frozen=True)
class Vocabulary:
    """Words with their indices; index 0 is every word that is not in it.

    Build it from training sentences only: a vocabulary that has read the test split knows its words.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {word: i + 1 for i, word in enumerate(self.words)})

    def __len__(self) -> int:
        return len(self.words) + 1

    def __contains__(self, word: str) -> bool:
        return word in self._index  # type: ignore[attr-defined]

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """The index of each token; 0 for unknown ones."""
        index: dict[str, int] = self._index  # type: ignore[attr-defined]
        return [index.get(token, 0) for token in tokens]


def build_vocabulary(sentences: Iterable[Sequence[str]], min_count: int = 5) -> Vocabulary:
    """The words that occur at least `min_count` times, the most frequent first (ties by the alphabet)."""
    counts = Counter(token for sentence in sentences for token in sentence)
    kept = [(-n, word) for word, n in counts.items() if n >= min_count]
    return Vocabulary(tuple(word for _, word in sorted(kept)))


def load_word_vectors(path: Path, words: Iterable[str]) -> dict[str, torch.Tensor]:
    """The vectors of those `words` that a GloVe or word2vec text file (plain or .gz) has; each (dimension,) float32.

    Raises:
        DataError: a line with fewer values than the first, naming file and line.
    """
    wanted = set(words)
    vectors: dict[str, torch.Tensor] = {}
    dimension: int | None = None
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                # From the right: some of GloVe's words have spaces in them (". . .").
                word, *values = line.rstrip().rsplit(" ", dimension or -1)
                if number == 1 and len(values) == 1:
                    continue  # word2vec's header: how many words, how many dimensions
                dimension = dimension or len(values)
                if len(values) != dimension:
                    raise DataError(f"{path}, line {number}: {len(values)} values where {dimension} were expected.")
                if word in wanted:
                    vectors[word] = torch.tensor([float(v) for v in values])
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} is no GloVe or word2vec text file: {error}.") from error
    return vectors
