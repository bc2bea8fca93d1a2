from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.protocols.grounding import Aligned, Settings, accuracy, baselines, evaluate
from vsa_toolkit.protocols.phrases import Phrases, read_phrases
from vsa_toolkit.protocols.priors import choose_weights, combine, prior_features
from vsa_toolkit.signature import read_signature

from .conftest import make_split

QUICK = Settings(resamples=20)


def aligned(name: str, images: int, seed: int, noise: float = 1.0) -> Aligned:
    """Word scores with some truth: words of each phrase like its region."""
    phrases = read_phrases(make_split(name, images, seed))
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, noise, (6 * images, 4))
    for image in range(images):
        scores[6 * image + 0 : 6 * image + 2, 1] += 1
        scores[6 * image + 3 : 6 * image + 6, 2] += 1
    return Aligned(phrases, scores.astype(np.float32))


def value(rows, name: str, key: str = "accuracy") -> float:
    return rows[name].values[key].value


def test_baselines_are_what_they_say(split):
    rows = baselines(read_phrases(split), settings=QUICK)
    assert value(rows, "random region") == 50  # two of four regions hit each phrase
    assert value(rows, "random region", "pointing") == pytest.approx(100 * (1 / 4 + 3 / 4) / 2)
    assert value(rows, "frame") == 100  # each half of the photo is half of the frame
    assert value(rows, "frame", "pointing") == 50
    assert value(rows, "most confident detection") == 50
    assert value(rows, "largest box") == 50  # both detections are as large: shared
    assert value(rows, "class name, no training") == 100
    assert all(row.values["upper_bound"].value == 100 for row in rows.values())


def test_an_undetected_region_set_has_no_detector_rows(split):
    plain = replace(split, regions=[replace(r, label=None, score=None) for r in split.regions])
    rows = baselines(read_phrases(plain), settings=QUICK)
    assert set(rows) == {
        "random region", "frame", "largest box", "centre-most box", "centre box, half as wide and high", "upper bound"
    }  # fmt: skip
    assert value(rows, "centre-most box") == 0


def test_a_model_that_knows_gets_everything_and_leaving_out_the_frame_matters(split):
    phrases = read_phrases(split)
    frame_first = np.zeros((6, 4))
    frame_first[:, 0] = 2
    frame_first[:2, 1] = frame_first[3:, 2] = 1
    rows = evaluate(Aligned(phrases, frame_first), None, QUICK)
    assert set(rows) == {"alone", "alone, frame region left out"}
    assert value(rows, "alone", "pointing") == 50
    assert value(rows, "alone, frame region left out", "pointing") == 100


def test_equal_scores_share_the_phrase(split):
    phrases = read_phrases(split)
    assert accuracy(phrases, np.zeros((2, 4))) == 50
    assert accuracy(phrases, np.zeros((2, 4)), np.zeros((2, 4), dtype=bool)) == 0


def test_weights_and_beta_are_chosen_on_validation_and_never_see_test():
    val = aligned("val", 40, 0)
    first = evaluate(aligned("test", 30, 1), val, QUICK)
    second = evaluate(aligned("test", 30, 2), val, QUICK)
    assert {"alone", "alone, MRF", "with priors", "with priors, MRF"} <= set(first)
    for name in ("alone, MRF", "with priors", "with priors, MRF"):
        a, b = read_signature(first[name].signature), read_signature(second[name].signature)
        assert a["chosen_on"] == "val"
        assert (a["mrf"], a.get("priors")) == (b["mrf"], b.get("priors"))


def test_priors_help_a_noisy_model_where_the_detector_is_right():
    rows = evaluate(aligned("test", 60, 1, noise=3.0), aligned("val", 60, 0, noise=3.0), QUICK)
    assert value(rows, "with priors", "pointing") > value(rows, "alone", "pointing") + 10


def test_every_row_has_a_signature_of_its_own():
    test, val = aligned("test", 10, 1), aligned("val", 10, 0)
    rows = [*evaluate(test, val, QUICK).values(), *baselines(test.phrases, val.phrases, QUICK).values()]
    assert len({row.signature for row in rows}) == len(rows)


def test_no_row_passes_the_upper_bound():
    test, val = aligned("test", 30, 1), aligned("val", 30, 0)
    for rows in (evaluate(test, val, QUICK), baselines(test.phrases, val.phrases, QUICK)):
        for row in rows.values():
            assert row.values["accuracy"].value <= row.values["upper_bound"].value


def test_the_order_of_regions_changes_no_figure():
    split, order = make_split("test", 20, 3), [3, 2, 1, 0]
    turned = replace(split, regions=[split.regions[4 * i + j] for i in range(20) for j in order])
    scores = np.random.default_rng(0).integers(0, 3, (120, 4)).astype(float)
    a = evaluate(Aligned(read_phrases(split), scores), None, QUICK)
    b = evaluate(Aligned(read_phrases(turned), scores[:, order]), None, QUICK)
    for name in a:
        assert {k: v.value for k, v in a[name].values.items()} == pytest.approx(
            {k: v.value for k, v in b[name].values.items()}
        )


def test_weights_prefer_what_tells_right_from_wrong():
    val = aligned("val", 50, 0).phrases
    features = prior_features(val)
    weights = choose_weights(val, features)
    assert weights["class"] > 0
    assert accuracy(val, combine(features, weights)) > 90


def test_weights_of_a_split_that_no_region_hits_are_zero():
    val = aligned("val", 5, 0).phrases
    missed = replace(val, hit=np.zeros_like(val.hit))
    assert set(choose_weights(missed, prior_features(missed)).values()) == {0.0}


def test_priors_without_a_model_need_validation():
    test, val = aligned("test", 20, 1).phrases, aligned("val", 20, 0).phrases
    assert "detector's priors, no model" not in baselines(test, None, QUICK)
    assert value(baselines(test, val, QUICK), "detector's priors, no model") > 90


def test_constant_word_scores_on_validation_are_refused():
    val = aligned("val", 5, 0)
    with pytest.raises(DataError, match="nothing to weigh"):
        evaluate(aligned("test", 5, 1), Aligned(val.phrases, np.ones_like(val.word_scores)), QUICK)


def test_the_signature_states_what_changes_the_figures():
    split = make_split(images=2)
    phrases: Phrases = read_phrases(replace(split, groundings=[*split.groundings, replace(
        split.groundings[0], boxes=(), no_box=True)]))  # fmt: skip
    settings = Settings(reduce="max", resamples=5, seed=9, about={"dataset": "made-up"})
    row = evaluate(Aligned(phrases, np.zeros((12, 4))), None, settings)["alone, frame region left out"]
    assert read_signature(row.signature).items() >= {
        "protocol": "grounding", "dataset": "made-up", "images": "2", "phrases": "4", "skipped": "no box=1",
        "boxes": "any", "iou": "0.5", "phrase": "max", "frame": "no", "resample": "image×5", "seed": "9",
    }.items()  # fmt: skip


def test_more_guesses_hit_more_and_never_more_than_there_is_to_hit():
    rows = evaluate(aligned("test", 30, 3), None, QUICK) | baselines(read_phrases(make_split("test", 30, 3)))
    for row in rows.values():
        values = {name: estimate.value for name, estimate in row.values.items()}
        if "r5" in values:
            assert values["accuracy"] <= values["r5"] <= values["r10"] <= values["upper_bound"]
    assert value(rows, "upper bound") == value(rows, "frame", "upper_bound")


def test_the_centre_box_is_the_same_in_every_photo(split):
    middle = replace(split.groundings[0], boxes=((25, 12.5, 50, 25),))
    rows = baselines(read_phrases(replace(split, groundings=[middle, split.groundings[1]])), settings=QUICK)
    assert value(rows, "centre box, half as wide and high") == 50
    assert "r5" not in rows["centre box, half as wide and high"].values


def test_categories_divide_the_phrases(split):
    people, animals = (
        replace(g, categories=(name,)) for g, name in zip(split.groundings, ("people", "animals"), strict=True)
    )
    rows = baselines(read_phrases(replace(split, groundings=[people, animals])), settings=Settings(categories=True))
    assert value(rows, "most confident detection") == 50  # the person
    assert value(rows, "most confident detection", "accuracy_people") == 100
    assert value(rows, "most confident detection", "accuracy_animals") == 0
