from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vsa_toolkit.comparison import compare
from vsa_toolkit.errors import UserError
from vsa_toolkit.evaluation import Request

from .memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def add_run(store: MemoryStore, strength: float, seed: int = 0) -> int:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(20, 20)) + strength * np.eye(20)
    return store.add_run(store.add_checkpoint(seed), scores=scores, word_scores=rng.normal(size=(120, 4)))


def test_a_better_run_is_found_on_the_same_images(store):
    weak, strong = add_run(store, 0.0), add_run(store, 6.0, seed=1)
    found = {row.figure: row for row in compare(store, Request("retrieval", runs=[strong, weak], resamples=500))}
    assert set(found) == {f"{d}_{v}" for d in ("i2t", "t2i") for v in ("r1", "r5", "r10", "medr")}
    recall, median = found["t2i_r1"], found["t2i_medr"]
    assert recall.difference.estimate.value == pytest.approx(recall.values[0] - recall.values[1])
    assert (recall.higher, median.higher) == (strong, weak)  # a higher median is a worse one: the figure says which
    assert recall.adjusted >= recall.difference.p_permutation


def test_a_run_beside_its_copy_shows_no_difference(store):
    first = add_run(store, 2.0)
    second = store.add_run(store.add_checkpoint(1), scores=store.arrays[first, "scores"])
    found = compare(store, Request("retrieval", runs=[first, second], resamples=100))
    assert all(row.higher is None and row.adjusted == 1 for row in found)


def test_holms_correction_is_over_all_pairs_and_figures_that_are_shown(store):
    runs = [add_run(store, strength, seed) for seed, strength in enumerate((0.0, 1.0, 6.0))]
    request = Request("retrieval", runs=runs, resamples=500)
    everything, one = compare(store, request), compare(store, request, ["t2i_r5"])
    assert (len(everything), len(one)) == (24, 3)
    pairs = [(row.first, row.second) for row in one]
    assert pairs == [(runs[0], runs[1]), (runs[0], runs[2]), (runs[1], runs[2])]
    corrected = {(row.first, row.second): row.adjusted for row in everything if row.figure == "t2i_r5"}
    assert all(row.adjusted <= corrected[row.first, row.second] for row in one)


def test_rows_of_grounding_are_compared_with_their_like(store):
    first, second = add_run(store, 2.0), add_run(store, 2.0, seed=1)
    found = compare(store, Request("grounding", runs=[first, second], resamples=50), ["accuracy"])
    assert [row.variant for row in found] == ["alone", "alone, frame region left out"]
    assert found[0].as_row()["row"] == "alone"


def test_too_few_resamples_for_so_many_comparisons_are_pointed_out(store):
    first, second = add_run(store, 0.0), add_run(store, 9.0, seed=1)
    said: list[str] = []
    compare(store, Request("retrieval", runs=[first, second], resamples=20), announce=said.append)
    assert "none of 8 comparisons can be significant" in said[-1]
    assert "--resamples 160 or more" in said[-1]


def test_what_cannot_be_compared_is_wrong_use(store):
    first, second = add_run(store, 0.0), add_run(store, 1.0, seed=1)
    for request, reason in (
        (Request("retrieval", runs=[first, first]), "at least two different runs"),
        (Request("agreement", runs=[first, second]), "not about runs"),
        (Request("retrieval", runs=[first, second], resamples=0), "needs resamples"),
    ):
        with pytest.raises(UserError, match=reason):
            compare(store, request)


def test_runs_over_other_images_are_refused(store):
    first, second = add_run(store, 0.0), add_run(store, 1.0, seed=1)
    store.runs[second] = replace(store.runs[second], split="val")
    with pytest.raises(UserError, match="several splits"):
        compare(store, Request("retrieval", runs=[first, second]))


def test_runs_with_one_row_each_are_compared_whatever_their_rows_are_called() -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    from vsa_toolkit.comparison import _alike
    from vsa_toolkit.tables import Row

    rows = [Row("rnn, seed 0 (run 1): beam 3", {}, "run", 1), Row("nearest, seed 0 (run 2)", {}, "run", 2)]
    one, other = (
        cast(Any, SimpleNamespace(name=row.name.partition(":")[0], info=SimpleNamespace(id=row.run))) for row in rows
    )
    assert _alike(rows, one, other) == [(rows[0], rows[1], "")]
