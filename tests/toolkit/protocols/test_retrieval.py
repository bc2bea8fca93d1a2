from __future__ import annotations

import numpy as np
import pytest

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.protocols.retrieval import evaluate
from vsa_toolkit.signature import read_signature

NAMES = {f"{d}_{v}" for d in ("i2t", "t2i") for v in ("r1", "r5", "r10", "medr")}


def test_a_perfect_matrix_recalls_everything_at_rank_one():
    values = evaluate(np.kron(np.eye(30), np.ones((1, 5)))).values
    assert set(values) == NAMES
    for name, estimate in values.items():
        wanted = 1 if name.endswith("medr") else 100
        assert (estimate.value, estimate.low, estimate.high) == (wanted, wanted, wanted)


def test_a_constant_matrix_has_the_expected_medians_and_recalls_nothing():
    values = evaluate(np.zeros((50, 250)), resamples=10).values
    assert values["i2t_medr"].value == 1 + 245 / 2
    assert values["t2i_medr"].value == 1 + 49 / 2
    assert values["i2t_r10"].value == values["t2i_r10"].value == 0


def test_the_two_directions_are_not_confused():
    # Every sentence finds its image, but one sentence of image 1 is the favourite of image 0.
    scores = np.array([[1.0, 4.0], [0.0, 5.0]])
    values = evaluate(scores, resamples=0).values
    assert values["t2i_r1"].value == 100
    assert values["i2t_r1"].value == 50


def test_images_may_have_any_number_of_sentences():
    owner = np.array([1, 0, 1, 1, 2])
    scores = np.zeros((3, 5))
    scores[owner, np.arange(5)] = 1
    assert evaluate(scores, owner, resamples=0).values["i2t_r1"].value == 100


def test_recall_and_median_never_contradict_each_other():
    scores = np.random.default_rng(0).normal(size=(60, 300)) + 2 * np.kron(np.eye(60), np.ones((1, 5)))
    values = evaluate(scores, resamples=0).values
    for direction in ("i2t", "t2i"):
        for cut in (1, 5, 10):
            recall, median = values[f"{direction}_r{cut}"].value, values[f"{direction}_medr"].value
            assert recall == 50 or (recall > 50) == (median <= cut)


def test_the_signature_states_what_changes_the_figures():
    line = evaluate(np.eye(4), seed=3, resamples=20, about={"dataset": "birds|a", "split": "test"}).signature
    fields = read_signature(line)
    assert fields.items() >= {
        "protocol": "retrieval", "dataset": "birds|a", "split": "test", "images": "4", "sentences": "4",
        "ties": "half", "medr": "1-based", "resample": "image×20", "seed": "3",
    }.items()  # fmt: skip
    assert "vsa" in fields
    assert "seed" not in read_signature(evaluate(np.eye(4), resamples=0).signature)


def test_nan_is_refused():
    with pytest.raises(DataError, match="not finite"):
        evaluate(np.full((2, 2), np.nan))


def test_folds_are_the_mean_over_equal_parts_each_ranked_by_itself():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(40, 200)) + 2 * np.kron(np.eye(40), np.ones((1, 5)))
    whole = evaluate(scores, folds=4, resamples=20)
    parts = [evaluate(scores[i : i + 10, 5 * i : 5 * i + 50], resamples=0).values for i in range(0, 40, 10)]
    for name in NAMES:
        assert whole.values[name].value == pytest.approx(np.mean([part[name].value for part in parts]))
    assert whole.values["i2t_r1"].low < whole.values["i2t_r1"].value < whole.values["i2t_r1"].high
    assert read_signature(whole.signature)["folds"] == "4"


def test_folds_take_sentences_in_any_order_and_number():
    rng = np.random.default_rng(2)
    owner = rng.permutation(np.concatenate([np.arange(12), rng.integers(12, size=20)]))
    scores = rng.normal(size=(12, 32))
    found = evaluate(scores, owner, folds=2, resamples=0).values
    halves = []
    for rows in (np.arange(6), np.arange(6, 12)):
        own = np.flatnonzero(np.isin(owner, rows))
        halves.append(evaluate(scores[rows][:, own], owner[own] - rows[0], resamples=0).values)
    assert found["t2i_medr"].value == pytest.approx(np.mean([half["t2i_medr"].value for half in halves]))


def test_images_that_make_no_equal_folds_are_refused():
    with pytest.raises(UserError, match="10 images do not make 3 equal folds"):
        evaluate(np.eye(10), folds=3)
