from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.ranks import consecutive, mean_rank, median_rank, ranks, recall_at


@st.composite
def tied_matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Small matrices with many ties, and sentences of images in any order, at least one an image."""
    images = draw(st.integers(1, 6))
    extra = draw(st.lists(st.integers(0, images - 1), max_size=8))
    owner = np.array(draw(st.permutations([*range(images), *extra])))
    shape = (images, len(owner))
    scores = draw(hnp.arrays(np.float32, shape, elements=st.integers(-2, 2).map(float)))
    return scores, owner


def sorted_list_rank(value: float, others: list[float]) -> float:
    """The mean of the best and the worst place that the value can have in a sorted list."""
    ordered = sorted([*others, value], reverse=True)
    first = ordered.index(value) + 1
    last = len(ordered) - ordered[::-1].index(value)
    return (first + last) / 2


@given(tied_matrices())
def test_ranks_equal_those_of_sorted_lists(matrix):
    scores, owner = matrix
    result = ranks(scores, owner)
    for sentence, image in enumerate(owner):
        column = scores[:, sentence].tolist()
        others = column[:image] + column[image + 1 :]
        assert result.text_to_image[sentence] == sorted_list_rank(column[image], others)
    for image, row in enumerate(scores):
        best = row[owner == image].max()
        assert result.image_to_text[image] == sorted_list_rank(best, row[owner != image].tolist())


@given(tied_matrices(), st.randoms(use_true_random=False))
def test_the_order_of_images_and_sentences_changes_no_rank(matrix, random):
    scores, owner = matrix
    images, sentences = list(range(scores.shape[0])), list(range(scores.shape[1]))
    random.shuffle(images)
    random.shuffle(sentences)
    place = np.argsort(images)
    before = ranks(scores, owner)
    after = ranks(scores[images][:, sentences], place[owner[sentences]])
    assert np.array_equal(after.image_to_text, before.image_to_text[images])
    assert np.array_equal(after.text_to_image, before.text_to_image[sentences])


@given(tied_matrices(), st.integers(1, 9), st.integers(-5, 5))
def test_a_scaled_and_shifted_matrix_has_the_same_ranks(matrix, factor, shift):
    scores, owner = matrix
    before, after = ranks(scores, owner), ranks(scores * factor + shift, owner)
    assert np.array_equal(after.image_to_text, before.image_to_text)
    assert np.array_equal(after.text_to_image, before.text_to_image)


@given(tied_matrices())
def test_a_second_copy_of_every_own_sentence_leaves_image_search_as_it_was(matrix):
    scores, owner = matrix
    once, twice = ranks(scores, owner), ranks(np.hstack([scores, scores]), np.concatenate([owner, owner]))
    assert np.array_equal(twice.text_to_image[: len(owner)], once.text_to_image)


def test_a_constant_matrix_has_the_expected_ranks():
    result = ranks(np.zeros((1000, 5000), dtype=np.float32))
    assert set(result.image_to_text) == {1 + 4995 / 2}
    assert set(result.text_to_image) == {1 + 999 / 2}
    assert recall_at(result.image_to_text, 10) == recall_at(result.text_to_image, 10) == 0


def test_a_tie_counts_half():
    assert ranks(np.array([[1.0, 1.0], [0.0, 2.0]])).image_to_text.tolist() == [1.5, 1.0]


def test_own_sentences_with_the_same_score_do_not_push_each_other_down():
    scores = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    assert ranks(scores, np.array([0, 0, 0, 1])).image_to_text.tolist() == [1.0, 1.0]


def test_many_rows_do_not_overflow_the_counts():
    scores = np.tile(np.arange(700.0)[:, None], (1, 700))
    assert ranks(scores).text_to_image[0] == 700


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused_with_their_place(value):
    scores = np.zeros((3, 6), dtype=np.float32)
    scores[1, 4] = scores[2, 0] = value
    with pytest.raises(DataError, match=r"2 of 18 scores are not finite; the first is .* in row 1 .*column 4"):
        ranks(scores)


def test_a_transposed_matrix_is_refused():
    with pytest.raises(DataError, match="transposed"):
        ranks(np.zeros((10, 2)))
    with pytest.raises(DataError, match="transposed"):
        ranks(np.zeros((10, 2)), np.repeat([0, 1], 5))


def test_an_image_without_a_sentence_is_refused():
    with pytest.raises(DataError, match="1 of 2 images have no sentence; the first is row 1"):
        ranks(np.zeros((2, 2)), np.array([0, 0]))


def test_an_image_row_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="sentence 1 belongs to image row 7"):
        ranks(np.zeros((2, 2)), np.array([0, 7]))


def test_a_matrix_of_text_or_of_the_wrong_shape_is_refused():
    with pytest.raises(DataError, match="real numbers"):
        ranks(np.array([["a", "b"]]))
    with pytest.raises(DataError, match="shape"):
        ranks(np.zeros(4))
    with pytest.raises(DataError, match="nothing to rank"):
        ranks(np.zeros((0, 0)))


def test_whole_number_scores_are_ranked_too():
    assert ranks(np.array([[3, 1], [5, 2]])).text_to_image.tolist() == [2.0, 1.0]


def test_recall_median_and_mean_of_known_ranks():
    known = np.array([1, 2, 5, 10.5, 40])
    assert recall_at(known, 1) == 20
    assert recall_at(known, 5) == 60
    assert recall_at(known, 10) == 60
    assert median_rank(known) == 5
    assert mean_rank(known) == pytest.approx(11.7)


def test_consecutive_sentences_are_counted_by_image():
    assert consecutive(2, 6).tolist() == [0, 0, 0, 1, 1, 1]
