from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pytest
import torch
from torch import Tensor

from vsa_toolkit.backend import Backend, Context, Examples, Fragments, Layout, Scoring
from vsa_toolkit.errors import DataError, UserError
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


class Comparing(Backend):
    """A word scores its length times a region's value; an image and a sentence the largest of their pairs."""

    name = "comparing"

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None: ...

    def score(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        longest = torch.tensor([float(max(map(len, sentence), default=0)) for sentence in sentences])
        return features.amax(dim=(1, 2))[:, None] * longest[None]

    def word_region_scores(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        pairs = zip(features[..., 0], counts.tolist(), sentences, strict=True)
        beyond = torch.arange(features.shape[1])
        rows = [(len(word) * image).masked_fill(beyond >= count, torch.nan) for image, count, s in pairs for word in s]
        return torch.stack(rows) if rows else torch.empty(0, features.shape[1])

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {}

    @classmethod
    def from_state(
        cls, options: Options, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        return cls(options, device)


class Preparing(Comparing):
    """Takes sentences as what it made of them before."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.prepared = 0

    def prepare(self, sentences: Sequence[Sequence[str]]) -> tuple[str, list[list[str]]]:
        self.prepared += 1
        return "prepared", [list(sentence) for sentence in sentences]

    def score(self, features: Tensor, counts: Tensor, sentences: Any) -> Tensor:
        assert sentences[0] == "prepared"
        return super().score(features, counts, sentences[1])


@pytest.mark.parametrize("kind", [Comparing, Preparing])
def test_a_ranker_scores_tiles_of_images_and_sentences(kind: type[Comparing], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsa_toolkit.scorer.SENTENCE_BATCH", 2)
    scorer = make_scorer(kind(Options()), SENTENCES)
    assert scorer.scores(examples(0, 0, 1), [0, 1]).tolist() == [[6, 0, 6], [9, 0, 9]]
    assert scorer.scores(examples(0, 0, 1), [1]).tolist() == [[9, 0, 9]]


def test_a_ranker_prepares_sentences_once_for_all_tiles() -> None:
    backend = Preparing(Options())
    scorer = make_scorer(backend, SENTENCES)
    for row in (0, 1):
        scorer.scores(examples(0, 0, 1), [row])
    assert backend.prepared == 1


def test_a_ranker_with_word_scores_grounds_each_images_own_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsa_toolkit.scorer.OWN_SENTENCES", 1)
    scorer = make_scorer(Comparing(Options()), SENTENCES)
    assert scorer.aligns
    words, own = scorer.word_scores(examples(0, 1, 1), [1, 0])
    assert own == [1, 2, 0]
    np.testing.assert_array_equal(words, [[9, np.nan], [1, 2], [3, 6]])
    words, own = scorer.word_scores(examples(0, 0, 0), [1])
    assert (words.shape, own) == ((0, 2), [])


def test_a_ranker_without_word_scores_says_so() -> None:
    class Bare(Comparing):
        word_region_scores = None  # type: ignore[assignment]

    scorer = make_scorer(Bare(Options()), SENTENCES)
    assert not scorer.aligns
    with pytest.raises(UserError, match="aligns no words"):
        scorer.word_scores(examples(0, 0, 1), [0])
