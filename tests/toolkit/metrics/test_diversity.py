from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics import copied, distinct
from vsa_toolkit.metrics.diversity import Copied, CopiedOptions

captions = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8)


@given(captions)
def test_distinct_n_is_the_number_of_different_n_grams_over_that_of_all(texts):
    found = distinct({str(i): text for i, text in enumerate(texts)}, order=3)
    for n in (1, 2, 3):
        ngrams = [tuple(w[i : i + n]) for w in (text.split() for text in texts) for i in range(len(w) - n + 1)]
        expected = 100 * len(set(ngrams)) / len(ngrams) if ngrams else 0
        assert found.values[f"distinct{n}"].value == pytest.approx(expected)
        assert found.counts[f"total{n}"] == len(ngrams)
    assert found.values["distinct_captions"].value == pytest.approx(100 * len(set(texts)) / len(texts))


def test_case_and_punctuation_make_no_new_word():
    found = distinct({"1": "A dog.", "2": "a DOG"})
    assert found.values["distinct1"].value == 50
    assert found.values["distinct_captions"].value == 50


def test_a_caption_that_is_a_training_sentence_but_for_case_and_punctuation_is_copied():
    found = copied({"1": "a dog runs", "2": "a cat", "3": "A cat."}, ["A dog runs .", "the cat"])
    assert found.values["copied"].value == pytest.approx(100 / 3)
    assert found.counts == {"copied_captions": 1}
    assert "training_sentences:2" in found.signature


def test_the_signature_tells_training_sets_apart_and_not_their_order():
    lines = [copied({"1": "a"}, training).signature for training in (["x", "y"], ["y", "x"], ["x", "z"])]
    assert lines[0] == lines[1] != lines[2]


def test_copies_have_intervals_by_image():
    captions = {str(i): "a dog" if i % 3 else "a cat" for i in range(60)}
    estimate = copied(captions, ["a cat"], images={id: str(int(id) // 2) for id in captions}).values["copied"]
    assert estimate.low < estimate.value < estimate.high


def test_training_sentences_come_from_a_file(tmp_path: Path):
    file = tmp_path / "training.txt"
    file.write_text("a dog\n\na cat\n", encoding="utf-8")
    assert len(Copied(CopiedOptions(training=file)).training) == 2
    with pytest.raises(DataError, match="training sentences are not given"):
        copied_without_training = Copied()
        copied_without_training.fields()
    with pytest.raises(DataError, match=r"nothing\.txt cannot be read"):
        Copied(CopiedOptions(training=tmp_path / "nothing.txt")).fields()
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no training sentence"):
        Copied(CopiedOptions(training=file)).fields()
