from __future__ import annotations

import numpy as np
import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.bleu import Bleu
from vsa_toolkit.metrics.segments import Segment
from vsa_toolkit.protocols.captions import agreement, evaluate, fewest, people
from vsa_toolkit.protocols.texts import TextSettings
from vsa_toolkit.signature import read_signature

QUICK = TextSettings(resamples=20)
WORDS = ["a", "dog", "runs", "over", "green", "grass", "two", "men", "in", "red", "hats", "look", "at", "the", "ball"]


@pytest.fixture
def references() -> dict[str, list[str]]:
    """Twelve made-up images with four sentences of six words each."""
    rng = np.random.default_rng(0)
    return {f"photo{i}": [" ".join(rng.choice(WORDS, size=6)) for _ in range(4)] for i in range(12)}


def test_a_caption_that_a_person_wrote_is_perfect_against_all_and_not_against_the_others(references):
    captions = {image: texts[0] for image, texts in references.items()}
    against_all = evaluate(captions, references, QUICK).values
    assert against_all["bleu4"].value == pytest.approx(100)
    assert against_all["nrefs"].value == 4
    # With each reference left out in turn, one time in four it is its own that goes.
    left_out = evaluate(captions, references, QUICK, leave_one_out=True).values
    first = people(references, QUICK)["sentence 0 against 1–3"].values
    assert left_out["nrefs"].value == first["nrefs"].value == 3
    assert left_out["bleu1"].value == pytest.approx((3 * 100 + first["bleu1"].value) / 4)


def test_people_are_scored_by_their_own_words_and_the_mean_is_of_the_choices(references):
    rows = people(references, QUICK)
    assert list(rows) == [
        "sentence 0 against 1–3", "sentence 1 against 0, 2–3", "sentence 2 against 0–1, 3", "sentence 3 against 0–2",
        "mean over the 4 choices",
    ]  # fmt: skip
    single = list(rows.values())[:4]
    for name in ("bleu1", "bleu4", "rouge_l", "cider"):
        mean = np.mean([row.values[name].value for row in single])
        assert rows["mean over the 4 choices"].values[name].value == pytest.approx(mean)
    segments = [Segment(i, texts[1], (texts[0], *texts[2:]), i) for i, texts in references.items()]
    assert single[1].values["bleu2"].value == Bleu().score(segments, resamples=0).values["bleu2"].value
    assert agreement(references, QUICK).values == rows["mean over the 4 choices"].values


def test_people_and_models_are_compared_on_the_same_images_and_references(references):
    captions = {image: texts[0] for image, texts in references.items()}
    model, human = evaluate(captions, references, QUICK, leave_one_out=True), agreement(references, QUICK)
    assert model.sampled is not None
    assert human.sampled is not None
    assert (model.sampled.images, model.sampled.seed) == (human.sampled.images, human.sampled.seed)
    stated = [read_signature(row.signature) for row in (model, human)]
    assert stated[0]["leave_one_out"] == stated[1]["leave_one_out"] == "mean of 4"
    assert stated[0]["nrefs"] == stated[1]["nrefs"] == "3"


def test_with_more_sentences_for_some_images_all_use_as_many_as_every_image_has(references):
    longer = {**references, "photo3": [*references["photo3"], "one more sentence"]}
    assert fewest(longer) == 4
    assert people(longer, QUICK)["mean over the 4 choices"].values == agreement(references, QUICK).values


def test_perplexity_is_shown_as_it_was_measured(references):
    captions = {image: texts[0] for image, texts in references.items()}
    row = evaluate(captions, references, QUICK, perplexity=18.6)
    assert (row.values["perplexity"].value, row.values["perplexity"].low) == (18.6, None)


def test_captions_of_other_images_are_refused_saying_which_and_how_many(references):
    captions = {image.replace("photo1", "picture1"): texts[0] for image, texts in references.items()}
    with pytest.raises(DataError, match=r"3 of 12 ids of captions have no images .*3 of 12 ids of images have no capt"):
        evaluate(captions, references, QUICK)


def test_an_empty_caption_and_an_image_without_sentences_are_refused(references):
    captions = {image: texts[0] for image, texts in references.items()}
    with pytest.raises(DataError, match=r"1 of 12 segments \('photo2'\) has an empty hypothesis"):
        evaluate({**captions, "photo2": " "}, references, QUICK)
    with pytest.raises(DataError, match=r"1 of 12 segments \('photo2'\) has no reference"):
        evaluate(captions, {**references, "photo2": []}, QUICK)
    with pytest.raises(DataError, match=r"1 of 12 images \('photo2'\) has fewer than two sentences"):
        people({**references, "photo2": ["alone"]}, QUICK)


def test_the_signature_states_every_metric(references):
    line = read_signature(agreement(references, QUICK).signature)
    assert line.items() >= {
        "bleu": "coco", "tokenise": "ptb", "penalty": "closest,shorter", "hypothesis": "each sentence",
        "images": "12", "resample": "image×20",
    }.items()  # fmt: skip
    assert "beta=1.2" in line["rouge-l"]
    assert "sigma=6" in line["cider-d"]


@pytest.mark.data
def test_people_on_flickr8ks_test_split_agree_as_others_measured(real_data):
    folder = real_data / "flickr8k"
    references = {name: [] for name in (folder / "Flickr_8k.testImages.txt").read_text().split()}
    for line in (folder / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines():
        place, text = line.split("\t")
        references.get(place.partition("#")[0], []).append(text)
    assert len(references) == 1000
    row = people(references, TextSettings(resamples=0))["sentence 0 against 1–4"].values
    measured = {name: round(estimate.value / 100, 4) for name, estimate in row.items() if name != "nrefs"}
    assert measured == {
        "bleu1": 0.6364, "bleu2": 0.4458, "bleu3": 0.3055, "bleu4": 0.2095, "rouge_l": 0.4875, "cider": 0.7886
    }  # fmt: skip
