from __future__ import annotations

import numpy as np
import pytest

from vsa_toolkit.errors import DataError
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
