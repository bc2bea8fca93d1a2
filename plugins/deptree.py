"""Dependency edges under the simplified score: the row "DepTree edges" of Karpathy and Li (2015, section 4.1).

    s_j  = f(W_R [w_1; w_2] + b_R)      for each edge j of the sentence's dependency tree, w_1 the head
    S_kl = Σ_j max_i v_i · s_j          (eq. 8)

It is the model of `brnn` with edges for fragments: everything else, options included, is there. An edge belongs to its
dependent's token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Self, cast

import torch
from pydantic import Field, model_validator

from vsa_toolkit.backend import Backend, Examples, Requires
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.parse import ParsedSentence, bigrams

from .brnn.backend import Brnn
from .brnn.edges import as_parsed, encode_edges, relation_kinds
from .brnn.network import Design
from .brnn.options import BrnnOptions
from .brnn.words import Words, encode


class DeptreeOptions(BrnnOptions):
    """Those of `brnn` without a recurrence, and which edges are fragments."""

    PAPER: ClassVar[dict[str, Any]] = {**BrnnOptions.PAPER, "recurrence": "none", "every_token": False}

    fragments: Literal["edges", "bigrams"] = Field(
        "edges", description="of dependency trees, or (an ablation) from each word to the word before it"
    )
    every_token: bool = Field(
        True,
        description="roots and unknown words are fragments too; else only edges between two known words (paper)",
    )
    rare_relation: float = Field(
        0.01, ge=0, lt=1, description="kinds of edges rarer than this share of all in training are one kind"
    )
    word_dimension: int = Field(300, ge=1, description="length of the word vectors w")

    @model_validator(mode="after")
    def _check_edges(self) -> Self:
        if self.recurrence != "none":
            raise ValueError("edges have no recurrence: leave recurrence out, or train brnn")
        return self


class Deptree(Brnn):
    """Dependency edges against regions: each edge of a sentence is scored with the region that fits it best."""

    name = "deptree"
    paper = Brnn.paper
    Options: ClassVar[type[BaseOptions]] = DeptreeOptions

    def __init__(self, options: BaseOptions, device: torch.device | None = None) -> None:
        super().__init__(options, device)
        self.edge_choices = cast(DeptreeOptions, options)

    @classmethod
    def required(cls, options: BaseOptions) -> Requires:
        choices = cast(DeptreeOptions, options)
        return Requires(
            "regions",
            geometry=choices.geometry,
            labels=choices.labels,
            parses=choices.fragments == "edges",
        )

    @property
    def design(self) -> Design:
        return Design(self._relations)

    def encode(self, sentences: Sequence[Sequence[str]]) -> Words:
        assert self._relations is not None
        words = encode(self._vocabulary, sentences, self.device)
        edges = encode_edges(self._trees(sentences), self._vocabulary, self._relations, self.edge_choices.every_token)
        return Words(words.ids, words.lengths, edges.to(self.device))

    def _learn_words(self, train: Examples) -> None:
        super()._learn_words(train)
        self._relations = relation_kinds(self._trees(train.sentences), self.edge_choices.rare_relation)

    def _trees(self, sentences: Sequence[Sequence[str]]) -> list[ParsedSentence]:
        make = bigrams if self.edge_choices.fragments == "bigrams" else as_parsed
        return [make(sentence) for sentence in sentences]


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Deptree)
