"""Sentences as a language model reads them: of the words that it knows, the longest sentence first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence

from vsa_toolkit.vocabulary import Vocabulary

END = 0


@dataclass(frozen=True)
class KnownWords:
    """Step after step, in a step the longest sentence first: what is read and what comes next.

    sentences: (sentences,) int64, their places in the batch, the longest first. sizes: how many sentences have a first,
    second … word or end, never rising. last, next: (total,) int64, the word before (0 at first) and the word to
    predict (0: the end).
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
        packed = pack_sequence([torch.tensor([*known[place], END]) for place in order])
        before = pack_sequence([torch.tensor([END, *known[place]]) for place in order])
        return cls(
            torch.tensor(order, device=device),
            packed.batch_sizes.tolist(),
            before.data.to(device),
            packed.data.to(device),
        )


def word_frequencies(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]]) -> Tensor:
    """(words + 1,) log of how often each word, and at 0 the end, comes, less the greatest: what the output's bias
    starts from (Karpathy's neuraltalk)."""
    counts = Counter(word for sentence in sentences for word in vocabulary.encode(sentence) if word)
    counts[END] = len(sentences)
    found = torch.tensor([float(max(counts[word], 1)) for word in range(len(vocabulary))]).log()
    return found - found.max()
