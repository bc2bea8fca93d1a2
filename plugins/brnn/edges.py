"""Dependency edges as fragments: s = f(W_R [w_1; w_2] + b_R), w_1 the head, w_2 its dependent (DeFrag, section 3.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from vsa_toolkit.errors import DataError
from vsa_toolkit.parse import ROOT, ParsedSentence
from vsa_toolkit.vocabulary import Vocabulary, build_vocabulary


@dataclass(frozen=True)
class Edges:
    """The edge from each word of some sentences to its head.

    heads: (total,) int64, the place of the head among all words of all sentences, −1 for a root.
    relations: (total,) int64, the kind of edge. scored: (total,) bool, whether the edge is a fragment; at least one a
    sentence is.
    """

    heads: Tensor
    relations: Tensor
    scored: Tensor

    def to(self, device: torch.device) -> Self:
        return type(self)(self.heads.to(device), self.relations.to(device), self.scored.to(device))

    @classmethod
    def to_nothing(cls, words: Tensor) -> Self:
        """Each of the words (total,) is a root."""
        return cls(torch.full_like(words, ROOT), torch.zeros_like(words), torch.ones_like(words, dtype=torch.bool))


def encode_edges(
    sentences: Sequence[ParsedSentence], vocabulary: Vocabulary, relations: Vocabulary, every: bool
) -> Edges:
    """Of sentences as `words.encode` gives them, where one without a token has one unknown word.

    every: all edges are fragments, those of roots to nothing and of unknown words too; else only those between two
    known words, and all of them in a sentence without any such edge.
    """
    heads: list[int] = []
    kinds: list[int] = []
    scored: list[bool] = []
    for sentence in sentences:
        start = len(heads)
        tree, known = sentence.heads or (ROOT,), vocabulary.encode(sentence) or [0]
        own = [every or (head != ROOT and known[head] * known[word] > 0) for word, head in enumerate(tree)]
        heads += [ROOT if head == ROOT else start + head for head in tree]
        kinds += relations.encode(sentence.relations) or [0]
        scored += own if any(own) else [True] * len(own)
    return Edges(
        torch.tensor(heads, dtype=torch.int64),
        torch.tensor(kinds, dtype=torch.int64),
        torch.tensor(scored, dtype=torch.bool),
    )


def relation_kinds(sentences: Sequence[ParsedSentence], rare: float, roots: bool = True) -> Vocabulary:
    """The relations that are at least this share of all, with or without those of roots; the others are one kind, 0."""
    names = [
        [name for name, head in zip(sentence.relations, sentence.heads, strict=True) if roots or head != ROOT]
        for sentence in sentences
    ]
    return build_vocabulary(names, max(math.ceil(rare * sum(map(len, names))), 1))


def as_parsed(sentence: Sequence[str]) -> ParsedSentence:
    """The sentence itself.

    Raises:
        DataError: it has not been parsed.
    """
    if isinstance(sentence, ParsedSentence):
        return sentence
    raise DataError(
        f"the sentence {' '.join(sentence)!r} has no dependency tree: vsa_toolkit.parsing.parse_sentences makes them."
    )


class EdgeMap(nn.Module):
    """W_R [w_1; w_2] + b_R, with one matrix for all relations as in the released code, and a b_R for each."""

    def __init__(self, size: int, dimension: int, relations: int) -> None:
        super().__init__()
        self.of_head = nn.Linear(size, dimension, bias=False)
        self.of_dependent = nn.Linear(size, dimension, bias=False)
        self.bias = nn.Parameter(torch.zeros(relations, dimension))

    def reset(self, generator: torch.Generator) -> None:
        for linear in (self.of_head, self.of_dependent):
            nn.init.xavier_uniform_(linear.weight, generator=generator)

    def forward(self, x: Tensor, place: Tensor, edges: Edges) -> tuple[Tensor, Tensor]:
        """x: (kinds of words, size); place: (total,) the row of `x` of each word.

        Returns the vectors of the distinct edges (rows, h), and the row of each edge (total,).
        """
        # A root has no head: the last row of the heads' vectors is zero.
        dependents: Tensor = self.of_dependent(x)
        heads = torch.cat([self.of_head(x), dependents.new_zeros(1, dependents.shape[1])])
        head = torch.where(edges.heads < 0, len(x), place[edges.heads.clamp(min=0)])
        number = (place * (len(x) + 1) + head) * len(self.bias) + edges.relations
        distinct, rows = torch.unique(number, return_inverse=True)
        relation = distinct % len(self.bias)
        pair = distinct // len(self.bias)
        return dependents[pair // (len(x) + 1)] + heads[pair % (len(x) + 1)] + self.bias[relation], rows
