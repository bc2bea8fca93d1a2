from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.bleu import Bleu
from vsa_toolkit.protocols.judgements import (
    CROWD,
    EXPERT,
    JudgementSettings,
    evaluate,
    read_crowd,
    read_expert,
)
from vsa_toolkit.signature import read_signature

SENTENCES = {
    "one": ["a dog runs", "the brown dog runs fast"],
    "two": ["two men talk", "men in hats talk"],
    "three": ["a red ball", "the ball is red"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / EXPERT).write_text(
        "one.jpg\tone.jpg#1\t4\t4\t4\none.jpg\ttwo.jpg#0\t1\t1\t2\ntwo.jpg\ttwo.jpg#1\t4\t3\t4\n"
        "three.jpg\tone.jpg#0\t2\t2\t1\ntwo.jpg\tthree.jpg#1\t1\t1\t1\n"
    )
    (tmp_path / CROWD).write_text(
        "one.jpg\tone.jpg#1\t1.0\t3\t0\none.jpg\ttwo.jpg#0\t0\t0\t3\ntwo.jpg\tone.jpg#0\t0.25\t1\t3\n"
    )
    return tmp_path


def test_an_expert_is_a_judgement_each_and_the_crowd_one_share(folder):
    expert = read_expert(folder / EXPERT)
    assert len(expert) == 15
    assert (expert[5].image, expert[5].own, expert[5].number, expert[5].rating) == ("one", "two", 0, 2.0)
    assert [judged.rating for judged in read_crowd(folder / CROWD)] == [1.0, 0.0, 0.25]


def test_captions_of_the_image_are_left_out_for_experts_and_no_references_for_the_crowd(folder):
    rows = evaluate(folder, SENTENCES)
    stated = read_signature(rows["bleu1"].signature)
    assert stated["expert"].startswith("tau-c,9 judgements")
    assert stated["crowd"].startswith("tau-b,3 pairs")
    assert {"bleu1", "bleu4", "rouge_l", "cider", "chrf"} <= set(rows)
    # "the brown dog runs fast" is judged and so no reference of its image: it is no perfect match.
    assert rows["bleu1"].values["crowd"].value < 100


def test_intervals_resample_images(folder):
    expert = evaluate(folder, SENTENCES, JudgementSettings(resamples=50))["bleu1"].values["expert"]
    assert expert.low <= expert.value <= expert.high


def test_judgements_of_unknown_images_and_captions_are_refused_with_their_number(folder):
    with pytest.raises(DataError, match=r"ExpertAnnotations.txt: 1 of 3 images \('three'\) has no sentences"):
        evaluate(folder, {name: texts for name, texts in SENTENCES.items() if name != "three"})
    with pytest.raises(DataError, match=r"1 of 5 captions \('one#1'\) has no sentence"):
        evaluate(folder, {**SENTENCES, "one": ["a dog runs"]})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("one.jpg one.jpg#1 4 4", "line 1: 4 columns, 5 are expected"),
        ("one.jpg one.jpg 4 4 4", "line 1: 'one.jpg' is no caption"),
        ("one.jpg one.jpg#1 4 x 4", "line 1: 'x' is no number"),
        ("one.jpg one.jpg#1 4 nan 4", "line 1: the judgement nan is not finite"),
        ("", "has no judgement"),
    ],
)
def test_a_broken_line_is_refused_by_its_number(folder, line, reason):
    (folder / EXPERT).write_text(line)
    with pytest.raises(DataError, match=reason):
        evaluate(folder, SENTENCES)


def test_a_folder_without_the_files_is_refused_saying_what_belongs_there(tmp_path):
    with pytest.raises(DataError, match=r"--judgements is the folder that holds ExpertAnnotations\.txt"):
        evaluate(tmp_path, SENTENCES)


@pytest.mark.data
def test_the_published_correlations_come_out_on_flickr8k(real_data):
    folder = real_data / "flickr8k"
    sentences: dict[str, list[str]] = {}
    for line in (folder / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines():
        place, text = line.split("\t")
        sentences.setdefault(place.partition(".")[0], []).append(text)
    # ROUGE-L and CIDEr-D as well: benchmarks/judgements.py, or vsa eval --protocol judgements.
    rows = evaluate(folder, sentences, metrics=[Bleu()])
    found = {key: tuple(round(rows[key].values[name].value, 1) for name in ("expert", "crowd")) for key in rows}
    assert found.items() >= {"bleu1": (32.3, 17.9), "bleu4": (30.8, 16.9)}.items()
