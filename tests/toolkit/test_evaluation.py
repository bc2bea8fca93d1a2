from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.evaluation import Request, evaluate
from vsa_toolkit.signature import read_signature
from vsa_toolkit.tables import Table

from .memory_store import MemoryStore
from .protocols.conftest import make_split


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def names(table: Table, source: str = "run") -> list[str]:
    return [row.name for row in table.rows if row.source == source]


def test_by_default_each_model_is_shown_with_its_newest_run(store):
    first = store.add_model(0, preset="modern")
    second = store.add_model(1, preset="modern")
    third = store.add_model(0, preset="paper")
    older = store.runs[first]
    again = store.add_run(older.checkpoint_id, scores=store.arrays[first, "scores"])
    said: list[str] = []
    table = evaluate(store, Request("retrieval", resamples=10), said.append)
    assert names(table) == [
        f"brnn modern, seed 0 (run {again})", f"brnn modern, seed 1 (run {second})", f"brnn paper, seed 0 (run {third})"
    ]  # fmt: skip
    assert said == ["left out as older runs of the same models: 1; --run N shows one of them"]


def test_models_of_one_backend_and_preset_are_told_by_the_options_that_differ(store):
    store.add_model(0, preset="modern", votes=True, rate=0.1)
    store.add_model(0, preset="modern", votes=False, rate=0.1)
    store.add_model(0, preset="paper", votes=False, rate=0.2)
    assert names(evaluate(store, Request("retrieval", resamples=0, mean_of_seeds=True))) == [
        "brnn modern votes=true, seed 0 (run 2)",
        "brnn modern votes=false, seed 0 (run 4)",
        "brnn paper, seed 0 (run 6)",
    ]


def test_rows_are_kept_as_evaluations_with_their_signatures(store):
    run = store.add_model(0)
    table = evaluate(store, Request("retrieval", resamples=10))
    (row,) = table.rows
    (saved,) = store.saved
    assert saved[:3] == (run, "retrieval", row.signature)
    assert saved[3]["i2t_r1"] == row.values["i2t_r1"].as_json()
    fields = read_signature(row.signature)
    assert fields.items() >= {
        "dataset": "made-up", "split": "test", "weights": "abc", "trained_with_seed": "0", "encoder": "eyes"
    }.items()  # fmt: skip


def test_chosen_runs_are_shown_in_the_order_asked_for(store):
    first, second = store.add_model(0), store.add_model(1)
    table = evaluate(store, Request("retrieval", runs=[second, first, second], resamples=0))
    assert [row.run for row in table.rows] == [second, first]


def test_seeds_are_averaged_on_demand(store):
    for seed in (0, 1, 2):
        store.add_model(seed, preset="modern")
    store.add_model(0, preset="paper")
    table = evaluate(store, Request("retrieval", resamples=0, mean_of_seeds=True))
    (mean,) = [row for row in table.rows if row.run is None]
    values = [row.values["t2i_r5"].value for row in table.rows[:3]]
    assert mean.name == "brnn modern, mean of 3 seeds"
    assert mean.values["t2i_r5"].value == pytest.approx(np.mean(values))
    assert mean.values["t2i_r5"].deviation == pytest.approx(np.std(values, ddof=1))
    assert mean.notes == ("Mean of runs 2, 4, 6.",)


def test_a_run_with_nan_scores_is_refused_by_its_number(store):
    run = store.add_model(0)
    store.arrays[run, "scores"][3, 4] = np.nan
    with pytest.raises(DataError, match=f"run {run}: 1 of 400 scores are not finite"):
        evaluate(store, Request("retrieval"))


def test_a_split_that_changed_since_the_run_is_refused(store):
    run = store.add_model(0)
    store.splits["test"] = replace(store.splits["test"], fingerprint="other")
    with pytest.raises(DataError, match=f"run {run}: .*has changed since it ran; run it again"):
        evaluate(store, Request("retrieval"))


def test_runs_of_several_splits_do_not_share_a_table(store):
    run = store.add_model(0)
    with pytest.raises(UserError, match="several splits"):
        evaluate(store, Request("retrieval", runs=[run, run - 1]))


def test_an_unfinished_run_is_refused(store):
    checkpoint = store.add_checkpoint(0)
    run = store.add_run(checkpoint, state="running")
    with pytest.raises(UserError, match="not finished but running"):
        evaluate(store, Request("retrieval", runs=[run]))


def test_where_there_is_no_run_the_sentence_says_how_to_make_one(store):
    with pytest.raises(UserError, match=r"no finished run over split 'test'.*vsa run --backend"):
        evaluate(store, Request("retrieval"))


def test_an_unknown_protocol_is_refused_with_a_suggestion(store):
    with pytest.raises(UserError, match="Did you mean 'retrieval'"):
        evaluate(store, Request("retrieval"[:-1]))


def test_grounding_shows_baselines_once_and_each_model_alone_and_with_priors(store):
    first, second = store.add_model(0), store.add_model(1)
    table = evaluate(store, Request("grounding", resamples=5))
    assert names(table, "baseline").count("frame") == 1
    assert "detector's priors, no model" in names(table, "baseline")
    for run, seed in ((first, 0), (second, 1)):
        for name in ("alone", "alone, frame region left out", "alone, MRF", "with priors", "with priors, MRF"):
            assert f"brnn, seed {seed} (run {run}): {name}" in names(table)
    assert len(store.saved) == 10


def test_grounding_averages_each_variant_over_seeds(store):
    store.add_model(0), store.add_model(1)
    table = evaluate(store, Request("grounding", resamples=0, mean_of_seeds=True))
    assert "brnn, mean of 2 seeds: with priors" in names(table)


def test_without_a_run_over_validation_the_table_says_what_is_missing(store):
    checkpoint = store.add_checkpoint(0)
    run = store.add_run(checkpoint, word_scores=np.random.default_rng(0).normal(size=(120, 4)))
    table = evaluate(store, Request("grounding", resamples=5))
    assert names(table) == [
        f"brnn, seed 0 (run {run}): alone",
        f"brnn, seed 0 (run {run}): alone, frame region left out",
    ]
    assert any(f"vsa run --checkpoint {checkpoint} --split val" in note for note in table.notes)


def test_without_a_validation_split_nothing_is_chosen(store):
    run = store.add_model(0)
    del store.splits["val"]
    table = evaluate(store, Request("grounding", runs=[run], resamples=5))
    assert len(names(table)) == 2
    assert any("Nothing could be chosen" in note for note in table.notes)


def test_on_the_validation_split_itself_nothing_is_chosen(store):
    run = store.add_model(0)
    table = evaluate(store, Request("grounding", runs=[run - 1], resamples=5))
    assert len(names(table)) == 2


def test_a_run_without_word_scores_is_left_out_but_refused_where_asked_for(store):
    with_words = store.add_model(0)
    bare = store.add_run(store.add_checkpoint(5), scores=np.eye(20))
    assert all(f"run {with_words}" in name for name in names(evaluate(store, Request("grounding", resamples=0))))
    with pytest.raises(UserError, match=f"run {bare} has no word_scores"):
        evaluate(store, Request("grounding", runs=[bare]))


def test_word_vectors_are_named_in_the_signature(store, tmp_path):
    store.add_model(0)
    file = tmp_path / "vectors.txt"
    file.write_text("dog 1 0\nman 0 1\nperson 0 1\n")
    table = evaluate(store, Request("grounding", resamples=0, vectors=file))
    priors = next(row for row in table.rows if row.name.endswith("with priors"))
    assert read_signature(priors.signature)["class_names"].startswith("words+vectors(vectors.txt@")
    file.write_text("zebra 1 0\n")
    with pytest.raises(DataError, match="has a vector for none"):
        evaluate(store, Request("grounding", resamples=0, vectors=file))


def test_published_rows_of_the_data_set_are_shown_and_can_be_left_out(store):
    run = store.add_model(0)
    store.runs[run] = replace(store.runs[run], dataset="flickr8k")
    table = evaluate(store, Request("grounding", runs=[run], resamples=0))
    published = [row for row in table.rows if row.source == "published"]
    assert published
    assert table.rows[-1] in published
    assert any("Flickr30k Entities' own test split" in note for note in table.notes)
    assert not names(evaluate(store, Request("grounding", runs=[run], resamples=0, published=False)), "published")


def test_a_mean_of_seeds_counts_each_seed_once(store: MemoryStore) -> None:
    first, again, other = (store.add_model(seed, preset="modern") for seed in (0, 0, 1))
    request = Request("retrieval", runs=(first, again, other), mean_of_seeds=True, resamples=0, published=False)
    mean = evaluate(store, request).rows[-1]
    assert (mean.name, mean.notes) == ("brnn modern, mean of 2 seeds", (f"Mean of runs {again}, {other}.",))


def test_priors_are_chosen_on_the_newest_val_run_that_has_alignments(store: MemoryStore) -> None:
    run = store.add_model(0)
    store.add_run(store.runs[run].checkpoint_id or 0, "val", scores=np.eye(20))
    table = evaluate(store, Request("grounding", runs=[run], published=False, resamples=0))
    assert any("with priors" in name for name in names(table))


def test_a_model_of_other_training_data_is_another_model(store: MemoryStore) -> None:
    full, small = store.add_model(0), store.add_model(0)
    for number, split in ((full, "train"), (small, "tiny")):
        checkpoint = store.runs[number].checkpoint_id or 0
        store.checkpoints[checkpoint].provenance["train"] = {"split": split, "fingerprint": split}
    table = evaluate(store, Request("retrieval", published=False, resamples=0))
    assert {row.run for row in table.rows} == {full, small}


def test_a_run_of_the_frame_alone_is_left_out_of_grounding_and_named(store: MemoryStore) -> None:
    with_regions = store.add_model(0)
    frame_only = replace(store.splits["test"], regions=[r for r in store.splits["test"].regions if r.is_frame])
    read_split = store.read_split
    store.read_split = lambda dataset, split, regions: (  # type: ignore[method-assign]
        frame_only if regions == "frame" else read_split(dataset, split, regions)
    )
    run = store.add_run(store.add_checkpoint(1), word_scores=np.ones((120, 1)))
    store.runs[run] = replace(store.runs[run], region_set="frame")
    table = evaluate(store, Request("grounding", published=False, resamples=0))
    assert {row.run for row in table.rows if row.source == "run"} == {with_regions}
    assert any(f"Run {run} is left out: the frame is its only region" in note for note in table.notes)
    assert names(table, "baseline").count("frame") == 1


def test_rows_that_differ_get_different_letters_and_equal_ones_the_same(store: MemoryStore) -> None:
    rng = np.random.default_rng(0)
    good = rng.normal(size=(20, 20)) + 6 * np.eye(20)
    for scores in (good, good.copy(), rng.normal(size=(20, 20))):
        checkpoint = store.add_checkpoint(len(store.checkpoints))
        store.add_run(checkpoint, scores=scores)
    table = evaluate(store, Request("retrieval", published=False))
    assert [row.groups["i2t_r1"] for row in table.rows] == ["A", "A", "B"]
    assert any("Holm's correction over the 24 comparisons" in note for note in table.notes)
    assert any("smallest true difference" in note for note in table.notes)
    assert not any(row.groups for row in evaluate(store, Request("retrieval", published=False, resamples=0)).rows)


def test_one_run_alone_has_no_letters(store: MemoryStore) -> None:
    store.add_model(0)
    table = evaluate(store, Request("retrieval", published=False))
    assert not any(row.groups for row in table.rows)


def test_the_proxy_table_correlates_runs_and_the_sentences_of_each(store: MemoryStore) -> None:
    two = [store.add_model(seed) for seed in (0, 1)]
    table = evaluate(store, Request("proxy", resamples=20, published=False))
    assert [row.run for row in table.rows] == two
    assert any("Between runs nothing is shown: 2 have" in note for note in table.notes)
    store.add_model(2)
    table = evaluate(store, Request("proxy", resamples=20, published=False))
    between = [row for row in table.rows if row.run is None]
    assert between
    assert all(row.values["runs"].value == 3 for row in between)
    assert all(-1 <= row.values["spearman"].value <= 1 for row in table.rows)


def learn_from(store: MemoryStore, run: int, split: str, of_run: int | None = None, val: str = "val") -> None:
    """As if the checkpoint of a run had been trained so."""
    known = store.checkpoints[store.runs[run].checkpoint_id or 0].provenance
    source = {} if of_run is None else {"run": of_run}
    known["train"] = {"split": split, "fingerprint": "0123456789abcdef", **source}
    known["val"] = {"split": val, "fingerprint": val, **source}


def test_a_row_says_that_its_model_learned_from_the_split_or_was_chosen_by_it(store: MemoryStore) -> None:
    clean, learned, chosen = (store.add_model(seed, preset="modern") for seed in (0, 1, 2))
    learn_from(store, clean, "train")
    learn_from(store, learned, "test")
    learn_from(store, chosen, "train", val="test")
    table = evaluate(store, Request("retrieval", resamples=0, published=False))
    notes = {row.run: row.notes for row in table.rows}
    assert notes[clean] == ()
    assert notes[learned] == ("The model learned from this split: its figures here are not of unseen photos.",)
    assert notes[chosen] == ("The model was chosen by this split: its figures here are optimistic.",)
    assert read_signature(table.rows[1].signature or "")["trained_on"] == "test@0123456789ab"


def test_a_model_that_learned_from_an_alignment_of_the_split_says_so_and_so_does_one_of_a_tainted_aligner(
    store: MemoryStore,
) -> None:
    aligned_test, aligned_train, of_test, of_train = (store.add_model(seed) for seed in range(4))
    learn_from(store, aligned_test, "train")
    learn_from(store, aligned_train, "test")
    learn_from(store, of_test, "test", aligned_test, val="test")
    learn_from(store, of_train, "train", aligned_train, val="train")
    request = Request("retrieval", runs=[of_test, of_train], resamples=0, published=False)
    first, second = evaluate(store, request).rows
    assert first.notes == (
        f"The model learned from this split, as run {aligned_test} aligned it: its figures here are not of unseen "
        "photos.",
    )
    assert read_signature(first.signature or "")["trained_on"] == f"test@0123456789ab run {aligned_test}"
    assert second.notes == (
        "The model that made its training data (checkpoint 2) learned from this split: its figures here are not of "
        "unseen photos.",
    )


def test_a_mean_over_seeds_keeps_the_remarks_of_its_runs(store: MemoryStore) -> None:
    for seed in (0, 1):
        learn_from(store, store.add_model(seed), "test")
    mean = evaluate(store, Request("retrieval", resamples=0, published=False, mean_of_seeds=True)).rows[-1]
    assert [note.split(":")[0] for note in mean.notes] == ["Mean of runs 2, 4.", "The model learned from this split"]


@pytest.mark.parametrize("protocol", ["retrieval", "proxy"])
def test_a_photo_without_sentences_is_named(store: MemoryStore, protocol: str) -> None:
    split = store.splits["test"]
    store.splits["test"] = replace(split, sentences=[s for s in split.sentences if s.image_id != 3], groundings=[])
    store.add_model(0)
    with pytest.raises(DataError, match=r"1 of 20 images of split 'test' of made-up \('photo2.jpg'\) has no sentence"):
        evaluate(store, Request(protocol, resamples=0))


def test_one_photo_has_neither_intervals_nor_letters(store: MemoryStore) -> None:
    store.splits["test"] = make_split("test", 1)
    for seed in (0, 1):
        words = np.random.default_rng(seed).normal(size=(6, 4))
        store.add_run(store.add_checkpoint(seed), scores=np.eye(1), word_scores=words)
    for protocol in ("retrieval", "grounding"):
        table = evaluate(store, Request(protocol, published=False, resamples=20))
        assert all(e.low is None and e.high is None for row in table.rows for e in row.values.values())
        assert not any(row.groups for row in table.rows)
        assert read_signature(table.rows[0].signature or "")["resample"] == "none"
    with pytest.raises(UserError, match="none of the runs"):
        evaluate(store, Request("proxy", published=False, resamples=20))


def test_a_run_of_another_dataset_than_the_one_that_was_named_is_refused(store: MemoryStore) -> None:
    run = store.add_model(0)
    with pytest.raises(UserError, match=f"run {run} is of the dataset 'made-up', not 'flickr8k'"):
        evaluate(store, Request("retrieval", runs=[run], dataset="flickr8k"))


def test_epochs_of_one_training_have_means_of_their_own(store: MemoryStore) -> None:
    numbers = []
    for seed in (0, 1):
        checkpoint = store.add_checkpoint(seed, preset="modern")
        for epoch in (1, 2):
            number = store.add_run(checkpoint, scores=np.random.default_rng([seed, epoch]).normal(size=(20, 20)))
            store.runs[number] = replace(store.runs[number], options={"epoch": epoch})
            numbers.append(number)
    request = Request("retrieval", runs=numbers, mean_of_seeds=True, resamples=0, published=False)
    means = [row for row in evaluate(store, request).rows if row.run is None]
    assert [(row.name, row.notes) for row in means] == [
        ("brnn modern, epoch 1, mean of 2 seeds", ("Mean of runs 1, 3.",)),
        ("brnn modern, epoch 2, mean of 2 seeds", ("Mean of runs 2, 4.",)),
    ]


def test_without_resamples_the_proxy_table_has_no_interval_either(store: MemoryStore) -> None:
    for seed in range(3):
        store.add_model(seed)
    rows = evaluate(store, Request("proxy", resamples=0, published=False)).rows
    assert any(row.run is None for row in rows)
    assert all(estimate.low is None for row in rows for estimate in row.values.values())
    assert {read_signature(row.signature or "")["resample"] for row in rows} == {"none"}


def test_a_split_that_is_not_there_is_refused_before_a_run_over_it_is_asked_for(store: MemoryStore) -> None:
    with pytest.raises(UserError, match="there is no split 'tset'"):
        evaluate(store, Request("retrieval", split="tset"))


def test_added_up_models_are_told_by_the_options_in_which_they_differ(store: MemoryStore) -> None:
    runs = [store.add_model(0, preset="modern", votes=votes) for votes in (True, False)]
    row = next(row for row in evaluate(store, Request("retrieval", combine=runs, resamples=0)).rows if row.run is None)
    assert row.name == "brnn modern votes=true + brnn modern votes=false (runs 2, 4)"
