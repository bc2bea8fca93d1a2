from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.segments import Segment, check_segments, pair, read_lines, reference_counts


def test_dicts_are_paired_by_id_whatever_their_order():
    found = pair({"b": "two", "a": "one"}, {"a": ["1"], "b": ["2", "zwei"]}, {"a": "x.jpg", "b": "y.jpg"})
    assert found == [Segment("b", "two", ("2", "zwei"), "y.jpg"), Segment("a", "one", ("1",), "x.jpg")]


def test_ids_on_one_side_only_are_refused_with_their_number():
    with pytest.raises(
        DataError,
        match=r"1 of 2 ids of hypotheses have no references \('b'\), and 4 of 5 ids of references have no hypotheses "
        r"\('c', 'd', 'e' and 1 more\)",
    ):
        pair({"a": "x", "b": "y"}, {"a": ["x"], "c": ["x"], "d": ["x"], "e": ["x"], "f": ["x"]})


def test_one_string_is_no_list_of_references():
    with pytest.raises(DataError, match=r"1 of 1 segments \('a'\) has one string as references: give a list"):
        pair({"a": "dog"}, {"a": "dog"})


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (Segment("7", "  ", ("a dog",)), r"1 of 2 segments \('7'\) has an empty hypothesis"),
        (Segment("7", "a dog", ()), r"1 of 2 segments \('7'\) has no reference"),
        (Segment("7", "a dog", ("a dog", "")), r"1 of 2 segments \('7'\) has an empty reference"),
        (Segment("7", ["a dog"], ("a dog",)), "has a hypothesis that is no string"),  # type: ignore[arg-type]
        (Segment("7", "a dog", (None,)), "has a reference that is no string"),  # type: ignore[arg-type]
        (Segment("1", "a dog", ("a dog",)), r"1 of 1 ids have more than one prediction \('1'\)"),
    ],
)
def test_what_would_make_a_score_wrong_is_refused_with_the_reason(segment, reason):
    with pytest.raises(DataError, match=reason):
        check_segments([Segment("1", "a cat", ("a cat",)), segment])


def test_nothing_to_score_is_refused():
    with pytest.raises(DataError, match="no segment to score"):
        check_segments([])


def test_numbers_of_references_are_stated_as_a_range():
    assert reference_counts([Segment("1", "x", ("a", "b"))]) == "2"
    assert reference_counts([Segment("1", "x", ("a", "b")), Segment("2", "x", ("a",))]) == "1–2"


def test_a_line_that_is_no_object_is_named(tmp_path: Path):
    file = tmp_path / "captions.jsonl"
    file.write_text('{"id": 1}\n\n{"id": \n', encoding="utf-8")
    with pytest.raises(DataError, match=r"captions\.jsonl, line 3: not JSON"):
        read_lines(file)
    file.write_text('{"id": 1}\n[1]\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"captions\.jsonl, line 2: an object was expected, not list"):
        read_lines(file)
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"captions\.jsonl has no line to score"):
        read_lines(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as text"):
        read_lines(file)


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path):
    file = tmp_path / "captions.jsonl"
    file.write_text('{"id": 1, "text": "a\u2028b"}\r\n', encoding="utf-8")
    assert read_lines(file) == [(f"{file}, line 1", {"id": 1, "text": "a\u2028b"})]
