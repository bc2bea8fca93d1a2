"""The beginnings that sentences share: what a language model says after "a dog" is computed once for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ..decoding.sentences import END


@dataclass(frozen=True)
class Prefixes:
    """The different beginnings of some sentences, shorter ones first, and what follows each of them.

    sizes: how many beginnings have 0, 1, 2 … words. tokens: (prefixes,) the last word of each; parents: (prefixes,) the
    beginning without it. after: (steps,) the beginning that a word or an end follows, never falling; follows: (steps,)
    that word. paths: (total,) the steps of each sentence, its end the last one; lengths: (sentences,) their numbers.
    """

    sizes: list[int]
    tokens: Tensor
    parents: Tensor
    after: Tensor
    follows: Tensor
    paths: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, sentences: Sequence[Sequence[int]], device: torch.device) -> Self:
        """`sentences`: indices of words, without ends."""
        tokens, parents, sizes = [END], [0], [1]
        number: dict[tuple[int, int], int] = {}
        after: list[int] = []
        follows: list[int] = []
        starts: list[int] = []
        paths: list[list[int]] = [[] for _ in sentences]
        at = [0] * len(sentences)
        for place in range(max((len(s) for s in sentences), default=0) + 1):
            new = 0
            for row, words in enumerate(sentences):
                if place > len(words):
                    continue
                word = words[place] if place < len(words) else END
                step = (at[row], word)
                if step not in number:
                    number[step] = len(after)
                    after.append(at[row])
                    follows.append(word)
                    starts.append(len(tokens))
                    if word != END:
                        tokens.append(word)
                        parents.append(at[row])
                        new += 1
                paths[row].append(number[step])
                at[row] = starts[number[step]]
            sizes.append(new)
        order = sorted(range(len(after)), key=after.__getitem__)
        rank = [0] * len(order)
        for place, step_number in enumerate(order):
            rank[step_number] = place

        def tensor(values: list[int]) -> Tensor:
            return torch.tensor(values, dtype=torch.int64, device=device)

        return cls(
            [size for size in sizes if size],
            tensor(tokens),
            tensor(parents),
            tensor([after[i] for i in order]),
            tensor([follows[i] for i in order]),
            tensor([rank[step_number] for path in paths for step_number in path]),
            tensor([len(path) for path in paths]),
        )

    def levels(self) -> Iterator[tuple[slice, Tensor]]:
        """Beginnings of no word, of one word … with the place of each one's own beginning in the level before."""
        first = before = 0
        for size in self.sizes:
            here = slice(first, first + size)
            yield here, self.parents[here] - before
            before, first = first, first + size

    def steps_of(self, here: slice) -> slice:
        """The steps that follow these beginnings."""
        bounds = torch.tensor([here.start, here.stop], device=self.after.device)
        low, high = torch.searchsorted(self.after, bounds).tolist()
        return slice(low, high)
