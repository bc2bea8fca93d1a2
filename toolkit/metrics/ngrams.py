"""Counting n-grams of many texts at once, with sorts instead of a dictionary for each text.

BLEU and CIDEr need the same counts: how often each n-gram stands in the hypothesis and in each reference of a
segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .segments import Segment


@dataclass(frozen=True)
class Tokens:
    """The tokens of all texts of all segments, a segment's hypothesis first and its references after it.

    token: (tokens,) numbers of a joint vocabulary. start, length: (texts,) where a text lies in `token`.
    segment: (texts,) the segment of a text; place: (texts,) 0 for the hypothesis, 1 … for the references.
    """

    token: np.ndarray
    start: np.ndarray
    length: np.ndarray
    segment: np.ndarray
    place: np.ndarray


@dataclass(frozen=True)
class Counts:
    """How often an n-gram stands in a text; sorted by segment, n-gram, place; one entry for each that occurs.

    segment, ngram, place, count: (entries,). group: (groups,) where the entries of one (segment, n-gram) begin.
    """

    segment: np.ndarray
    ngram: np.ndarray
    place: np.ndarray
    count: np.ndarray
    group: np.ndarray


def tokenise_segments(segments: Sequence[Segment], tokens: Callable[[str], Sequence[str]]) -> Tokens:
    """The texts of segments as numbers of a joint vocabulary."""
    vocabulary: dict[str, int] = {}
    numbers: list[int] = []
    length: list[int] = []
    for segment in segments:
        for text in (segment.text, *segment.references):
            found = tokens(text)
            numbers.extend([vocabulary.setdefault(token, len(vocabulary)) for token in found])
            length.append(len(found))
    texts = np.array([1 + len(segment.references) for segment in segments])
    lengths = np.array(length, dtype=np.int64)
    first = np.cumsum(texts) - texts
    return Tokens(
        token=np.array(numbers, dtype=np.int64),
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        segment=np.repeat(np.arange(len(segments)), texts),
        place=np.arange(len(lengths)) - np.repeat(first, texts),
    )


def count_ngrams(tokens: Tokens, order: int) -> Iterator[Counts]:
    """The counts of 1-grams, 2-grams … up to `order`."""
    text = np.repeat(np.arange(len(tokens.length)), tokens.length)
    left = np.repeat(tokens.start + tokens.length, tokens.length) - np.arange(len(tokens.token))  # tokens to the end
    places = int(tokens.place.max(initial=0)) + 1
    vocabulary = int(tokens.token.max(initial=-1)) + 1
    ngram, at = tokens.token, np.arange(len(tokens.token))
    for n in range(1, order + 1):
        if n > 1:
            inside = left[at] >= n
            at = at[inside]
            longer = ngram[inside] * vocabulary + tokens.token[at + n - 1]
            ngram = np.unique(longer, return_inverse=True)[1]
        yield _count(ngram, tokens.segment[text[at]], tokens.place[text[at]], places)


def _count(ngram: np.ndarray, segment: np.ndarray, place: np.ndarray, places: int) -> Counts:
    kinds = int(ngram.max(initial=-1)) + 1
    keys = np.sort((segment * kinds + ngram) * places + place)
    begins = np.flatnonzero(_changes(keys))
    distinct = keys[begins]
    pairs = distinct // places
    owner, which = np.divmod(pairs, max(1, kinds))
    return Counts(
        segment=owner,
        ngram=which,
        place=distinct % places,
        count=np.diff(np.append(begins, len(keys))),
        group=np.flatnonzero(_changes(pairs)),
    )


def _changes(ascending: np.ndarray) -> np.ndarray:
    """True where a value differs from the one before it, and at the first."""
    changed = np.ones(len(ascending), dtype=bool)
    changed[1:] = ascending[1:] != ascending[:-1]
    return changed
