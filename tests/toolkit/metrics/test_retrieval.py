from __future__ import annotations

import numpy as np
import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics import retrieval


def test_values_of_known_ranks():
    scores = np.array([[3.0, 0.0, 2.0, 1.0], [0.0, 1.0, 2.0, 3.0]])
    found = retrieval(scores, np.array([0, 0, 1, 1]), cuts=(1, 2), resamples=0).values
    assert {key: estimate.value for key, estimate in found.items()} == pytest.approx(
        {
            "i2t_r1": 100, "i2t_r2": 100, "i2t_medr": 1, "i2t_meanr": 1, "i2t_mrr": 100,
            "t2i_r1": 50, "t2i_r2": 100, "t2i_medr": 1.25, "t2i_meanr": 1.375,
            "t2i_mrr": 100 * (1 + 1 / 2 + 2 / 3 + 1) / 4,
        }
    )  # fmt: skip


def test_intervals_are_by_image_and_the_signature_says_how_ties_count():
    scores = np.random.default_rng(0).normal(size=(40, 200)) + np.repeat(np.eye(40), 5, axis=1)
    found = retrieval(scores)
    assert found.values["t2i_r1"].low < found.values["t2i_r1"].value < found.values["t2i_r1"].high
    assert found.signature.startswith("metric:retrieval|images:40|sentences:200|own:best|ties:half|ranks:1-based|")


def test_one_image_has_no_interval():
    assert retrieval(np.ones((1, 5))).values["i2t_r1"].low is None


def test_a_transposed_matrix_and_scores_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="transposed"):
        retrieval(np.zeros((10, 2)))
    with pytest.raises(DataError, match="not finite"):
        retrieval(np.array([[1.0, np.nan]]))
