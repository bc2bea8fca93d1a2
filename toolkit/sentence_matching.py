"""Which sentence of a source is which of the dataset's, and where a span of the one lies in the other.

Two transcriptions of a sentence differ in spacing, case, punctuation, or in a typing error that one of them mended.
"""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from .text import letters_and_digits

FARTHEST = 0.5
"""Two texts further apart than this share of the longer one's characters are not transcriptions of one sentence."""

ALL_ORDERS = 7  # at most this many sentences left over: try all pairings; more: nearest pairs first


@dataclass(frozen=True, slots=True)
class Match:
    """Incoming sentence `incoming` is stored sentence `stored` (positions in the two lists)."""

    incoming: int
    stored: int
    exact: bool


def match_sentences(incoming: Sequence[str], stored: Sequence[str]) -> list[Match]:
    """Pair sentences of one image: by letters and digits, then the rest one to one by smallest edit distance."""
    left, there = list(range(len(incoming))), list(range(len(stored)))
    matches: list[Match] = []
    for same in (str, letters_and_digits):
        by_text: dict[str, list[int]] = {}
        for j in there:
            by_text.setdefault(same(stored[j]), []).append(j)
        for i in list(left):
            found = by_text.get(same(incoming[i]))
            if found:
                matches.append(Match(i, found.pop(0), True))
                left.remove(i)
                there.remove(matches[-1].stored)
        if not left or not there:
            break
    matches += (Match(i, j, False) for i, j in _nearest(incoming, stored, left, there))
    return sorted(matches, key=lambda match: match.incoming)


def _nearest(
    incoming: Sequence[str], stored: Sequence[str], left: Sequence[int], there: Sequence[int]
) -> list[tuple[int, int]]:
    """Pairs of what is left with the smallest sum of distances, without those that are too far apart."""
    distances = {(i, j): edit_distance(incoming[i], stored[j]) for i in left for j in there}
    if not distances:
        return []
    if max(len(left), len(there)) <= ALL_ORDERS:
        few, many = (left, there) if len(left) <= len(there) else (there, left)
        forward = few is left
        orders = ([(a, b) if forward else (b, a) for a, b in zip(few, order)] for order in permutations(many, len(few)))
        pairs = min(orders, key=lambda pairs: sum(distances[pair] for pair in pairs))
    else:
        pairs = []
        for i, j in sorted(distances, key=lambda pair: distances[pair]):
            if all(i != a and j != b for a, b in pairs):
                pairs.append((i, j))
    return [(i, j) for i, j in pairs if distances[i, j] <= FARTHEST * max(len(incoming[i]), len(stored[j]))]


def edit_distance(a: str, b: str) -> int:
    """Levenshtein's: the fewest characters to insert, delete or replace."""
    start, end = _common_ends(a, b)
    a, b = a[start : len(a) - end], b[start : len(b) - end]
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
            diagonal, row[j] = row[j], cost
    return row[-1]


class SpanMap:
    """Takes spans of one transcription to the other, whole words to whole words."""

    def __init__(self, source: str, target: str) -> None:
        self._source, self._target = source, target
        if source == target:
            return
        start, end = _common_ends(source, target)
        middle = difflib.SequenceMatcher(
            None, source[start : len(source) - end], target[start : len(target) - end], autojunk=False
        )
        tail = (len(source) - end, len(source), len(target) - end, len(target))
        blocks = [(0, start, 0, start)]
        blocks += [(a + start, b + start, c + start, d + start) for _, a, b, c, d in middle.get_opcodes()]
        self._blocks = [block for block in (*blocks, tail) if block[0] < block[1]]
        self._starts = [block[0] for block in self._blocks]

    def __call__(self, start: int, end: int) -> tuple[int, int] | None:
        """The span of the target; None where nothing of it is there."""
        if self._source == self._target:
            return (start, end)
        first, last = self._first(start), self._last(end)
        if first >= last:
            return None
        text = self._target
        while first > 0 and _word(text, first - 1) and _word(text, first) and not self._cuts(start):
            first -= 1
        while last < len(text) and _word(text, last - 1) and _word(text, last) and not self._cuts(end):
            last += 1
        while first < last and text[first].isspace():
            first += 1
        while first < last and text[last - 1].isspace():
            last -= 1
        return (first, last) if first < last else None

    def _first(self, at: int) -> int:
        """Where the source's character `at` begins in the target: exact in equal stretches, else in proportion."""
        a, b, c, d = self._block(at)
        return c + (at - a) * (d - c) // (b - a)

    def _last(self, end: int) -> int:
        """Where the character before `end` stops in the target; a character that is not there takes no room."""
        a, b, c, d = self._block(end - 1)
        return c if c == d else c + (end - 1 - a) * (d - c) // (b - a) + 1

    def _block(self, at: int) -> tuple[int, int, int, int]:
        return self._blocks[bisect.bisect_right(self._starts, at) - 1]

    def _cuts(self, at: int) -> bool:
        """Whether the source's own span cuts a word there."""
        return 0 < at < len(self._source) and _word(self._source, at - 1) and _word(self._source, at)


def _word(text: str, at: int) -> bool:
    return text[at].isalnum()


def _common_ends(a: str, b: str) -> tuple[int, int]:
    """How many characters two texts share at their start, and after those at their end."""
    shorter = min(len(a), len(b))
    start = 0
    while start < shorter and a[start] == b[start]:
        start += 1
    end = 0
    while end < shorter - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return start, end
