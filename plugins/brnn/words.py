"""From the words of sentences to the vectors of their fragments: of words, or of dependency edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vsa_toolkit.training import dropout
from vsa_toolkit.vocabulary import Vocabulary

from .. import sentence_words
from .edges import EdgeMap, Edges
from .options import BrnnOptions
from .recurrence import Bidirectional

_ONE = 0.5413
"""softplus(_ONE) = 1"""


@dataclass(frozen=True)
class Words(sentence_words.Words):
    """edges: the edge of each word to its head, where the fragments are edges."""

    edges: Edges | None = None

    @property
    def token(self) -> Tensor:
        """(total,) the place of each word in its sentence."""
        return torch.arange(len(self.ids), device=self.ids.device) - self.starts[self.sentence]

    @property
    def scored(self) -> Tensor:
        """(total,) bool: the words that have a fragment."""
        return torch.ones_like(self.ids, dtype=torch.bool) if self.edges is None else self.edges.scored


def encode(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], device: torch.device) -> Words:
    found = sentence_words.encode(vocabulary, sentences, device)
    return Words(found.ids, found.lengths)


@dataclass(frozen=True)
class WordVectors:
    """vectors: (rows, h). rows: (total,) the row of each word (without recurrence, equal words share one; equal edges).
    weights: (total,) how much each counts in its sentence, 0 for an edge that is no fragment. sentence: (sentences, g),
    or None."""

    vectors: Tensor
    rows: Tensor
    weights: Tensor
    sentence: Tensor | None


class WordNetwork(nn.Module):
    """x_t = W_w 1_t; e_t = f(W_e x_t + b_e); h_t by the recurrence; s_t = f(W_d h_t + b_d) (eqs. 2 to 5).

    Without a recurrence s_t = W_s x_t + b_s, or with word_dimension 0 a vector of its own for each word. With
    `relations` (how many kinds of dependency edges) s_t is that of the edge between word t and its head. Beside the
    words there may be a vector for the whole sentence: the weighted mean of its words' vectors U x_t, and with a
    recurrence a map of the mean state too.
    """

    def __init__(self, options: BrnnOptions, size: int, relations: int | None = None, smoothing: float = 0.0) -> None:
        super().__init__()
        self.options, self.smoothing = options, smoothing
        hidden, h = options.hidden, options.dimension
        g = options.global_dimension if options.global_fragment else 0
        self.table = nn.Parameter(torch.empty(size, options.word_dimension or h + g))
        self.into: nn.Linear | None = None
        self.recurrence: Bidirectional | None = None
        self.out: nn.Module
        self.of_edges = relations is not None
        if relations is not None:
            self.out = EdgeMap(options.word_dimension, h, relations)
        elif not options.word_dimension:
            self.out = _Columns(0, h)
        elif options.recurrence == "none":
            self.out = nn.Linear(options.word_dimension, h)
        else:
            self.into = nn.Linear(options.word_dimension, hidden)
            self.recurrence = Bidirectional(options.recurrence, hidden, hidden)
            self.out = nn.Linear(hidden, h)
        self.weight = nn.Parameter(torch.empty(size)) if options.word_weights else None
        self.whole: nn.Module | None = None
        self.whole_weight = self.whole_state = None
        if options.global_fragment:
            self.whole = nn.Linear(options.word_dimension, g) if options.word_dimension else _Columns(h, h + g)
            self.whole_weight = nn.Parameter(torch.empty(size))
            if self.recurrence is not None:
                self.whole_state = nn.Linear(hidden, g)

    def reset(self, generator: torch.Generator) -> None:
        with torch.no_grad():
            nn.init.normal_(self.table, std=0.1, generator=generator)
            for linear in (self.into, self.out, self.whole, self.whole_state):
                if isinstance(linear, nn.Linear):
                    nn.init.xavier_uniform_(linear.weight, generator=generator)
                    nn.init.zeros_(linear.bias)
            for weight in (self.weight, self.whole_weight):
                if weight is not None:
                    nn.init.constant_(weight, _ONE)
        if isinstance(self.out, EdgeMap):
            self.out.reset(generator)
        if self.recurrence is not None:
            self.recurrence.reset(generator)

    def forward(self, words: Words, generator: torch.Generator | None = None) -> WordVectors:
        kinds, place = torch.unique(words.ids, return_inverse=True)
        x = dropout(self.table[kinds], self.options.word_dropout, generator)  # one mask a kind of word and batch
        states = None
        if words.edges is not None:
            s, rows = self.out(x, place, words.edges)
        elif self.recurrence is None or self.into is None:
            s, rows = self.out(x), place
        else:
            e = torch.relu(self.into(x))[place]
            states = self.recurrence(dropout(e, self.options.word_dropout, generator), words.lengths)
            s = self.out(dropout(states, self.options.dropout, generator))
            rows = torch.arange(len(words.ids), device=words.ids.device)
        s = torch.relu(s) if self.options.last_relu else s
        return WordVectors(
            s,
            rows,
            self._weights(words, self.weight, self.options.length_power, self.smoothing, words.edges),
            self._whole(x, place, words, states, generator),
        )

    def _weights(
        self, words: Words, weight: Tensor | None, power: float, smoothing: float = 0.0, edges: Edges | None = None
    ) -> Tensor:
        """Positive weights, divided by (their sum in the sentence + smoothing) to the power given."""
        ones = torch.ones(len(words.ids), device=words.ids.device)
        each = ones if weight is None else softplus(weight)[words.ids]
        if edges is not None:
            each = each * edges.scored
        if power == 0:
            return each
        total = _sum(each, words) + smoothing
        return each / (total**power)[words.sentence]

    def _whole(
        self, x: Tensor, place: Tensor, words: Words, states: Tensor | None, generator: torch.Generator | None
    ) -> Tensor | None:
        if self.whole is None:
            return None
        weights = self._weights(words, self.whole_weight, 1.0)
        u: Tensor = nn.functional.embedding_bag(
            place, self.whole(x).float(), words.starts, mode="sum", per_sample_weights=weights
        )
        if self.whole_state is not None and states is not None:
            mean = _sum(states, words) / words.lengths[:, None]
            u = u + self.whole_state(dropout(mean, self.options.dropout, generator))
        return u


class _Columns(nn.Module):
    """Some columns of its input: maps of one word table that is already as wide as what is wanted."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start, self.stop = start, stop

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.start : self.stop]


def _sum(values: Tensor, words: Words) -> Tensor:
    """(total, …) → (sentences, …)"""
    zeros = values.new_zeros(len(words.lengths), *values.shape[1:])
    return zeros.index_add(0, words.sentence, values)
