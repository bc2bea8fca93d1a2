"""Word-region scores: which rows and columns are there, and that they add up to the score matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vsa_toolkit.alignment import score_matrix, word_region_scores
from vsa_toolkit.backend import Fragments
from vsa_toolkit.errors import DataError


def words_problem() -> tuple[Tensor, Fragments, Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    regions = torch.randn(3, 4, 5, generator=g)
    fragments = Fragments(
        vectors=torch.randn(7, 5, generator=g),
        lengths=torch.tensor([3, 2, 2]),
        token_index=torch.tensor([0, 2, -1, 1, 1, -1, 0]),
    )
    return regions, fragments, torch.tensor([2, 0, 2]), torch.tensor([3, 2, 1]), torch.tensor([4, 4, 2])


def test_word_scores_are_products_with_the_regions_of_the_own_image() -> None:
    regions, fragments, image, tokens, counts = words_problem()
    scores = word_region_scores(regions, fragments, image, tokens, counts)
    assert scores.shape == (6, 4)
    torch.testing.assert_close(scores[0, :2], regions[2, :2] @ fragments.vectors[0])
    torch.testing.assert_close(scores[2, :2], regions[2, :2] @ fragments.vectors[1])
    torch.testing.assert_close(scores[5, :2], regions[2, :2] @ fragments.vectors[6])


def test_several_fragments_of_a_word_are_added() -> None:
    regions, fragments, image, tokens, counts = words_problem()
    scores = word_region_scores(regions, fragments, image, tokens, counts)
    torch.testing.assert_close(scores[4], regions[0] @ (fragments.vectors[3] + fragments.vectors[4]))


def test_words_without_a_fragment_and_regions_beyond_the_count_are_nan() -> None:
    regions, fragments, image, tokens, counts = words_problem()
    nan = torch.isnan(word_region_scores(regions, fragments, image, tokens, counts))
    row = [False, False, False, False]
    beyond = [False, False, True, True]
    assert nan.tolist() == [beyond, [True] * 4, beyond, [True] * 4, row, beyond]


def test_word_maxima_add_up_to_the_score() -> None:
    lengths, counts = torch.tensor([3, 1, 4, 2, 6, 5]), torch.tensor([5, 2, 1, 4])
    regions, fragments = torch.randn(4, 5, 7), torch.randn(int(lengths.sum()), 7)
    token_index = torch.cat([torch.arange(int(n)) for n in lengths])
    image = torch.tensor([3, 0, 1, 1, 2, 0])
    words = word_region_scores(regions, Fragments(fragments, lengths, token_index), image, lengths, counts)
    best = torch.stack([part.sum() for part in words.nan_to_num(-torch.inf).amax(1).split(lengths.tolist())])
    scores = score_matrix(regions, fragments, lengths, counts)
    torch.testing.assert_close(best, scores[image, torch.arange(6)], rtol=1e-4, atol=1e-5)


def test_a_fragment_beyond_its_sentence_is_refused() -> None:
    regions, fragments, image, _, counts = words_problem()
    with pytest.raises(DataError, match="beyond its sentence"):
        word_region_scores(regions, fragments, image, torch.tensor([2, 2, 1]), counts)


def test_float16_words_and_numpy_rows_are_taken() -> None:
    regions, fragments, image, tokens, counts = words_problem()
    half = Fragments(fragments.vectors.half(), fragments.lengths, fragments.token_index)
    scores = word_region_scores(regions.half(), half, np.asarray(image), np.asarray(tokens), np.asarray(counts))
    assert scores.dtype == torch.float32
    expected = word_region_scores(regions, fragments, image, tokens, counts)
    torch.testing.assert_close(scores, expected, rtol=1e-2, atol=1e-2, equal_nan=True)
