"""Sentences with their dependency trees: tokens as everywhere, and for each its head and the relation to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

ROOT = -1


class ParsedSentence(tuple[str, ...]):
    """The tokens of a sentence, which it can be used as, with `heads` and `relations`, one a token.

    heads: the index of each token's head among the tokens, ROOT (−1) for a root; a sentence may have several roots.
    relations: the name of the edge to the head, in the parser's words ("nsubj", "amod"); "bigram" where there was no
    parser and the head is the token before.
    """

    heads: tuple[int, ...]
    relations: tuple[str, ...]

    def __new__(cls, tokens: Sequence[str], heads: Sequence[int], relations: Sequence[str]) -> Self:
        if not len(tokens) == len(heads) == len(relations):
            raise ValueError(f"{len(tokens)} tokens, {len(heads)} heads, {len(relations)} relations")
        made = super().__new__(cls, tokens)
        made.heads, made.relations = tuple(heads), tuple(relations)
        return made


def bigrams(tokens: Sequence[str]) -> ParsedSentence:
    """What stands in for a parse: the head of each token is the token before it, the first is the root."""
    return ParsedSentence(tokens, range(ROOT, len(tokens) - 1), ["bigram"] * len(tokens))
