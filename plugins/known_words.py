"""Sentences as a language model reads them: of the words that it knows, the longest sentence first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from vsa_toolkit.vocabulary import Vocabulary

END = 0
NOTHING = -100
"""What stands where nothing is to be predicted, as `cross_entropy` knows it."""
ROUND = 32
"""Steps take a multiple of so many rows: a processor prepares a matrix product anew for each size that it meets."""


@dataclass(frozen=True)
class KnownWords:
    """Step after step, in a step the longest sentence first: what is read and what comes next.

    sentences: (rows,) int64, their places in the batch, the longest first; the last rows may be there to fill a step
    up. sizes: rows of the first, second … step, never rising. last, next: (total,) int64, the word before (0 at first)
    and the word to predict (0: the end, NOTHING: none).
    """

    sentences: Tensor
    sizes: list[int]
    last: Tensor
    next: Tensor

    @classmethod
    def of(cls, vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], device: torch.device) -> Self:
        """Words that are not in the vocabulary are left out."""
        known = [[word for word in vocabulary.encode(sentence) if word] for sentence in sentences]
        order = sorted(range(len(known)), key=lambda place: -len(known[place]))
        rows = _rounded(len(known))
        steps = len(known[order[0]]) + 1
        last = torch.full((rows, steps), END)
        following = torch.full((rows, steps), NOTHING)
        for row, place in enumerate(order):
            words = torch.tensor([*known[place], END])
            following[row, : len(words)] = words
            last[row, 1 : len(words)] = words[:-1]
        sizes = [_rounded(int(n)) for n in (following != NOTHING).sum(dim=0)]
        return cls(
            torch.tensor(order + [order[-1]] * (rows - len(order)), device=device),
            sizes,
            torch.cat([last[:size, step] for step, size in enumerate(sizes)]).to(device),
            torch.cat([following[:size, step] for step, size in enumerate(sizes)]).to(device),
        )


def word_frequencies(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]]) -> Tensor:
    """(words + 1,) log of how often each word, and at 0 the end, comes, less the greatest: what the output's bias
    starts from (Karpathy's neuraltalk)."""
    counts = Counter(word for sentence in sentences for word in vocabulary.encode(sentence) if word)
    counts[END] = len(sentences)
    found = torch.tensor([float(max(counts[word], 1)) for word in range(len(vocabulary))]).log()
    return found - found.max()


def _rounded(rows: int) -> int:
    return -(-rows // ROUND) * ROUND
