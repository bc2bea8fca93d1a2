"""Beam search over many items at once: the beams of all items advance together, finished ones cost nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from ..backend import LanguageModel
from .sentences import END, Decoded, bar, log_normaliser, read_off, select

FINISHED = -1
"""Stands where a finished sentence goes on as it is."""


def beam_search(
    model: LanguageModel, features: Tensor, width: int = 7, max_words: int = 20, length_normalisation: float = 0.0
) -> list[Decoded]:
    """The likeliest sentence that a beam of this width finds. features: (items, d), one vector an item.

    Each item keeps its `width` best sentences, finished or not; finished ones stay and compete (Karpathy and Li's
    decoder). What is best is the log-probability, divided by its number of tokens (the end is one) to the power of
    `length_normalisation`. An unfinished sentence that cannot become better than its item's best finished one is given
    up, which changes no result: what would take its place is worse. A beam as wide as there are sentences is an
    exhaustive search.
    """
    pool = _Pool(len(features), width, max_words, length_normalisation, features.device)
    state = model.start(features)
    for step in range(max_words + 1):
        logits, state = model.step(state, pool.last_words())
        normaliser = log_normaliser(logits)
        best = bar(logits, step, max_words).topk(min(width, logits.shape[1]), dim=1)
        rows = pool.advance(best.values - normaliser, best.indices)
        if not len(rows):
            break
        state = select(state, rows)
    return pool.best()


class _Pool:
    """The sentences of all items, (items, width): those that are `open` are the rows that the model works on."""

    def __init__(
        self, items: int, width: int, max_words: int, length_normalisation: float, device: torch.device
    ) -> None:
        self._power, self._longest = length_normalisation, float(max_words + 1)
        self._total = torch.full((items, width), -torch.inf, device=device)
        self._total[:, 0] = 0.0
        self._key = self._total.clone()
        self._open = self._total == 0
        self._tokens = torch.full((items, width, max_words + 1), END, device=device)
        self._step = 0

    def last_words(self) -> Tensor:
        """(open sentences,), item after item"""
        if self._step == 0:
            return self._tokens[:, 0, 0]
        return self._tokens[:, :, self._step - 1][self._open]

    def advance(self, log_probabilities: Tensor, words: Tensor) -> Tensor:
        """Take the best continuations of the open sentences, each (open sentences, continuations), and the finished
        sentences, whichever are best; → (now open,) the former row of each sentence that is now open."""
        items, width = self._total.shape
        among = log_probabilities.shape[1]
        total = self._total.new_full((items, width, among), -torch.inf)
        total[:, :, 0] = self._total
        total[self._open] = self._total[self._open][:, None] + log_probabilities
        word = torch.full((items, width, among), FINISHED, device=words.device)
        word[self._open] = words
        self._step += 1
        key = total / self._step**self._power
        finished = ~self._open
        key[:, :, 0] = torch.where(finished, self._key, key[:, :, 0])

        self._key, place = key.flatten(1).topk(width, dim=1)
        parent = place // among
        row = self._rows().gather(1, parent)
        self._total = total.flatten(1).gather(1, place)
        self._tokens = self._tokens.gather(1, parent[:, :, None].expand_as(self._tokens))
        chosen = word.flatten(1).gather(1, place)
        self._tokens[:, :, self._step - 1] = torch.where(chosen == FINISHED, END, chosen)
        self._open = (chosen > END) & torch.isfinite(self._total)
        self._give_up(self._open & self._hopeless())
        return row[self._open]

    def best(self) -> list[Decoded]:
        """The best finished sentence of each item."""
        ended = torch.where(self._open, -torch.inf, self._key)
        place = ended.argmax(dim=1)
        rows = torch.arange(len(place), device=place.device)
        return read_off(self._tokens[rows, place], self._total[rows, place])

    def _give_up(self, hopeless: Tensor) -> None:
        self._open &= ~hopeless
        self._total.masked_fill_(hopeless, -torch.inf)
        self._key.masked_fill_(hopeless, -torch.inf)

    def _rows(self) -> Tensor:
        """(items, width) the number of each open sentence among the open ones."""
        return self._open.flatten().cumsum(0).view_as(self._open) - 1

    def _hopeless(self) -> Tensor:
        """(items, width) what cannot win any more if it is open: probabilities only fall, lengths are bounded."""
        finished = torch.where(self._open, -torch.inf, self._key).amax(dim=1, keepdim=True)
        hopeless: Tensor = finished >= self._total / self._longest**self._power
        return hopeless
