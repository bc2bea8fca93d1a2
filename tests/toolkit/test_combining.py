"""Scores of several runs added up: the arithmetic, the choice of weights, and the row of a table."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner

from vsa_toolkit.cli.eval import command
from vsa_toolkit.combining import Mix, _grid, choose_mix, mean_recall
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.evaluation import Request, evaluate
from vsa_toolkit.signature import read_signature

from .memory_store import MemoryStore

OWNER = np.arange(60) // 3


def noisy(seed: int, signal: float, scale: float = 1.0) -> np.ndarray:
    """Scores of 20 images with 60 sentences, the true ones raised by `signal` deviations."""
    noise = np.random.default_rng(seed).normal(size=(20, 60))
    return scale * (noise + signal * (np.arange(20)[:, None] == OWNER)) + 7


def test_scores_are_standardised_weighted_and_added() -> None:
    mix = Mix((1.0, 10.0), (2.0, 4.0), (0.25, 0.75), 0.0)
    total = mix.apply([np.array([[3.0, 1.0]]), np.array([[10.0, 14.0]])])
    np.testing.assert_allclose(total, [[0.25, 0.75]])


def test_two_independent_models_together_are_better_than_each() -> None:
    first, second = noisy(0, 2.0), noisy(1, 2.0, scale=100)
    mix = choose_mix([first, second], OWNER)
    assert mix.recall > max(mean_recall(first, OWNER), mean_recall(second, OWNER)) + 3
    assert 0 < mix.weights[0] < 1
    unseen = [noisy(2, 2.0), noisy(3, 2.0, scale=100)]
    assert mean_recall(mix.apply(unseen), OWNER) > max(mean_recall(scores, OWNER) for scores in unseen)


def test_a_model_of_noise_gets_no_weight() -> None:
    assert choose_mix([noisy(0, 9.0), noisy(1, 0.0)], OWNER).weights[0] >= 0.5
    assert choose_mix([noisy(0, 2.5), noisy(1, -2.5)], OWNER).weights == (1.0, 0.0)


def test_of_equally_good_weights_the_most_even_ones_are_taken() -> None:
    scores = noisy(0, 9.0)
    assert choose_mix([scores, scores.copy()], OWNER).weights == (0.5, 0.5)


def test_shifting_and_scaling_a_model_changes_nothing() -> None:
    first, second = noisy(0, 2.0), noisy(1, 1.0)
    mix, other = choose_mix([first, second], OWNER), choose_mix([first * 8 - 3, second / 50], OWNER)
    assert mix.weights == other.weights
    np.testing.assert_allclose(
        mix.apply([first, second]), other.apply([first * 8 - 3, second / 50]), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("models", [2, 3, 4, 6, 12, 300])
def test_weights_are_all_shares_that_add_up_to_one(models: int) -> None:
    grid = _grid(models)
    assert all(sum(weights) == pytest.approx(1) and min(weights) >= 0 for weights in grid)
    assert len(set(grid)) == len(grid) <= 300
    if models == 3:
        every = [w for w in product(range(21), repeat=3) if sum(w) == 20]
        assert set(grid) == {tuple(n / 20 for n in w) for w in every}


def test_scores_that_cannot_be_standardised_are_refused() -> None:
    with pytest.raises(DataError, match="model 2 of 2 gives every pair the same score"):
        choose_mix([noisy(0, 1.0), np.ones((20, 60))], OWNER)
    with pytest.raises(DataError, match="none that is finite"):
        choose_mix([np.full((20, 60), np.nan), noisy(0, 1.0)], OWNER)
    with pytest.raises(DataError, match="20 × 60, 2 × 3"):
        choose_mix([noisy(0, 1.0), np.random.default_rng(0).normal(size=(2, 3))], OWNER)


# The row --------------------------------------------------------------------------------------------------


def request(*combine: int, **others: object) -> Request:
    return Request("retrieval", combine=combine, resamples=0, published=False, **others)  # type: ignore[arg-type]


def test_the_combined_row_says_how_it_was_made() -> None:
    store = MemoryStore()
    first, second = store.add_model(0), store.add_model(1)
    table = evaluate(store, request(first, second))
    assert [row.run for row in table.rows] == [first, second, None]
    row = table.rows[-1]
    fields = read_signature(row.signature or "")
    weights = [part.split("*")[0] for part in fields["combined"].split("+")]
    assert sum(map(float, weights)) == pytest.approx(1)
    assert fields["combined"] == f"{weights[0]}*run{first}+{weights[1]}*run{second}"
    assert fields["chosen_on"].endswith(f"runs {first - 1},{second - 1}")
    assert fields["trained_with_seed"] == "0,1"
    assert fields["split"] == "test"
    val = [store.arrays[run - 1, "scores"] for run in (first, second)]
    mix = choose_mix(val, np.arange(20))
    test = mix.apply([store.arrays[run, "scores"] for run in (first, second)])
    assert row.values["i2t_r1"].value == pytest.approx(100 * np.mean(test.argmax(axis=1) == np.arange(20)))
    saved = store.saved[-1]
    assert (saved[0], saved[1]) == (None, "retrieval")


def test_runs_without_runs_to_choose_by_are_refused_with_the_command() -> None:
    store = MemoryStore()
    first = store.add_model(0)
    checkpoint = store.add_checkpoint(1)
    second = store.add_run(checkpoint, scores=np.eye(20))
    with pytest.raises(UserError, match=rf"run {second} .*vsa run --checkpoint {checkpoint} --split val"):
        evaluate(store, request(first, second))


def test_weights_are_chosen_on_runs_of_the_very_same_weights() -> None:
    store = MemoryStore()
    first, second = store.add_model(0), store.add_model(1)
    of_an_epoch = store.add_run(store.runs[first].checkpoint_id, split="val", scores=np.ones((20, 20)))
    store.runs[of_an_epoch] = replace(store.runs[of_an_epoch], options={"epoch": 3})
    table = evaluate(store, request(first, second))
    fields = read_signature(table.rows[-1].signature or "")
    assert fields["chosen_on"].endswith(f"runs {first - 1},{second - 1}")


def test_what_cannot_be_combined_is_refused() -> None:
    store = MemoryStore()
    first, second = store.add_model(0), store.add_model(1)
    with pytest.raises(UserError, match="two runs or more"):
        evaluate(store, request(first, first))
    with pytest.raises(UserError, match=f"run {second - 1} is over made-up/val"):
        evaluate(store, request(first, second - 1))
    with pytest.raises(UserError, match=f"run {first - 1} is over 'val' itself"):
        evaluate(store, request(first - 1, second - 1, split="val"))
    store.runs[second] = replace(store.runs[second], state="running")
    with pytest.raises(UserError, match=f"run {second} is not finished"):
        evaluate(store, request(first, second, runs=(first,)))


def test_run_numbers_come_in_one_option_or_several() -> None:
    wrong = CliRunner().invoke(command, ["--protocol", "retrieval", "--combine", "3,x"])
    assert wrong.exit_code == 2
    assert "'x' is no number of a run" in wrong.output
    foreign = CliRunner().invoke(command, ["--protocol", "captions", "--combine", "3,5"])
    assert "--combine is for --protocol retrieval" in foreign.output
