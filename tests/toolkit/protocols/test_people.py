"""Agreement between annotators, by hand on small campaigns and on simulated annotators of known agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.collected import Collected, PersonPhrase
from vsa_toolkit.errors import DataError
from vsa_toolkit.protocols.people import evaluate, likeness, pairs_of_annotators, scene_distance
from vsa_toolkit.protocols.texts import TextSettings
from vsa_toolkit.records import Image
from vsa_toolkit.signature import read_signature

SETTINGS = TextSettings("agreement", resamples=50)
LEFT, RIGHT, SMALL = (0.0, 0.0, 40.0, 50.0), (60.0, 0.0, 40.0, 50.0), (45.0, 20.0, 10.0, 10.0)


def collected(said: dict[tuple[str, int], list], shown=()) -> Collected:
    """`said`: (annotator, image) → boxes with words."""
    images = [Image(i, f"photo{i}", Path("/nowhere"), "", 100, 50, "test") for i in sorted({i for _, i in said})]
    phrases = [
        PersonPhrase(1000 * number + k, name, image, 1000 * number + k, box, text)
        for number, ((name, image), own) in enumerate(said.items())
        for k, (box, text) in enumerate(own)
    ]
    return Collected("pilot", "made-up", "test", images, phrases, frozenset(said), frozenset(shown), "print")


TWO = {
    ("ann", 1): [(LEFT, "a man"), (RIGHT, "a dog")],
    ("bob", 1): [(LEFT, "a man"), (SMALL, "a ball")],
    ("ann", 2): [(LEFT, "the sky"), (RIGHT, "the sea")],
    ("bob", 2): [(RIGHT, "the sea")],
}


def test_boxes_and_words_are_counted_as_one_would_by_hand():
    rows = evaluate(collected(TWO), SETTINGS)
    assert list(rows) == ["campaign pilot"]
    values = {name: estimate.value for name, estimate in rows["campaign pilot"].values.items()}
    assert values["box_f1"] == pytest.approx(100 * 2 * 2 / (4 + 3))
    assert values["mean_iou"] == pytest.approx(100)
    assert (values["bleu1"], values["chrf"]) == pytest.approx((100, 100))  # of matched boxes only
    assert (values["nrefs"], values["pairs"]) == (1, 2)


def test_an_annotator_who_found_nothing_is_a_disagreement_about_boxes():
    rows = evaluate(collected({**TWO, ("ann", 3): [(LEFT, "a man")], ("bob", 3): []}), SETTINGS)
    assert rows["campaign pilot"].values["box_f1"].value == pytest.approx(100 * 2 * 2 / (4 + 3 + 1))


def test_each_annotator_is_judged_by_the_others():
    said = {**TWO, ("cyd", 1): [(LEFT, "somebody")]}
    rows = evaluate(collected(said), SETTINGS, by="annotator")
    assert list(rows) == ["campaign pilot"] + [f"{name} against the others" for name in ("ann", "bob", "cyd")]
    assert rows["cyd against the others"].values["bleu1"].value < 1
    assert rows["cyd against the others"].values["nrefs"].value == 2  # ann's words and bob's
    assert rows["ann against the others"].values["bleu1"].value > 90
    assert rows["cyd against the others"].values["pairs"].value == 2


def test_each_image_is_a_row_without_an_interval():
    rows = evaluate(collected(TWO), SETTINGS, by="image")
    assert list(rows) == ["campaign pilot", "photo1", "photo2"]
    assert rows["photo2"].values["box_f1"].value == pytest.approx(100 * 2 / 3)
    assert rows["photo2"].values["box_f1"].low is None


def test_the_influence_of_suggestions_is_kept_apart():
    rows = evaluate(collected(TWO, shown=[("bob", 2)]), SETTINGS)
    assert list(rows) == ["campaign pilot", "without suggestions", "with suggestions on the screen"]
    assert rows["without suggestions"].values["box_f1"].value == pytest.approx(100 * 2 / 4)
    assert rows["with suggestions on the screen"].values["box_f1"].value == pytest.approx(100 * 2 / 3)
    assert [pair.helped for pair in pairs_of_annotators(collected(TWO, shown=[("bob", 2)]))] == [False, True]


def test_two_people_who_never_met_cannot_agree():
    alone = collected({("ann", 1): [(LEFT, "a man")], ("bob", 2): [(LEFT, "a man")]})
    with pytest.raises(DataError, match=r"no image that two annotators have finished on split 'test'.*ann, bob"):
        evaluate(alone, SETTINGS)


def test_boxes_that_never_match_leave_no_words_to_compare():
    rows = evaluate(collected({("ann", 1): [(LEFT, "a man")], ("bob", 1): [(RIGHT, "a dog")]}), SETTINGS)
    assert rows["campaign pilot"].values["box_f1"].value == 0
    assert "bleu1" not in rows["campaign pilot"].values


def test_the_signature_says_how_boxes_were_matched_and_words_scored():
    stated = read_signature(evaluate(collected(TWO), SETTINGS, iou=0.7)["campaign pilot"].signature)
    assert stated.items() >= {
        "protocol": "agreement", "campaign": "pilot", "boxes": "one-to-one,iou=0.7", "bleu": "coco", "images": "2",
    }.items()  # fmt: skip


scenes = st.lists(
    st.tuples(st.sampled_from([LEFT, RIGHT, SMALL]), st.sampled_from(["a man", "a tall man", "the dog", "sky"])),
    max_size=4,
)


@given(scenes, scenes)
def test_the_distance_of_scenes_is_symmetric_between_nought_and_one(one, other):
    found = scene_distance(one, other)
    assert 0 <= found <= 1
    assert found == pytest.approx(scene_distance(other, one))
    assert scene_distance(one, one) == pytest.approx(0)


def test_half_a_scene_is_half_as_far():
    assert scene_distance([(LEFT, "a man")], []) == 1
    assert scene_distance([], []) == 0
    assert scene_distance([(LEFT, "a man"), (RIGHT, "a dog")], [(LEFT, "a man")]) == pytest.approx(1 / 3)
    assert scene_distance([(LEFT, "a man")], [(LEFT, "a dog")]) == pytest.approx(1 / 2)
    assert likeness("a tall man", "a man") == pytest.approx(2 * 2 / 5)


def simulated(reliability: float, images: int, seed: int, annotators: int = 3) -> Collected:
    """Simulated annotators who give the truth of an image with this probability, else that of any other image."""
    rng = np.random.default_rng(seed)
    words = [f"word{number}" for number in range(16)]

    def scene() -> list:
        corners = rng.uniform((0, 0), (70, 30), size=(rng.integers(2, 6), 2))
        return [((x, y, rng.uniform(10, 30), rng.uniform(10, 20)), " ".join(rng.choice(words, 3))) for x, y in corners]

    truth = [scene() for _ in range(images)]
    said = {
        (f"annotator{a}", i): truth[i if rng.random() < reliability else rng.integers(images)]
        for i in range(images)
        for a in range(annotators)
    }
    return collected(said)


@pytest.mark.parametrize("reliability", [0.0, 0.5, 0.8, 1.0])
def test_simulated_annotators_of_known_agreement_come_out_right(reliability):
    # Two agree where both tell the truth: α is the square of how often each does.
    row = evaluate(simulated(reliability, 90, seed=3), TextSettings("agreement", resamples=200))["campaign pilot"]
    assert row.values["alpha"].value == pytest.approx(reliability**2, abs=0.07)
    assert row.values["alpha"].low - 0.02 <= reliability**2 <= row.values["alpha"].high + 0.02
