from __future__ import annotations

import pytest

from vsa_toolkit.plausible import impossible


def bleu(*values: float) -> dict[str, float]:
    return {f"bleu{n}": value for n, value in enumerate(values, start=1)}


def test_the_slides_nearest_neighbour_row_needs_more_matched_trigrams_than_bigrams():
    reasons = impossible(bleu(14, 3, 7), rounding=0.5, words=4.13)
    assert reasons == ["bleu3 = 7 after bleu2 = 3 needs more matched 3-grams than 2-grams"]
    assert not impossible(bleu(14, 3, 0.7), rounding=0.05, words=4.13)


@pytest.mark.parametrize("row", [(54, 33, 16), (12, 3, 1), (17, 5, 1)])
def test_the_other_rows_of_that_table_are_possible(row):
    assert not impossible(bleu(*row), rounding=0.5, words=4.13)


def test_equal_precisions_are_possible_and_a_rising_one_is_not():
    assert not impossible(bleu(50, 50, 50, 50), words=10)
    assert impossible(bleu(50, 60, 60, 60), words=10)


def test_a_brevity_penalty_changes_nothing_for_it_divides_out():
    precise, short = (14.0, 3.0, 7.0), 0.5
    assert bool(impossible(bleu(*precise), rounding=0, words=9)) is bool(
        impossible(bleu(*(short * value for value in precise)), rounding=0, words=9)
    )


def test_texts_too_short_for_trigrams_are_not_judged_by_them():
    assert not impossible(bleu(35.2, 23.0, 16.1, 14.8), words=2.3)


def test_a_recall_falls_at_no_cut_and_never_passes_the_upper_bound():
    assert impossible({"accuracy": 40.0, "r5": 30.0}) == ["R@5 = 30 is below accuracy = 40"]
    assert impossible({"r10": 90.0, "upper_bound": 80.0})
    assert not impossible({"accuracy": 40.0, "r5": 40.0, "r10": 60.0, "upper_bound": 80.0})


def test_values_out_of_their_range_are_named():
    assert impossible({"bleu1": 101.0}) == ["bleu1 = 101 is no percentage"]
    assert impossible({"perplexity": 0.5}) == ["perplexity = 0.5 is below 1"]
    assert impossible({"perplexity": float("nan")})
    assert not impossible({"cider": 120.0, "perplexity": 18.6, "nrefs": 5.0})
