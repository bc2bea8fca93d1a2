"""Sentences with the image or region that each one is about: log-probabilities, perplexity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..backend import LanguageModel
from ..decoding.sentences import END, select
from ..errors import DataError

SENTENCES = 1024
"""How many sentences are read at once."""


@dataclass(frozen=True)
class Likelihoods:
    """log_probabilities: (sentences,) float64, natural, of the known words and the end. tokens: (sentences,) int64, how
    many those are. unknown: (sentences,) int64, words that the model does not know; they are left out."""

    log_probabilities: Tensor
    tokens: Tensor
    unknown: Tensor


def known_words(model: LanguageModel, sentences: Sequence[Sequence[str]]) -> list[list[int]]:
    """The indices of each sentence's words; words without one are left out."""
    index = {word: number for number, word in enumerate(model.words, start=1)}
    return [[index[token] for token in sentence if token in index] for sentence in sentences]


@torch.inference_mode()
def sentence_likelihoods(
    model: LanguageModel, features: Tensor, sentences: Sequence[Sequence[str]], item_of: Tensor
) -> Likelihoods:
    """log p(sentence | its item). features: (items, d); item_of: (sentences,) int64, the row of each one's item.

    Raises:
        DataError: a probability that is not finite.
    """
    known = known_words(model, sentences)
    order = sorted(range(len(known)), key=lambda number: -len(known[number]))
    found = torch.zeros(len(known), dtype=torch.float64)
    for start in range(0, len(order), SENTENCES):
        chosen = order[start : start + SENTENCES]
        items = item_of[torch.tensor(chosen)].to(features.device)
        found[chosen] = _read(model, features[items], [known[number] for number in chosen]).cpu()
    if not torch.isfinite(found).all():
        raise DataError("the language model gives probabilities that are not finite: train it again.")
    lengths = torch.tensor([len(words) for words in known], dtype=torch.int64)
    return Likelihoods(found, lengths + 1, torch.tensor([len(s) for s in sentences], dtype=torch.int64) - lengths)


def perplexity(
    model: LanguageModel, features: Tensor, sentences: Sequence[Sequence[str]], item_of: Tensor
) -> dict[str, Any]:
    """2^(−Σ log₂ p / tokens) over all sentences, with what makes two perplexities comparable.

    `value`; `words`: how many the model can say, the end among them; `oov`: what is done with other words ("removed");
    `oov_rate`: their share, percent; `tokens`: how many were predicted, ends included, starts not; `sentences`.

    Raises:
        DataError: there are no sentences; a probability that is not finite.
    """
    if not sentences:
        raise DataError("there are no sentences to measure the perplexity on.")
    found = sentence_likelihoods(model, features, sentences, item_of)
    tokens, unknown = int(found.tokens.sum()), int(found.unknown.sum())
    words = tokens - len(sentences) + unknown
    return {
        "value": math.exp(-float(found.log_probabilities.sum()) / tokens),
        "words": len(model.words) + 1,
        "oov": "removed",
        "oov_rate": 100 * unknown / words if words else 0.0,
        "tokens": tokens,
        "sentences": len(sentences),
    }


def _read(model: LanguageModel, features: Tensor, known: Sequence[Sequence[int]]) -> Tensor:
    """(sentences,) float64. The longest come first, so that each step works on the first so many."""
    lengths = torch.tensor([len(words) for words in known])
    tokens = torch.full((len(known), int(lengths[0]) + 2), END)
    for row, words in enumerate(known):
        tokens[row, 1 : len(words) + 1] = torch.tensor(words, dtype=torch.int64)
    tokens = tokens.to(features.device)
    total = torch.zeros(len(known), dtype=torch.float64, device=features.device)
    state, rows = model.start(features), len(known)
    for step in range(tokens.shape[1] - 1):
        going_on = int((lengths >= step).sum())
        if going_on < rows:
            rows, state = going_on, select(state, torch.arange(going_on, device=features.device))
        logits, state = model.step(state, tokens[:rows, step])
        chosen = logits.gather(1, tokens[:rows, step + 1, None])[:, 0]
        total[:rows] += (chosen - logits.logsumexp(dim=1)).double()
    return total
