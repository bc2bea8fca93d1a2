from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vsa_toolkit import json_stream
from vsa_toolkit.errors import DataError
from vsa_toolkit.json_stream import JsonStream

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
documents = st.lists(values, max_size=5) | st.dictionaries(st.text(min_size=1), values, max_size=5)
patched = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def items(path: Path, text: str | bytes) -> list[tuple[str, str | int, Any]]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return [tuple(item) for item in JsonStream(path)]


def expected(document: Any) -> list[tuple[str, str | int, Any]]:
    if isinstance(document, list):
        return [("", number, value) for number, value in enumerate(document)]
    found: list[tuple[str, str | int, Any]] = []
    for name, value in document.items():
        if isinstance(value, list):
            found += ((name, number, one) for number, one in enumerate(value))
        elif isinstance(value, dict):
            found += ((name, key, one) for key, one in value.items())
        else:
            found.append((name, "", value))
    return found


@patched
@given(document=documents, indent=st.none() | st.integers(0, 2), chunk=st.integers(1, 30))
def test_the_items_are_those_that_json_loads_gives_wherever_the_window_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: Any, indent: int | None, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    assert items(tmp_path / "a.json", json.dumps(document, indent=indent)) == expected(document)


@patched
@given(document=documents.filter(bool), cut=st.floats(0.05, 0.95), chunk=st.integers(1, 30))
def test_a_truncated_file_says_so_wherever_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: Any, cut: float, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    text = json.dumps(document)
    with pytest.raises(DataError, match=r"a\.json is truncated: it ends in .*, line 1\. Get the file again\."):
        items(tmp_path / "a.json", text[: max(1, int(cut * len(text)))])


@pytest.mark.parametrize("number", ["-1.", "1e", "2.5E", "2.5e-", "3e+"])
def test_a_number_that_is_cut_off_is_truncated(tmp_path: Path, number: str) -> None:
    for before in ("[", '[{"a": [', '{"a": '):
        with pytest.raises(DataError, match=r"a\.json is truncated"):
            items(tmp_path / "a.json", before + number)


@pytest.mark.parametrize("text", ['{"a\\n": nul', '{"a\\n": [1, nul', '{"a\\n": {"b": nul'])
def test_a_name_with_a_line_break_keeps_the_sentence_on_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"a\.json is truncated: it ends in [^\n]*a\\n[^\n]*, line 1") as refused:
        items(tmp_path / "a.json", text)
    assert "\n" not in str(refused.value)


def test_the_place_is_named_by_file_line_and_item(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": [\n{"id": 1},\n{"id": 2}],\n"info": "x"}')
    stream = JsonStream(tmp_path / "a.json")
    assert [stream.where for _ in stream] == [
        "a.json, line 2, item 1 of images", "a.json, line 3, item 2 of images", "a.json, line 4, info"
    ]  # fmt: skip


def test_nan_is_let_through_so_that_its_item_can_be_named(tmp_path: Path) -> None:
    ((_, _, value),) = items(tmp_path / "a.json", "[[NaN, -Infinity]]")
    assert value[0] != value[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}\n{"a": 2}]', r"a\.json, line 2, is no valid JSON: ',' is missing before '\{'"),
        ('[{"a": 1},\n{"a" 2}, 3, 4, 5, 6, 7]', r"line 2, is no valid JSON: Expecting ':' delimiter, in item 2"),
        ('{"a": [1]} {}', "line 1, is no valid JSON: something comes after its end"),
        ("{a: 1}", "a name in double quotes is missing"),
        ("hello", r"a\.json is no JSON file of objects: it begins with 'h'"),
        ("", r"a\.json is no JSON file of objects: it begins with ''"),
        ("[" + "[" * 100_000 + "1", "item 1 is nested too deeply"),
        ("[" + "9" * 5000 + ", 1]", "item 1 has a number that cannot be read"),
        ("[1]".encode("utf-16"), r"a\.json is UTF-16 or UTF-32: save the file as UTF-8"),
        ("[1]".encode("utf-16-be"), "is UTF-16 or UTF-32"),
        ('["caf\xe9"]'.encode("latin-1"), r"a\.json, about line 1, is not UTF-8: save the file as UTF-8"),
    ],
)
def test_what_is_no_json_is_refused_in_one_sentence(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        items(tmp_path / "a.json", text)


def test_an_item_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 100)
    monkeypatch.setattr(json_stream, "LARGEST", 1000)
    with pytest.raises(DataError, match=r"item 1 is larger than 0 MB, which no such file has"):
        items(tmp_path / "a.json", '["' + "a" * 10_000)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert items(tmp_path / "a.json", "\ufeff[1]") == [("", 0, 1)]


def test_reading_on_is_told_as_a_fraction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 100)
    (tmp_path / "a.json").write_text(json.dumps(["x" * 50] * 100))
    told: list[float] = []
    assert len(list(JsonStream(tmp_path / "a.json", told.append))) == 100
    assert told == sorted(told)
    assert told[-1] == 1.0
