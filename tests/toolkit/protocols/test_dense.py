from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.chrf import Chrf
from vsa_toolkit.metrics.segments import Segment
from vsa_toolkit.protocols.dense import (
    LIKENESSES,
    OVERLAPS,
    AveragePrecision,
    DenseCaption,
    DenseSettings,
    TrueBox,
    evaluate,
)
from vsa_toolkit.signature import read_signature

SIZE = (100, 80)
QUICK = DenseSettings(resamples=0)
WORDS = ["a red dog", "a dog", "the dog runs", "blue sky", "the sky", "two men", "men talk", "grass"]


# A slow oracle, straight from the definition: inclusive corners, one pixel added to widths, loops, exact fractions ---


def corners(box):
    x, y, w, h = map(Fraction, box)
    return x, y, x + w - 1, y + h - 1


def oracle_iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return Fraction(0)
    union = (a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1) - width * height
    return width * height / union


def oracle_merge(trues):
    left, merged = list(range(len(trues))), []
    while left:
        groups = {
            i: [j for j in left if i == j or oracle_iou(trues[i][0], trues[j][0]) >= Fraction(7, 10)] for i in left
        }
        chosen = max(left, key=lambda i: (len(groups[i]), -i))
        group = groups[chosen]
        mean = tuple(sum(trues[j][0][side] for j in group) / len(group) for side in range(4))
        merged.append((mean, [trues[j][1] for j in group]))
        left = [j for j in left if j not in group]
    return merged


def oracle(captions, truth, images):
    records, positives = [], 0
    for image in images:
        merged = oracle_merge([(corners(t.box), t.text) for t in truth if t.image == image])
        positives += len(merged)
        used = set()
        for caption in sorted((c for c in captions if c.image == image), key=lambda c: -c.confidence):
            best, owner = Fraction(0), None
            for number, (box, _) in enumerate(merged):
                overlap = oracle_iou(corners(caption.box), box)
                if overlap > best:
                    best, owner = overlap, number
            score = -1.0
            if owner is not None:
                segment = Segment("x", caption.text, tuple(merged[owner][1]))
                score = Chrf().count([segment]).segment_scores()["chrf"][0] / 100
            records.append((caption.confidence, best, owner is not None and owner not in used, score))
            used.add(owner)
    records.sort(key=lambda record: -record[0])

    def average_precision(threshold, least):
        found, precisions, recalls = 0, [], []
        for number, (_, overlap, first, score) in enumerate(records, start=1):
            found += overlap >= Fraction(str(threshold)) and first and score > least
            precisions.append(found / number)
            recalls.append(found / positives)
        levels = [level / 100 for level in range(101)]
        return sum(max((p for p, r in zip(precisions, recalls) if r >= t - 1e-9), default=0) for t in levels) / 101

    words = [average_precision(t, least) for t in OVERLAPS for least in LIKENESSES]
    boxes = [average_precision(t, -1) for t in OVERLAPS]
    return 100 * sum(words) / len(words), 100 * sum(boxes) / len(boxes)


def made_up(seed: int, images: int = 4):
    """Simulated images: true boxes, some nearly the same, and descriptions around them and elsewhere."""
    rng = np.random.default_rng(seed)
    names = [f"photo{i}" for i in range(images)]
    truth, captions = [], []
    confidences = iter(rng.permutation(1000) / 1000)
    for name in names[: max(1, images - 1)]:
        for _ in range(rng.integers(1, 4)):
            x, y, w, h = (float(v) for v in rng.integers((0, 0, 10, 10), (40, 40, 50, 35)))
            for _ in range(rng.integers(1, 4)):
                truth.append(TrueBox(name, (x + rng.integers(3), y, w, h), str(rng.choice(WORDS))))
    for name in names:
        own = [t for t in truth if t.image == name]
        for _ in range(rng.integers(0, 6)):
            if own and rng.random() < 0.8:
                x, y, w, h = own[rng.integers(len(own))].box
                box = (x + float(rng.integers(-4, 5)) * (x > 4), y, w, h)
            else:
                box = tuple(float(v) for v in rng.integers((0, 0, 5, 5), (40, 40, 50, 35)))
            captions.append(DenseCaption(name, box, str(rng.choice(WORDS)), float(next(confidences))))
    captions = captions or [DenseCaption(names[0], (0.0, 0.0, 9.0, 9.0), "grass", 0.5)]
    return captions, truth, dict.fromkeys(names, SIZE)


@settings(max_examples=60)
@given(st.integers(0, 100_000), st.integers(1, 5))
def test_it_equals_the_slow_oracle(seed, images):
    captions, truth, sizes = made_up(seed, images)
    values = evaluate(captions, truth, sizes, QUICK).values
    words, boxes = oracle(captions, truth, list(sizes))
    assert values["map_chrf"].value == pytest.approx(words, abs=1e-9)
    assert values["map_detection"].value == pytest.approx(boxes, abs=1e-9)


def test_an_overlap_of_exactly_a_half_counts_also_with_a_box_that_is_a_mean():
    captions, truth, sizes = made_up(73, 1)  # 28/3 of 56/3 pixels in a row, a mean of three boxes
    assert evaluate(captions, truth, sizes, QUICK).values["map_detection"].value == pytest.approx(30.2970297029703)


def test_the_truth_itself_is_found_completely():
    _, truth, sizes = made_up(3)
    lonely = [t for t in truth if sum(t.image == other.image for other in truth) == 1] or truth[:1]
    captions = [DenseCaption(t.image, t.box, t.text, 0.5) for t in lonely]
    values = evaluate(captions, lonely, sizes, QUICK).values
    assert values["map_chrf"].value == values["map_detection"].value == pytest.approx(100)


def test_words_matter_and_a_second_description_of_the_same_box_is_wrong():
    sizes = {"photo": SIZE}
    truth = [TrueBox("photo", (0, 0, 40, 40), "a red dog"), TrueBox("photo", (50, 0, 40, 40), "blue sky")]
    right = [DenseCaption("photo", t.box, t.text, 0.9) for t in truth]
    mute = [replace(c, text="zzz") for c in right]
    twice = [right[0], replace(right[0], confidence=0.8), replace(right[1], confidence=0.7)]
    value = {
        name: evaluate(c, truth, sizes, QUICK).values
        for name, c in (("right", right), ("mute", mute), ("twice", twice))
    }
    assert value["mute"]["map_chrf"].value == 0
    assert value["mute"]["map_detection"].value == pytest.approx(100)
    # Half of all recalls at precision 1, the other half at 2/3.
    assert value["twice"]["map_detection"].value == pytest.approx(100 * (51 + 50 * 2 / 3) / 101)


def test_merged_boxes_are_one_with_all_their_texts():
    sizes = {"photo": SIZE}
    truth = [TrueBox("photo", (0, 0, 40, 40), "a red dog"), TrueBox("photo", (1, 0, 40, 40), "blue sky")]
    row = evaluate([DenseCaption("photo", (0, 0, 40, 40), "blue sky", 1.0)], truth, sizes, QUICK)
    assert row.values["map_chrf"].value == pytest.approx(100)
    assert read_signature(row.signature)["merged"] == "1,iou=0.7"


def test_a_resampled_image_brings_its_boxes_and_descriptions_as_often_as_it_was_drawn():
    captions, truth, sizes = made_up(11, 3)
    weights = {"photo0": 2, "photo1": 0, "photo2": 1}

    def repeated(items):
        return [replace(i, image=f"{i.image}/{copy}") for i in items for copy in range(weights[i.image])]

    copies = {f"{name}/{copy}": SIZE for name, count in weights.items() for copy in range(count)}
    found = evaluate(captions, truth, sizes, QUICK)
    more = evaluate(repeated(captions), repeated(truth), copies, QUICK).values
    statistics = evaluate(captions, truth, sizes, DenseSettings(resamples=1)).sampled.statistics
    for name in found.values:
        assert statistics[name](np.array([[2.0, 0.0, 1.0]]))[0] == pytest.approx(more[name].value)


def test_two_runs_beside_each_other_are_ranked_together():
    one, other = (evaluate(*made_up(seed, 3), DenseSettings(resamples=1)).sampled.statistics for seed in (5, 6))
    for name, statistic in one.items():
        joint = statistic.beside(other[name])
        assert isinstance(joint, AveragePrecision)
        alone = joint(np.array([[1.0, 1, 1, 0, 0, 0], [0.0, 0, 0, 1, 1, 1]]))
        assert alone == pytest.approx([statistic(np.ones((1, 3)))[0], other[name](np.ones((1, 3)))[0]])


def test_without_meteor_the_figure_has_another_name():
    class Meteor(Chrf):
        name = "meteor"

    captions, truth, sizes = made_up(1)
    assert "map" not in evaluate(captions, truth, sizes, QUICK).values
    assert "map" in evaluate(captions, truth, sizes, DenseSettings(metric=Meteor(), resamples=0)).values


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"box": (60.0, 50.0, 90.0, 79.0)}, "beyond their photo"),
        ({"box": (float("nan"), 0.0, 5.0, 5.0)}, "not finite or beyond"),
        ({"text": " "}, "have no words; the first is of 'photo0'"),
        ({"image": "elsewhere"}, r"\('elsewhere'\) has no place in the split"),
        ({"confidence": float("nan")}, "1 of 1 confidences are not finite"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, reason):
    _, truth, sizes = made_up(1)
    caption = replace(DenseCaption("photo0", (0.0, 0.0, 20.0, 20.0), "a dog", 0.5), **change)
    with pytest.raises(DataError, match=reason):
        evaluate([caption], truth, sizes, QUICK)


def test_nothing_to_compare_is_refused():
    captions, truth, sizes = made_up(1)
    with pytest.raises(DataError, match="no captions to compare"):
        evaluate([], truth, sizes, QUICK)
    with pytest.raises(DataError, match="no true boxes to compare"):
        evaluate(captions, [], sizes, QUICK)
