from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.paired import differences, normal_p, permutations, smallest_difference
from vsa_toolkit.metrics.resampling import MeanOf, OfTotals, mean_of, median_of, observed, ratio


def means(values: np.ndarray) -> dict[str, OfTotals]:
    return {"mean": mean_of(values, np.arange(len(values)), len(values))}


def test_equal_runs_do_not_differ():
    values = np.random.default_rng(0).normal(size=40)
    found = differences(means(values), means(values), 40, seed=0, resamples=200)["mean"]
    assert (found.estimate.value, found.estimate.low, found.estimate.high) == (0, 0, 0)
    assert found.p_bootstrap == found.p_permutation == 1


def test_a_constant_gain_on_noisy_images_is_found_though_the_unpaired_intervals_overlap():
    noise = np.random.default_rng(0).normal(size=100, scale=10)
    found = differences(means(noise + 0.5), means(noise), 100, seed=0, resamples=999)["mean"]
    assert found.estimate.low == pytest.approx(0.5)
    assert found.p_permutation == pytest.approx(1 / 1000)
    assert found.p_bootstrap == pytest.approx(1 / 1000)


def test_swapping_the_runs_turns_the_sign_and_keeps_p():
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=30), rng.normal(size=30)
    forth = differences(means(one), means(other), 30, seed=1, resamples=500)["mean"]
    back = differences(means(other), means(one), 30, seed=1, resamples=500)["mean"]
    assert forth.estimate.value == -back.estimate.value
    assert forth.p_permutation == back.p_permutation
    assert forth.p_bootstrap == back.p_bootstrap


def test_permutations_are_those_of_all_ways_to_swap():
    one, other = np.array([3.0, 1.0, 4.0]), np.array([1.0, 5.0, 9.0])
    every = {round(float(np.mean(np.array(s) * (one - other))), 9) for s in product((1, -1), repeat=3)}
    pairs = {"mean": (means(one)["mean"], means(other)["mean"])}
    drawn = permutations(pairs, 3, np.random.default_rng(0), 300)["mean"]
    assert {round(float(d), 9) for d in drawn} == every


@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_statistics_beside_each_other_take_either_runs_images(first):
    rng = np.random.default_rng(0)
    image = np.array([0, 0, 1, 2, 2, 2, 3, 4])
    one, other = rng.normal(size=8), rng.normal(size=8)
    chosen = np.array(first)
    mixed = np.where(chosen[image], one, other)
    weights = np.concatenate([chosen, ~chosen]).astype(float)[None]
    for kind in (mean_of, median_of):
        joint = kind(one, image, 5).beside(kind(other, image, 5))
        assert joint(weights)[0] == pytest.approx(observed(kind(mixed, image, 5)))
    both = MeanOf([mean_of(one, image, 5), mean_of(other, image, 5)])
    assert observed(both) == pytest.approx((one.mean() + other.mean()) / 2)


def test_the_short_way_to_swap_sums_gives_what_the_long_way_does():
    rng = np.random.default_rng(3)
    one, other = (OfTotals(rng.normal(size=(30, 2)) + 5, ratio) for _ in range(2))
    stays = rng.integers(2, size=(20, 30)).astype(float)
    joint = one.beside(other)
    long = joint(np.hstack([stays, 1 - stays])) - joint(np.hstack([1 - stays, stays]))
    assert one.swapped(other, stays) == pytest.approx(long)


def test_statistics_of_other_images_are_refused():
    with pytest.raises(DataError, match="mean of the first run is about 3 images, but 4"):
        differences(means(np.ones(3)), means(np.ones(3)), 4, seed=0, resamples=10)
    with pytest.raises(DataError, match="needs resamples"):
        differences(means(np.ones(3)), means(np.ones(3)), 3, seed=0, resamples=0)


def test_the_null_is_rejected_as_often_as_the_level_says():
    rng = np.random.default_rng(0)
    rejected = {"permutation": 0, "bootstrap": 0}
    for trial in range(300):
        shared = rng.normal(size=60)
        one, other = (means(shared + rng.normal(size=60)) for _ in range(2))
        found = differences(one, other, 60, seed=trial, resamples=199)["mean"]
        rejected["permutation"] += found.p_permutation <= 0.05
        rejected["bootstrap"] += found.p_bootstrap <= 0.05
    assert 4 <= rejected["permutation"] <= 27  # 15 ± 3.3 standard deviations
    assert 4 <= rejected["bootstrap"] <= 30


def test_the_smallest_difference_is_found_in_four_of_five_test_sets():
    rng = np.random.default_rng(1)
    gain, images, trials = smallest_difference(2 / np.sqrt(100)), 100, 400
    found = 0
    for _ in range(trials):
        difference = rng.normal(gain, 2, size=images)
        found += normal_p(difference.mean(), rng.normal(0, difference.std(ddof=1) / 10, size=2000)) <= 0.05
    assert found / trials == pytest.approx(0.8, abs=0.06)


def test_a_difference_of_equal_draws_is_judged_by_their_number():
    assert normal_p(0.0, np.zeros(99)) == 1
    assert normal_p(1.0, np.ones(99)) == 1 / 100


def test_a_ratio_without_items_is_zero():
    assert ratio(np.array([[3.0, 0.0], [3.0, 2.0]])).tolist() == [0, 1.5]


def test_of_one_image_no_difference_can_be_told():
    with pytest.raises(DataError, match="two images or more"):
        differences(means(np.ones(1)), means(np.zeros(1)), 1, seed=0, resamples=10)
