"""Tables of captions, of regions and of people, from runs and campaigns in a store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.evaluation import Request, evaluate
from vsa_toolkit.records import Caption
from vsa_toolkit.signature import read_signature
from vsa_toolkit.tables import Table, as_json

from .conftest import IMAGES, TextStore, campaign, of_images, of_regions


def names(table: Table, source: str) -> list[str]:
    return [row.name for row in table.rows if row.source == source]


# Captions -------------------------------------------------------------------------------------------------------------


def test_captions_of_runs_are_scored_against_all_sentences_of_their_images(store: TextStore) -> None:
    run = store.add_captioner(
        0, of_images("A man and a dog"), perplexity={"value": 18.6, "words": 2538, "oov": "removed", "oov_rate": 2.04}
    )
    table = evaluate(store, Request("captions", resamples=20))
    (row,) = table.rows
    assert (row.run, row.source) == (run, "run")
    assert set(row.values) == {f"bleu{n}" for n in range(1, 5)} | {"rouge_l", "cider", "nrefs", "perplexity"}
    assert (row.values["nrefs"].value, row.values["perplexity"].value) == (3, 18.6)
    stated = read_signature(row.signature)
    assert stated.items() >= {"protocol": "captions", "weights": "abc", "nrefs": "3", "leave_one_out": "no"}.items()
    assert (stated["vocabulary"], stated["oov"]) == ("2538", "removed,2.0%")
    assert store.saved[0][:2] == (run, "captions")
    assert set(as_json(table)["rows"][0]["values"]["bleu4"]) == {"value", "low", "high"}


def test_leaving_one_out_puts_people_beside_models_with_as_many_references(store: TextStore) -> None:
    store.add_captioner(0, of_images("A man and a dog"))
    table = evaluate(store, Request("captions", resamples=20, leave_one_out=True))
    assert [row.source for row in table.rows] == ["run", "human"]
    assert {row.values["nrefs"].value for row in table.rows} == {2}


def test_runs_without_captions_are_passed_over_and_refused_where_asked_for(store: TextStore) -> None:
    silent = store.add_run(store.add_checkpoint(1))
    with pytest.raises(UserError, match=r"none of 1 finished runs has captions over split 'test' .*--backend rnn --s"):
        evaluate(store, Request("captions"))
    store.add_captioner(0, of_images("A dog"))
    assert [row.run for row in evaluate(store, Request("captions", resamples=0)).rows] == [silent + 1]
    with pytest.raises(UserError, match=f"run {silent} has no captions of images: `vsa run --backend rnn --split"):
        evaluate(store, Request("captions", runs=[silent]))


def test_missing_and_double_captions_are_refused_with_the_runs_number(store: TextStore) -> None:
    few = store.add_captioner(0, of_images("A dog")[2:])
    with pytest.raises(
        DataError, match=rf"run {few}: ids do not match: 2 of 8 ids of images have no captions \('photo1'"
    ):
        evaluate(store, Request("captions", runs=[few]))
    twice = store.add_captioner(1, [*of_images("A dog"), Caption(3, "A cat")])
    with pytest.raises(DataError, match=f"run {twice}: 1 of 8 images have several captions, image 3 is the first"):
        evaluate(store, Request("captions", runs=[twice]))
    again = store.add_captioner(3, [*of_regions("a man", "a dog"), Caption(1, "a cat", 2)])
    for protocol in ("regions", "dense"):
        with pytest.raises(
            DataError, match=f"run {again}: 1 of 16 regions have several captions, region 2 is the first"
        ):
            evaluate(store, Request(protocol, runs=[again]))
    mute = store.add_captioner(2, [replace(c, text=" " if c.image_id == 2 else c.text) for c in of_images("A dog")])
    with pytest.raises(DataError, match=rf"run {mute}: 1 of 8 segments \('photo2'\) has an empty hypothesis"):
        evaluate(store, Request("captions", runs=[mute]))


def test_published_rows_of_another_number_of_references_are_not_shown(store: TextStore) -> None:
    run = store.add_captioner(0, of_images("A dog"))
    store.runs[run] = replace(store.runs[run], dataset="flickr8k")
    images = store.splits["test"].images
    store.splits["test"] = replace(store.splits["test"], images=images, dataset="flickr8k")
    table = evaluate(store, Request("captions", runs=[run], resamples=0))
    assert names(table, "published") == []  # ours have three references, those five, and other images
    assert not any("Published" in note for note in table.notes)


# Regions --------------------------------------------------------------------------------------------------------------


def test_regions_that_sentences_describe_several_times_are_a_stand_in_and_say_so(store: TextStore) -> None:
    run = store.add_captioner(0, of_regions("a man", "a dog"))
    table = evaluate(store, Request("regions", resamples=20))
    assert "stand-in: Flickr30k Entities spans, not the slides' region set" in table.title
    model, people = table.rows[0], next(row for row in table.rows if row.source == "human")
    assert (model.run, model.values["nrefs"].value) == (run, people.values["nrefs"].value)
    assert any("16 things in 8 photos, described 48 times" in note for note in table.notes)
    assert model.notes[0].startswith("n-grams matched")
    stated = read_signature(model.signature)
    assert stated.items() >= {"protocol": "regions", "pool": "grounding", "nrefs": "2", "things": "16"}.items()


def test_a_run_that_left_regions_out_is_refused(store: TextStore) -> None:
    run = store.add_captioner(0, of_regions("a man", "a dog")[:-2])
    with pytest.raises(
        DataError, match=rf"run {run}: no caption for 6 of 48 descriptions; .* of photo8.*human-regions"
    ):
        evaluate(store, Request("regions", runs=[run]))


def test_by_default_the_newest_runs_that_described_what_people_described_are_taken(store: TextStore) -> None:
    serving = store.add_captioner(0, of_regions("a man", "a dog"))
    partly = store.add_captioner(0, of_regions("a man", "a dog")[:-2])
    elsewhere = store.add_captioner(0, [Caption(i, "a man", 100 + i) for i in range(1, IMAGES + 1)])
    said: list[str] = []
    table = evaluate(store, Request("regions", resamples=0), said.append)
    assert [row.run for row in table.rows if row.source == "run"] == [serving]
    assert any(line.startswith(f"left out, run {partly}: no caption for 6 of 48 descriptions") for line in said)
    assert f"left out, run {elsewhere}: it describes other regions than people did" in said


def test_where_no_run_described_what_people_described_the_sentence_says_how_to_make_one(store: TextStore) -> None:
    with pytest.raises(UserError, match=r"no finished run .*`vsa run --backend rnn --on human-regions --split test`"):
        evaluate(store, Request("regions"))
    run = store.add_captioner(0, [Caption(i, "a man", 100 + i) for i in range(1, IMAGES + 1)])
    with pytest.raises(UserError, match=f"that fit .*run {run}: it describes other regions.* --on human-regions"):
        evaluate(store, Request("regions"))
    store.collected = campaign()
    with pytest.raises(UserError, match="--on human-regions --campaign pilot --split test"):
        evaluate(store, Request("regions", campaign="pilot"))


def test_a_campaigns_phrases_are_pooled_by_annotator_or_by_overlap(store: TextStore) -> None:
    store.collected = campaign()
    store.add_captioner(0, of_regions("a man", "a dog"))
    for pool, iou in (("annotator", "0.5"), ("iou", "0.7"), (None, "0.5")):
        table = evaluate(store, Request("regions", campaign="pilot", pool=pool, resamples=5))
        assert "campaign pilot" in table.title
        stated = read_signature(table.rows[0].signature)
        assert (
            stated.items()
            >= {"campaign": "pilot", "pool": pool or "annotator", "iou": iou, "data": "collected"}.items()
        )
        assert stated["things"] == "8"


def test_ways_to_pool_that_cannot_be_are_wrong_use(store: TextStore) -> None:
    store.add_captioner(0, of_regions("a man", "a dog"))
    with pytest.raises(UserError, match="--pool annotator needs --campaign"):
        evaluate(store, Request("regions", pool="annotator"))
    store.collected = campaign()
    with pytest.raises(UserError, match="--pool grounding is of a data set's own spans"):
        evaluate(store, Request("regions", pool="grounding", campaign="pilot"))


# People ---------------------------------------------------------------------------------------------------------------


def test_agreement_on_sentences_needs_no_run(store: TextStore) -> None:
    table = evaluate(store, Request("agreement", resamples=5))
    assert names(table, "human") == [
        "sentence 0 against 1–2", "sentence 1 against 0, 2", "sentence 2 against 0–1", "mean over the 3 choices"
    ]  # fmt: skip
    assert read_signature(table.rows[0].signature)["protocol"] == "agreement"
    assert all(row.run is None for row in table.rows)


def test_published_agreement_is_shown_unless_it_is_not_wanted(store: TextStore) -> None:
    split = store.splits["test"]
    again = [replace(s, id=s.id + 1000, number=s.number + 3) for s in split.sentences]
    both = sorted([*split.sentences, *again], key=lambda s: (s.image_id, s.number))
    store.splits["test"] = replace(split, dataset="coco", sentences=both, groundings=[])
    request = Request("agreement", dataset="coco", resamples=0)
    assert len(names(evaluate(store, request), "published")) == 1
    alone = evaluate(store, replace(request, published=False))
    assert not names(alone, "published")
    store.collected = replace(campaign(), dataset="coco")
    assert not names(evaluate(store, replace(request, of="campaign", campaign="pilot")), "published")
    assert not any("Published" in note for note in alone.notes)


def test_agreement_on_phrases_is_the_peoples_row_of_the_regions_table(store: TextStore) -> None:
    store.add_captioner(0, of_regions("a man", "a dog"))
    (alone,) = evaluate(store, Request("agreement", of="phrases", resamples=5)).rows
    beside = next(row for row in evaluate(store, Request("regions", resamples=5)).rows if row.source == "human")
    assert alone.values == beside.values


def test_agreement_in_a_campaign_is_about_boxes_and_words(store: TextStore) -> None:
    store.collected = campaign()
    table = evaluate(store, Request("agreement", of="campaign", by="annotator", resamples=20))
    assert names(table, "human") == ["campaign pilot", "ann against the others", "bob against the others"]
    values = table.rows[0].values
    assert values["box_f1"].value == values["mean_iou"].value == 100
    assert 0 < values["bleu1"].value < 100
    assert [column.key for column in table.columns][:2] == ["box_f1", "mean_iou"]
    assert "alpha" in evaluate(store, Request("agreement", of="campaign", resamples=5)).rows[0].values


# Dense ----------------------------------------------------------------------------------------------------------------


def test_dense_captions_are_judged_with_chrf_and_never_beside_published_figures(store: TextStore) -> None:
    run = store.add_captioner(0, of_regions("A man", "a dog"))
    store.runs[run] = replace(store.runs[run], dataset="visual-genome")
    store.splits["test"] = replace(store.splits["test"], dataset="visual-genome")
    table = evaluate(store, Request("dense", runs=[run], resamples=10))
    assert set(table.rows[0].values) == {"map_chrf", "map_detection"}
    assert table.rows[0].values["map_detection"].value == pytest.approx(100)
    assert read_signature(table.rows[0].signature)["confidence"] == "region score"
    assert not names(table, "published")


def test_without_any_confidence_dense_captions_have_no_order(store: TextStore) -> None:
    said = [replace(c, log_probability=None) for c in of_regions("a man", "a dog")]
    store.regions = {id: replace(region, score=None) for id, region in store.regions.items()}
    run = store.add_captioner(0, said)
    with pytest.raises(DataError, match=f"run {run}: neither its regions nor its captions have scores"):
        evaluate(store, Request("dense", runs=[run]))
    with pytest.raises(UserError, match=f"run {run}: neither its regions .*vsa run --backend rnn --on regions"):
        evaluate(store, Request("dense"))
    store.captions[run] = of_regions("a man", "a dog")
    table = evaluate(store, Request("dense", resamples=0))
    assert read_signature(table.rows[0].signature)["confidence"] == "log probability"


def test_dense_leaves_out_runs_over_given_boxes_unless_they_are_named(store: TextStore) -> None:
    found = store.add_captioner(0, of_regions("a man", "a dog"))
    given = store.add_captioner(0, of_regions("a man", "a dog"))
    store.runs[given] = replace(store.runs[given], options={"on": "human-regions"})
    assert [row.run for row in evaluate(store, Request("dense", resamples=0)).rows] == [found]
    (row,) = evaluate(store, Request("dense", runs=[given], resamples=0)).rows
    assert row.notes == ("Its boxes are those that people drew, so that it found none itself.",)


def test_means_of_dense_rows_keep_ways_of_decoding_apart(store: TextStore) -> None:
    for seed in (0, 1):
        for beam in (1, 7):
            run = store.add_captioner(seed, of_regions("a man", "a dog"))
            store.runs[run] = replace(store.runs[run], options={"beam": beam})
    table = evaluate(store, Request("dense", resamples=0, mean_of_seeds=True))
    assert [row.name for row in table.rows if row.run is None] == [
        "brnn, mean of 2 seeds: greedy", "brnn, mean of 2 seeds: beam 7"
    ]  # fmt: skip


def test_a_dense_campaign_is_another_truth(store: TextStore) -> None:
    store.collected = campaign(IMAGES)
    store.add_captioner(0, of_regions("a man", "a dog"))
    stated = read_signature(evaluate(store, Request("dense", campaign="pilot", resamples=0)).rows[0].signature)
    assert (stated["campaign"], stated["true_boxes"]) == ("pilot", "32")


# Judgements -----------------------------------------------------------------------------------------------------------


def test_judgements_need_their_folder_and_make_a_row_a_metric(store: TextStore, tmp_path) -> None:
    with pytest.raises(UserError, match="needs --judgements DIR"):
        evaluate(store, Request("judgements"))
    (tmp_path / "ExpertAnnotations.txt").write_text(
        "photo1.jpg photo2.jpg#0 1 1 2\nphoto2.jpg photo3.jpg#1 2 2 2\nphoto3.jpg photo4.jpg#2 4 3 3\n"
    )
    (tmp_path / "CrowdFlowerAnnotations.txt").write_text(
        "photo1.jpg photo1.jpg#0 1.0 3 0\nphoto1.jpg photo2.jpg#1 0.0 0 3\nphoto2.jpg photo3.jpg#2 0.3 1 2\n"
    )
    table = evaluate(store, Request("judgements", judgements=tmp_path, resamples=5))
    assert {"bleu1", "rouge_l", "cider", "chrf"} <= set(names(table, "metric"))
    assert set(table.rows[0].values) == {"expert", "crowd"}
