"""What decoding gives, and the rules that every way of decoding keeps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..backend import LanguageModel, State
from ..errors import DataError

END = 0
"""The index of both the start and the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Indices of a sentence's words, its end left out, and its natural log-probability, its end included."""

    words: tuple[int, ...]
    log_probability: float


def text(decoded: Decoded, model: LanguageModel) -> str:
    """The words, joined by blanks."""
    return " ".join(model.words[index - 1] for index in decoded.words)


def read_off(tokens: Tensor, log_probabilities: Tensor) -> list[Decoded]:
    """tokens: (items, steps), END after each sentence; log_probabilities: (items,)."""
    made = []
    for row, value in zip(tokens.tolist(), log_probabilities.tolist(), strict=True):
        made.append(Decoded(tuple(row[: row.index(END)]), value))
    return made


def log_normaliser(logits: Tensor) -> Tensor:
    """(rows, words + 1) → (rows, 1), what is taken from logits to make them log-probabilities.

    Raises:
        DataError: it is not finite.
    """
    found = logits.logsumexp(dim=1, keepdim=True)
    if not torch.isfinite(found).all():
        raise DataError("the language model gives probabilities that are not finite: train it again.")
    return found


def bar(logits: Tensor, words: int, max_words: int) -> Tensor:
    """Logits with −∞ for what cannot follow `words` words: the end at first, anything else once there are enough."""
    if words == 0:
        logits = logits.clone()
        logits[:, END] = -torch.inf
    elif words >= max_words:
        ends = torch.full_like(logits, -torch.inf)
        ends[:, END] = logits[:, END]
        logits = ends
    return logits


def select(state: State, rows: Tensor) -> State:
    """The state of these rows."""
    if isinstance(state, Tensor):
        return state[rows]
    return tuple(select(part, rows) for part in state)
