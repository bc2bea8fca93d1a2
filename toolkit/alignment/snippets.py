"""Snippets: the stretches of a sentence that an alignment ties to one region (Karpathy & Li, section 3.1.4).

A snippet is a maximal run of neighbouring words with one region. A region may own several; runs on the frame region
are kept as descriptions of the whole photo.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..records import Sentence, Snippet
from ..text import Token, tokenise
from .mrf import UNSCORED, smooth


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens `start` to `end` (half-open) tied to region index `region`; `score` is the mean of its scored words."""

    region: int
    start: int
    end: int
    score: float


def stretches(
    word_scores: ArrayLike,
    labels: ArrayLike,
    *,
    min_words: int = 1,
    min_score: float | None = None,
    tokens: Sequence[str] | None = None,
    drop: Collection[str] = (),
) -> list[Stretch]:
    """The maximal runs of one region in a sentence, in order.

    word_scores: (tokens, R). labels: (tokens,), region indices as `mrf.smooth` gives them, `UNSCORED` for words
    without a score: such words belong to a run where both neighbours do, never to its ends.
    min_words: shorter runs are left out (all words between the ends count). min_score: so are runs whose mean is
    lower. drop: so are runs of nothing but these words (`stop_words()`), for which `tokens` are needed.
    """
    scores, regions = np.asarray(word_scores), np.asarray(labels)
    if len(scores) != len(regions) or (tokens is not None and len(tokens) != len(regions)):
        raise DataError(f"{len(scores)} word scores and {len(regions)} labels do not belong to one sentence.")
    if drop and tokens is None:
        raise DataError("leaving out runs of stop words takes the sentence's tokens.")
    kept = []
    for region, words in _runs(regions):
        run = Stretch(region, words[0], words[-1] + 1, float(np.mean(scores[words, region], dtype=np.float64)))
        if run.end - run.start < min_words or (min_score is not None and run.score < min_score):
            continue
        if tokens is not None and drop and all(token in drop for token in tokens[run.start : run.end]):
            continue
        kept.append(run)
    return kept


def sentence_snippets(
    word_scores: ArrayLike,
    lengths: Sequence[int],
    sentences: Sequence[Sentence],
    region_ids: Mapping[int, Sequence[int]],
    beta: float = 0.0,
    *,
    min_words: int = 1,
    min_score: float | None = None,
    drop: Collection[str] = (),
) -> list[Snippet]:
    """The snippets of many sentences, in characters of their texts.

    word_scores: (tokens, R), sentence after sentence, for the tokens of `text.tokenise`; lengths: tokens of each.
    region_ids: the ids of each image's regions, in the order of the columns. beta: as for `mrf.smooth`; the other
    options as for `stretches`.
    """
    scores = np.asarray(word_scores)
    labels = smooth(scores, lengths, beta)
    snippets: list[Snippet] = []
    start = 0
    for sentence, length in zip(sentences, lengths, strict=True):
        words, tokens = slice(start, start + length), tokenise(sentence.text)
        start += length
        if len(tokens) != length:
            raise DataError(f"sentence {sentence.id} has {len(tokens)} tokens, but word scores for {length}.")
        runs = stretches(
            scores[words],
            labels[words],
            min_words=min_words,
            min_score=min_score,
            tokens=[token.text for token in tokens],
            drop=drop,
        )
        snippets += [_snippet(sentence, run, tokens, region_ids[sentence.image_id]) for run in runs]
    return snippets


@cache
def stop_words() -> frozenset[str]:
    """English words that name nothing: articles, prepositions, pronouns, auxiliaries, conjunctions, as tokens."""
    lines = files(__package__).joinpath("stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _runs(labels: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Each run's region and its scored words."""
    words: list[int] = []
    for word in np.flatnonzero(labels != UNSCORED).tolist():
        if words and labels[word] != labels[words[0]]:
            yield int(labels[words[0]]), words
            words = []
        words.append(word)
    if words:
        yield int(labels[words[0]]), words


def _snippet(sentence: Sentence, run: Stretch, tokens: Sequence[Token], region_ids: Sequence[int]) -> Snippet:
    start, end = tokens[run.start].start, tokens[run.end - 1].end
    return Snippet(sentence.id, region_ids[run.region], start, end, sentence.text[start:end], run.score)
