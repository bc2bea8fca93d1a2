"""The dependency trees of many sentences side by side, level by level from the leaves up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from vsa_toolkit.errors import DataError
from vsa_toolkit.parse import ROOT, ParsedSentence
from vsa_toolkit.vocabulary import Vocabulary


@dataclass(frozen=True)
class Level:
    """Nodes whose highest child is one level below (level 0: leaves), roots first, then by kind of edge.

    nodes: (n,) int64, places among all words. roots: how many of them have no head. kinds: for each kind of edge that
    the others have, its number and how many.
    """

    nodes: Tensor
    roots: int
    kinds: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Trees:
    """heads: (total,) int64, the place of each word's head among all words, −1 for a root. sizes: (total,) float, l(i),
    the words under each, itself included."""

    heads: Tensor
    sizes: Tensor
    levels: Sequence[Level]

    @classmethod
    def of(cls, sentences: Sequence[ParsedSentence], kinds: Vocabulary, device: torch.device) -> Self:
        """A sentence without a token has one, a root. `kinds` numbers the relations of edges.

        Raises:
            DataError: the heads of a sentence are no tree.
        """
        heads: list[int] = []
        kind: list[int] = []
        for sentence in sentences:
            start = len(heads)
            heads += [ROOT if head == ROOT else start + head for head in sentence.heads or (ROOT,)]
            kind += kinds.encode(sentence.relations) or [0]
        of_node, parents = torch.tensor(kind, dtype=torch.int64), torch.tensor(heads, dtype=torch.int64)
        of_node = of_node.masked_fill(parents == ROOT, -1)
        heights = _heights(parents, max(map(len, sentences), default=0))
        levels, sizes = [], torch.ones(len(parents))
        for nodes in torch.split(torch.argsort(heights, stable=True), torch.bincount(heights).tolist()):
            nodes = nodes[torch.argsort(of_node[nodes], stable=True)]
            inner = nodes[parents[nodes] != ROOT]
            sizes.index_add_(0, parents[inner], sizes[inner])
            numbers, counts = torch.unique_consecutive(of_node[inner], return_counts=True)
            pairs = list(zip(numbers.tolist(), counts.tolist(), strict=True))
            levels.append(Level(nodes.to(device), len(nodes) - len(inner), pairs))
        return cls(parents.to(device), sizes.to(device), levels)


def positions(sentence: ParsedSentence) -> ParsedSentence:
    """The same tree with places for relations: l1 is the nearest dependent to the left of its head, r2 the second to
    the right."""
    seen: Counter[tuple[int, str]] = Counter()
    places = [""] * len(sentence)
    nearest_first = sorted(range(len(sentence)), key=lambda word: abs(word - sentence.heads[word]))
    for word in nearest_first:
        side = "l" if word < sentence.heads[word] else "r"
        seen[sentence.heads[word], side] += 1
        places[word] = f"{side}{seen[sentence.heads[word], side]}"
    return ParsedSentence(sentence, sentence.heads, places)


def _heights(parents: Tensor, longest: int) -> Tensor:
    """(total,) int64: 0 for a leaf, else one more than the highest child."""
    heights = torch.zeros_like(parents)
    children = torch.nonzero(parents != ROOT).flatten()
    for _ in range(longest + 1):
        raised = heights.scatter_reduce(0, parents[children], heights[children] + 1, "amax")
        if torch.equal(raised, heights):
            return heights
        heights = raised
    raise DataError("the heads of a sentence go round in a circle: they must make a tree.")
