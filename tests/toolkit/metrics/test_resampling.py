from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.resampling import bootstrap, estimate, image_weights, mean_of, median_of, student_t


def test_weights_of_a_resample_sum_to_the_number_of_images():
    blocks = list(image_weights(7, 250, np.random.default_rng(0)))
    assert [len(b) for b in blocks] == [100, 100, 50]
    assert all((b.sum(axis=1) == 7).all() for b in blocks)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=12),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_weighted_statistics_equal_those_of_items_repeated(items, weights):
    values, image = np.array([v for v, _ in items], float), np.array([i for _, i in items])
    repeated = np.repeat(values, np.array(weights)[image])
    if len(repeated) == 0:
        return
    row = np.array([weights], float)
    assert mean_of(values, image, 4)(row)[0] == pytest.approx(repeated.mean())
    assert median_of(values, image, 4)(row)[0] == np.median(repeated)


def test_a_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(1).normal(size=50)
    statistic = {"mean": mean_of(values, np.arange(50), 50)}
    assert bootstrap(statistic, 50, seed=3) == bootstrap(statistic, 50, seed=3)
    assert bootstrap(statistic, 50, seed=3) != bootstrap(statistic, 50, seed=4)


def test_an_interval_holds_its_value_and_has_the_width_of_the_normal_one():
    values = np.random.default_rng(1).normal(size=400)
    estimate = bootstrap({"mean": mean_of(values, np.arange(400), 400)}, 400, seed=0, resamples=4000)["mean"]
    assert estimate.low < estimate.value < estimate.high
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)


def test_items_of_one_image_are_drawn_together():
    alike = np.repeat(np.random.default_rng(2).normal(size=40), 5)
    by_image = bootstrap({"m": mean_of(alike, np.repeat(np.arange(40), 5), 40)}, 40, seed=0)["m"]
    by_item = bootstrap({"m": mean_of(alike, np.arange(200), 200)}, 200, seed=0)["m"]
    assert (by_image.high - by_image.low) > 1.8 * (by_item.high - by_item.low)


def test_without_resamples_there_is_no_interval():
    estimate = bootstrap({"m": mean_of(np.ones(3), np.arange(3), 3)}, 3, seed=0, resamples=0)["m"]
    assert estimate.as_json() == {"value": 1.0, "low": None, "high": None}


def test_no_images_are_refused():
    with pytest.raises(DataError, match="no image"):
        bootstrap({}, 0, seed=0)


@pytest.mark.parametrize(
    ("freedom", "tabulated"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (6, 2.4469), (30, 2.0423), (236, 1.9701)]
)
def test_quantiles_of_students_t_are_those_of_the_tables(freedom, tabulated):
    assert student_t(0.975, freedom) == pytest.approx(tabulated, abs=0.004)


def test_the_interval_of_a_mean_is_that_of_students_t():
    values = np.linspace(-1, 1, 12)
    found = bootstrap({"mean": mean_of(values, np.arange(12), 12)}, 12, seed=0, resamples=20_000)["mean"]
    half = student_t(0.975, 11) * values.std(ddof=1) / np.sqrt(12)
    assert (found.low, found.high) == pytest.approx((-half, half), rel=0.03)


def test_two_images_give_the_widest_interval_that_their_draws_allow():
    drawn = np.array([1.0, 2.0, 2.0, 3.0])
    assert (estimate(2.0, drawn, 2).low, estimate(2.0, drawn, 2).high) == (1, 3)
    assert estimate(2.0, np.empty(0), 2).low is None


def test_a_single_image_has_no_interval_whether_alone_or_among_images_without_a_part():
    alone = {"m": mean_of(np.array([1.0, 2.0]), np.array([0, 0]), 1)}
    assert bootstrap(alone, 1, seed=0)["m"].as_json() == {"value": 1.5, "low": None, "high": None}
    among = {"mean": mean_of(np.ones(2), np.array([3, 3]), 5), "median": median_of(np.ones(2), np.array([3, 3]), 5)}
    assert {estimate.low for estimate in bootstrap(among, 5, seed=0).values()} == {None}
    assert estimate(2.0, np.full(10, 2.0), 1).low is None
