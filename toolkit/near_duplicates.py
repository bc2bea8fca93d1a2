"""Phrases that say of one region what another phrase says of it already: the same words, or nearly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from .boxes import iou
from .records import Box
from .text import words

SAME_PLACE = 0.5
"""IoU from which two boxes are taken to be on one thing."""

SAME_WORDS = 0.8
"""Similarity from which two phrases are taken to say the same."""

ARTICLES = frozenset({"a", "an", "the"})
SAME_WORD = 0.8
"""How alike the letters of two words must be: ball and balls are, red and blue are not."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of two boxes overlaps (IoU) and how many words of two phrases are alike; both 0 to 1."""

    iou: float
    similarity: float

    @property
    def is_near_duplicate(self) -> bool:
        return self.iou >= SAME_PLACE and self.similarity >= SAME_WORDS


def likeness(text: str, box: Box, other_text: str, other_box: Box) -> Likeness:
    """How alike two phrases with their boxes are; the words are compared only where the boxes overlap enough."""
    overlap = iou(box, other_box)
    return Likeness(overlap, similarity(text, other_text) if overlap >= SAME_PLACE else 0.0)


def similarity(one: str, other: str) -> float:
    """Dice's coefficient of two phrases' words in any order, 0 to 1; articles do not count, nor do endings much."""
    left, right = _content(one), _content(other)
    if not left or not right:
        return float(left == right and one.split() == other.split())
    return 2 * _shared(left, right) / (len(left) + len(right))


def most_similar(text: str, references: Iterable[str]) -> float:
    """The largest similarity to one of several phrases; 0 where there are none."""
    return max((similarity(text, reference) for reference in references), default=0.0)


def _content(text: str) -> list[str]:
    every = words(text)
    return [word for word in every if word not in ARTICLES] or every


def _shared(left: list[str], right: list[str]) -> int:
    """How many words of `left` find one of their own in `right`; equal ones first."""
    rest = list(right)
    unmatched = []
    for word in left:
        if word in rest:
            rest.remove(word)
        else:
            unmatched.append(word)
    shared = len(left) - len(unmatched)
    for word in unmatched:
        alike = next((other for other in rest if _alike(word, other)), None)
        if alike is not None:
            rest.remove(alike)
            shared += 1
    return shared


def _alike(word: str, other: str) -> bool:
    if min(len(word), len(other)) < 3:
        return False
    return SequenceMatcher(None, word, other, autojunk=False).ratio() >= SAME_WORD
