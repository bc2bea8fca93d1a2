"""The words of sentences as indices, and a vector for each word of a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, normalize

from vsa_toolkit.errors import DataError
from vsa_toolkit.training import dropout
from vsa_toolkit.vocabulary import Vocabulary, build_vocabulary, load_word_vectors


@dataclass(frozen=True)
class Words:
    """ids: (total,) int64, sentence after sentence; lengths: (sentences,) int64, all ≥ 1.

    A sentence without any token has one unknown word.
    """

    ids: Tensor
    lengths: Tensor

    @property
    def starts(self) -> Tensor:
        """(sentences,) the place of each sentence's first word."""
        return self.lengths.cumsum(0) - self.lengths

    @property
    def sentence(self) -> Tensor:
        """(total,) the sentence of each word."""
        return torch.arange(len(self.lengths), device=self.ids.device).repeat_interleave(self.lengths)


def training_vocabulary(sentences: Sequence[Sequence[str]], min_count: int) -> Vocabulary:
    """The words that occur so many times in training sentences.

    Raises:
        DataError: there are no such words, or no sentences.
    """
    if not any(len(sentence) for sentence in sentences):
        raise DataError("the training split has no sentences: import some, or name another split.")
    vocabulary = build_vocabulary(sentences, min_count)
    if not vocabulary.words:
        raise DataError(f"no word occurs {min_count} times in the training sentences: lower -o min_count.")
    return vocabulary


def refuse_other_words(vocabulary: Vocabulary, table: Tensor) -> None:
    """table: (words, …), a checkpoint's weights with a row for each word and one beside them.

    Raises:
        DataError: it is of another vocabulary.
    """
    if len(table) != len(vocabulary):
        raise DataError(
            f"its vocabulary has {len(vocabulary) - 1:,} words, its weights are of a vocabulary of {len(table) - 1:,}:"
            " they do not belong together."
        )


def encode(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], device: torch.device) -> Words:
    ids = [vocabulary.encode(sentence) or [0] for sentence in sentences]
    flat = torch.tensor([word for sentence in ids for word in sentence], dtype=torch.int64, device=device)
    return Words(flat, torch.tensor([len(sentence) for sentence in ids], dtype=torch.int64, device=device))


class WordTable(nn.Module):
    """A vector for each word of a vocabulary, row 0 for all others. Trained, or frozen as a file gives them."""

    def __init__(self, vocabulary: Vocabulary, dimension: int, frozen: bool = False) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(len(vocabulary), dimension), requires_grad=not frozen)

    def reset(self, generator: torch.Generator, std: float = 0.1) -> None:
        nn.init.normal_(self.vectors, std=std, generator=generator)

    def start_from(self, path: Path, vocabulary: Vocabulary) -> None:
        """Start words from a file's vectors: `start_from_file`."""
        start_from_file(self.vectors, path, vocabulary)

    @torch.no_grad()
    def take(self, path: Path, vocabulary: Vocabulary) -> None:
        """The file's vectors with unit norm; zeros for words that it does not have, and where its vectors end.

        Raises:
            DataError: as `start_from_file`.
        """
        rows, values = file_vectors(path, vocabulary, self.vectors.shape[1])
        self.vectors.zero_()
        self.vectors[rows, : values.shape[1]] = normalize(values, dim=1).to(self.vectors)

    def forward(self, words: Words, word_dropout: float = 0.0, generator: torch.Generator | None = None) -> Tensor:
        """(total, dimension). Elements are dropped alike wherever a word stands in the batch."""
        kinds, place = torch.unique(words.ids, return_inverse=True)
        vectors = dropout(self.vectors[kinds], word_dropout, generator)
        return vectors[place]

    def mean(self, words: Words, word_dropout: float = 0.0, generator: torch.Generator | None = None) -> Tensor:
        """(sentences, dimension): the mean of each sentence's word vectors."""
        kinds, place = torch.unique(words.ids, return_inverse=True)
        vectors = dropout(self.vectors[kinds], word_dropout, generator)
        return embedding_bag(place, vectors, words.starts, mode="mean")


@torch.no_grad()
def start_from_file(table: Tensor, path: Path, vocabulary: Vocabulary) -> None:
    """Start the rows (words, dimension) of words that a file has from its vectors, scaled like the others; a shorter
    vector fills a part.

    Raises:
        DataError: the file cannot be read, has none of the words, or has longer vectors than these.
    """
    rows, values = file_vectors(path, vocabulary, table.shape[1])
    values = (values - values.mean(dim=0)) / values.std()
    table[rows.to(table.device), : values.shape[1]] = values.to(table) * table.std()


def file_vectors(path: Path, vocabulary: Vocabulary, longest: int) -> tuple[Tensor, Tensor]:
    """Rows of the words that a file has, (found,) int64, and their vectors, (found, dimension)."""
    found = load_word_vectors(path, vocabulary.words)
    if not found:
        raise DataError(f"{path} has none of the {len(vocabulary.words)} words of training.")
    words = list(found)
    values = torch.stack([found[word] for word in words])
    if values.shape[1] > longest:
        raise DataError(
            f"{path} has vectors of {values.shape[1]} numbers, the model's words have {longest}: state"
            f" -o word_dimension={values.shape[1]} (of bow: dimension)."
        )
    return torch.tensor(vocabulary.encode(words)), values
