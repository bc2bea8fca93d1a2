from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.vocabulary import build_vocabulary, load_word_vectors


def test_only_words_seen_often_enough_are_kept_the_most_frequent_first() -> None:
    vocabulary = build_vocabulary([["dog", "a", "cat"], ["a", "dog"], ["a", "bird"]], min_count=2)
    assert vocabulary.words == ("a", "dog")
    assert vocabulary.encode(["dog", "bird", "a"]) == [2, 0, 1]
    assert len(vocabulary) == 3
    assert "bird" not in vocabulary


def test_equal_counts_are_ordered_by_the_alphabet() -> None:
    assert build_vocabulary([["b", "a"], ["a", "b"]], min_count=1).words == ("a", "b")


@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_glove_and_word2vec_text_are_read(tmp_path: Path, header: str) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text(header + "dog 1 2\ncat 3 4\nthe 5 6\n", encoding="utf-8")
    found = load_word_vectors(path, ["dog", "bird"])
    assert set(found) == {"dog"}
    assert found["dog"].tolist() == [1, 2]


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("dog 1 2\n")
    assert load_word_vectors(path, ["dog"])["dog"].tolist() == [1, 2]


def test_a_line_of_another_length_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("dog 1 2\ncat 3\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        load_word_vectors(path, ["dog"])


def test_a_file_that_holds_no_vectors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("dog one two\n", encoding="utf-8")
    with pytest.raises(DataError, match="no GloVe"):
        load_word_vectors(path, ["dog"])


def test_real_glove_is_read(real_data: Path) -> None:
    found = load_word_vectors(real_data / "glove" / "glove.6B.50d.subset.txt.gz", ["dog", "running", "qqqqq"])
    assert set(found) == {"dog", "running"}
    assert found["dog"].shape == (50,)


def test_a_word_may_have_spaces_as_some_of_glove_have(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("the 5 6\n. . . 7 8\ndog 1 2\n", encoding="utf-8")
    found = load_word_vectors(path, [". . .", "dog"])
    assert {word: vector.tolist() for word, vector in found.items()} == {". . .": [7, 8], "dog": [1, 2]}
