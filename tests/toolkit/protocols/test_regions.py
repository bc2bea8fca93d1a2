from __future__ import annotations

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.protocols.descriptions import Described
from vsa_toolkit.protocols.regions import evaluate, mean_words
from vsa_toolkit.protocols.texts import TextSettings
from vsa_toolkit.signature import read_signature

SETTINGS = TextSettings("regions", resamples=20)
POOLED = {"pool": "grounding"}


def things(*pools: list[str]) -> list[Described]:
    """Each list describes a box of a photo of its own."""
    return [
        Described(
            f"{image}:{k}", f"photo{image}", image, (0, 0, 9, 9), text, tuple(pool[:k] + pool[k + 1 :]), 1 / len(pool)
        )
        for image, pool in enumerate(pools)
        for k, text in enumerate(pool)
    ]  # fmt: skip


FOUND = things(["a man", "a man", "the tall man"], ["red ball", "a red ball"], ["two dogs", "dogs"])
IMAGES = ["photo0", "photo1", "photo2", "photo3"]


def test_every_row_has_the_same_references_and_things_count_once():
    people = evaluate(None, FOUND, IMAGES, SETTINGS, POOLED)
    model = evaluate({d.id: "a dog" for d in FOUND}, FOUND, IMAGES, SETTINGS, POOLED)
    assert people.values["nrefs"].value == model.values["nrefs"].value == pytest.approx((2 + 1 + 1) / 3)
    stated = [read_signature(row.signature) for row in (people, model)]
    assert [line.pop("hypothesis") for line in stated] == ["people", "model"]
    assert stated[0] == stated[1]
    assert stated[0].items() >= {"pool": "grounding", "things": "3", "descriptions": "7", "nrefs": "1–2"}.items()


def test_words_are_counted_as_often_as_their_thing():
    # The first thing: "a man" twice right, "the tall man" one word of three; a third of each.
    people = evaluate(
        None, things(["a man", "a man", "the tall man"]), ["photo0"], TextSettings("regions", "multibleu")
    )
    matched, total = (2 + 2 + 1) / 3, (2 + 2 + 3) / 3
    assert people.values["bleu1"].value == pytest.approx(100 * matched / total)


def test_a_thing_described_by_more_people_does_not_count_more():
    few = things(["x", "y"], ["red ball", "red ball"])
    many = things(["x", "y"], ["red ball"] * 8)
    values = [
        evaluate(None, d, IMAGES, TextSettings("regions", "multibleu")).values["bleu1"].value for d in (few, many)
    ]
    assert values[0] == pytest.approx(values[1])


def test_the_numbers_of_n_grams_stand_beside_the_row():
    row = evaluate(None, FOUND, IMAGES, SETTINGS, POOLED)
    assert row.notes == ("n-grams matched, n = 1 to 4: 5 of 6, 2 of 3, 0 of 1, 0 of 0.",)


def test_descriptions_without_a_caption_are_refused_with_their_number():
    with pytest.raises(DataError, match="2 of 7 ids of described regions have no captions"):
        evaluate({d.id: "a dog" for d in FOUND[2:]}, FOUND, IMAGES, SETTINGS)
    with pytest.raises(DataError, match="an empty hypothesis"):
        evaluate({d.id: "" for d in FOUND}, FOUND, IMAGES, SETTINGS)


def test_mean_words_are_of_things():
    assert mean_words(things(["a b", "a b c d"], ["x"] * 2)) == pytest.approx((3 + 1) / 2)
