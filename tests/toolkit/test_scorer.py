from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pytest
import torch
from torch import Tensor

from vsa_toolkit.backend import Backend, Context, Examples, Fragments, Layout, Scoring
from vsa_toolkit.errors import DataError
from vsa_toolkit.options import Options
from vsa_toolkit.scorer import make_scorer

SENTENCES = [["a", "dog"], [], ["cat"]]


class Counting(Backend):
    """A word's vector is its length; a sentence without words has one fragment, as backends are asked to give it."""

    name = "counting"

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None: ...

    @property
    def scoring(self) -> Scoring:
        return Scoring()

    def embed_regions(self, features: Tensor, counts: Tensor) -> Tensor:
        return features

    def embed_fragments(self, sentences: Sequence[Sequence[str]]) -> Fragments:
        words = [list(sentence) or [""] for sentence in sentences]
        return Fragments(
            torch.tensor([[float(len(word))] for sentence in words for word in sentence]),
            torch.tensor([len(sentence) for sentence in words]),
            torch.tensor([place for sentence in words for place in range(len(sentence))]),
        )

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {}

    @classmethod
    def from_state(
        cls, options: Options, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        return cls(options, device)


def examples(*sentence_image: int) -> Examples:
    features = torch.tensor([[[1.0], [2.0]], [[3.0], [0.0]]])
    return Examples(features, torch.tensor([2, 1]), Layout(1), SENTENCES, torch.tensor(sentence_image))


def test_a_sentence_without_words_has_a_score_and_no_word_scores() -> None:
    scorer = make_scorer(Counting(Options()), SENTENCES)
    assert scorer.scores(examples(0, 0, 1), [0, 1]).tolist() == [[8, 0, 6], [12, 0, 9]]
    words, own = scorer.word_scores(examples(0, 0, 1), [0])
    assert (words.tolist(), own) == ([[1, 2], [3, 6]], [0, 1])


def test_images_without_sentences_have_no_word_scores() -> None:
    words, own = make_scorer(Counting(Options()), SENTENCES).word_scores(examples(0, 0, 0), [1])
    assert (words.shape, words.dtype, own) == ((0, 2), np.float32, [])


def test_nothing_can_be_scored_without_sentences() -> None:
    with pytest.raises(DataError, match="no sentences"):
        make_scorer(Counting(Options()), [])
