from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np

from vsa_toolkit.protocols.class_names import class_similarity, vocabulary_of

LABELS = ("person", "dog", "traffic light", "hot dog", "motorbike")


def similarity(phrase: str, vectors=None) -> list[float]:
    return class_similarity(LABELS, [phrase.split()], vectors)[0].tolist()


def test_the_class_name_itself_and_its_plural_fit():
    assert similarity("a brown dog") == [0, 1, 0, 0, 0]
    assert similarity("two dogs") == [0, 1, 0, 0, 0]


def test_listed_words_fit_in_singular_and_plural():
    assert similarity("three young women")[0] == 1
    assert similarity("a motorcycle")[4] == 1
    assert similarity("puppies") == [0, 1, 0, 0, 0]


def test_every_class_with_listed_words_is_one_that_the_shipped_detector_names():
    shipped = resources.files("vsa_toolkit.plugins").joinpath("coco.txt").read_text(encoding="utf-8").splitlines()
    data = tomllib.loads(
        resources.files("vsa_toolkit.protocols").joinpath("class_names.toml").read_text(encoding="utf-8")
    )
    assert set(data["words"]) | set(data["one_word"]) | set(data["same"].values()) <= set(shipped)


def test_both_spellings_of_a_class_fit_the_same_words():
    for phrase in ("a small plane", "a motorbike", "an old couch", "the table", "a tv"):
        old = class_similarity(("aeroplane", "motorbike", "sofa", "diningtable", "tvmonitor"), [phrase.split()])
        new = class_similarity(("airplane", "motorcycle", "couch", "dining table", "tv"), [phrase.split()])
        assert old.sum() == 1
        assert np.array_equal(old, new)


def test_a_part_of_a_class_name_is_not_the_class():
    assert similarity("a traffic jam")[2] == 0
    assert similarity("a dog")[3] == 0


def test_a_phrase_that_names_no_class_fits_nothing():
    assert similarity("the bright red wall") == [0, 0, 0, 0, 0]


def test_word_vectors_give_the_rest_a_similarity_below_one():
    vectors = {"dog": np.array([1.0, 0.0]), "wolf": np.array([1.0, 1.0]), "person": np.array([0.0, -1.0]),
               "the": np.array([1.0, 0.0])}  # fmt: skip
    assert np.allclose(similarity("wolf", vectors), [0, 0.5**0.5, 0, 0, 0])
    assert similarity("the", vectors) == [0, 0, 0, 0, 0]
    assert similarity("dog", vectors)[1] == 1


def test_without_labels_or_words_there_is_an_empty_table():
    assert class_similarity((), [["dog"]]).shape == (1, 0)
    assert class_similarity(LABELS, [[]]).tolist() == [[0] * 5]


def test_the_vocabulary_holds_the_words_of_names_and_phrases():
    assert vocabulary_of(["traffic light"], [["a", "dog"]]) == {"traffic", "light", "a", "dog"}
