from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.resampling import mean_of, sample
from vsa_toolkit.protocols.phrases import read_phrases
from vsa_toolkit.protocols.proxy import Judged, between_runs, inside_run, kendall, midranks, pearson, spearman
from vsa_toolkit.signature import read_signature

from .conftest import make_split

lists = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12)


@pytest.fixture(scope="module")
def stats():
    return pytest.importorskip("scipy.stats", reason="scipy is not installed: the other implementation")


@given(pairs=lists)
def test_correlations_are_those_of_scipy(stats, pairs):
    first, second = (np.array(side, float) for side in zip(*pairs))
    if len(set(first)) < 2 or len(set(second)) < 2:
        assert pearson(first, second) == kendall(first, second) == 0
        return
    assert pearson(first, second) == pytest.approx(stats.pearsonr(first, second)[0], abs=1e-9)
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second)[0], abs=1e-9)
    assert kendall(first, second) == pytest.approx(stats.kendalltau(first, second)[0], abs=1e-9)


def test_tied_values_share_the_mean_of_their_ranks():
    assert midranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1, 3.5, 2]


def judged(good: float, noise: int, medians: bool = False) -> Judged:
    """A simulated run over 200 images that is right on this share of them, in retrieval and in grounding."""
    rng = np.random.default_rng(noise)
    retrieval, accuracy = ((rng.random(200) < good).astype(float) for _ in range(2))
    retrieval = -retrieval if medians else retrieval
    return Judged(
        *(
            sample({name: mean_of(100 * values, np.arange(200), 200)}, 200, 0, 200)
            for name, values in (("i2t_medr" if medians else "i2t_r1", retrieval), ("accuracy", accuracy))
        )
    )


def test_runs_that_are_good_at_both_go_together_and_medians_are_turned_round():
    for medians, key in ((False, "i2t_r1"), (True, "i2t_medr")):
        runs = [judged(good, seed, medians) for seed, good in enumerate((0.1, 0.4, 0.7, 0.95))]
        values = between_runs(runs, key, {"dataset": "made-up"}).values
        assert values["spearman"].value == values["kendall"].value == pytest.approx(1)
        assert values["pearson"].value > 0.9
        assert values["runs"].value == 4
        assert values["spearman"].low <= 1


def test_two_runs_are_no_correlation():
    with pytest.raises(DataError, match=r"2 runs have both .* at least 3"):
        between_runs([judged(0.2, 0), judged(0.8, 1)], "i2t_r1")
    with pytest.raises(DataError, match="nothing to correlate"):
        between_runs([judged(0.0, 0)] * 3, "i2t_r1")


def test_inside_a_run_sentences_found_early_may_or_may_not_be_grounded_well():
    images = 60
    split = make_split("test", images)
    phrases, owner = read_phrases(split), np.arange(images)
    rng = np.random.default_rng(0)
    skill = rng.random(images)  # of each image, for both
    words = rng.normal(size=(6 * images, 4)) * 0.2
    words[:, 3] += np.repeat(1 - skill, 6)
    words[:, 1] += np.repeat(skill, 6)
    scores = rng.normal(size=(images, images)) + np.diag(8 * skill)
    together = inside_run(scores, owner, words, phrases, resamples=50)
    apart = inside_run(scores[:, rng.permutation(images)], owner, words, phrases)
    assert together.values["spearman"].value > 0.5
    assert together.values["spearman"].low < together.values["spearman"].value < together.values["spearman"].high
    assert abs(apart.values["spearman"].value) < 0.4
    assert together.values["sentences"].value == images
    assert read_signature(together.signature)["between"] == "sentences"


def test_without_resamples_there_is_no_interval():
    rng = np.random.default_rng(1)
    split = make_split("test", 12)
    found = inside_run(rng.normal(size=(12, 12)), np.arange(12), rng.normal(size=(72, 4)), read_phrases(split))
    assert -1 <= found.values["pearson"].value <= 1
    assert found.values["pearson"].low is None


def test_the_order_of_better_runs_does_not_change_the_correlation():
    runs = [judged(good, seed) for seed, good in enumerate((0.1, 0.4, 0.7))]
    values = [between_runs(list(order), "i2t_r1").values["pearson"].value for order in (runs, runs[::-1])]
    assert all(a == pytest.approx(b) for a, b in pairwise(values))
