"""Operations as the page sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import UserError
from vsa_toolkit.web.operations import Operation, read_operation


def body(**fields: Any) -> bytes:
    return json.dumps({"op_id": "abcdefgh", **fields}).encode()


def test_each_kind_is_read_with_what_it_needs() -> None:
    assert read_operation(body(kind="add", text=" a dog ", box=[1, 2, 3.5, 4], seconds=2.5)) == Operation(
        "abcdefgh", "add", text="a dog", box=(1.0, 2.0, 3.5, 4.0), seconds=2.5
    )
    assert read_operation(body(kind="edit", phrase=3, text="x")) == Operation("abcdefgh", "edit", phrase=3, text="x")
    assert read_operation(body(kind="move", phrase=3, box=[0, 0, 1, 1])).box == (0.0, 0.0, 1.0, 1.0)
    assert read_operation(body(kind="delete", phrase=3)).phrase == 3
    assert read_operation(body(kind="skip", reason=" too dark ")).reason == "too dark"
    assert read_operation(body(kind="undo")) == Operation("abcdefgh", "undo")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "كلب بني", "🐕🎾", "e\u0301", "line\nbreak", '"; DROP TABLE']
)
def test_any_text_is_text(text: str) -> None:
    assert read_operation(body(kind="edit", phrase=1, text=text)).text == text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "addd", "text": "x", "box": [1, 1, 1, 1]}, "Did you mean 'add'"),
        ({"kind": None}, "There is no operation None"),
        ({"kind": ["add"]}, "There is no operation"),
        ({"kind": "add", "box": [1, 1, 1, 1]}, "text must be a string"),
        ({"kind": "add", "text": 5, "box": [1, 1, 1, 1]}, "text must be a string"),
        ({"kind": "add", "text": "\ud83d", "box": [1, 1, 1, 1]}, "a character that is none"),
        ({"kind": "add", "text": "x"}, "four numbers"),
        ({"kind": "add", "text": "x", "box": [1, 1, 1]}, "four numbers"),
        ({"kind": "add", "text": "x", "box": [1, 1, 1, "1"]}, "four numbers"),
        ({"kind": "add", "text": "x", "box": [1, 1, 1, True]}, "four numbers"),
        ({"kind": "add", "text": "x", "box": [1, 1, 1, float("nan")]}, "four numbers"),
        ({"kind": "add", "text": "x", "box": [1, 1, 1, 10**400]}, "four numbers"),
        ({"kind": "add", "text": " \n", "box": [1, 1, 1, 1]}, "needs words"),
        ({"kind": "add", "text": "x" * 1001, "box": [1, 1, 1, 1]}, "at most 1,000 characters; this one has 1,001"),
        ({"kind": "edit", "phrase": "3", "text": "x"}, "number of a phrase"),
        ({"kind": "edit", "phrase": True, "text": "x"}, "number of a phrase"),
        ({"kind": "edit", "phrase": 2**63, "text": "x"}, "number of a phrase"),
        ({"kind": "skip"}, "text must be a string"),
        ({"kind": "skip", "reason": "  "}, "skipped with a reason"),
        ({"kind": "skip", "reason": "x" * 1001}, "at most 1,000 characters"),
        ({"kind": "undo", "op_id": "short"}, "op_id must have"),
        ({"kind": "undo", "op_id": "x" * 65}, "op_id must have"),
        ({"kind": "undo", "op_id": "a b c d e f"}, "op_id must have"),
        ({"kind": "undo", "op_id": 12345678}, "op_id must have"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_operation(body(**fields))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"add"', b"\xff\xfe", b"[" * 30000])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(UserError, match="one JSON object"):
        read_operation(raw)


def test_a_clock_that_went_wrong_does_not_lose_a_phrase() -> None:
    for seconds in (-1, 1e9, "3", None, True):
        assert read_operation(body(kind="add", text="x", box=[0, 0, 1, 1], seconds=seconds)).seconds is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "op_id": st.just("abcdefgh") | json_values,
            "kind": st.sampled_from(["add", "edit", "move", "delete", "undo", "submit", "skip"]) | json_values,
            **{name: json_values for name in ("phrase", "text", "box", "reason", "seconds")},
        },
    )
)
def test_whatever_is_sent_is_an_operation_or_a_sentence(fields: dict[str, Any]) -> None:
    outcome = operation_or_sentence(json.dumps(fields).encode())
    assert isinstance(outcome, Operation) or outcome.endswith(".")


def operation_or_sentence(raw: bytes) -> Operation | str:
    try:
        return read_operation(raw)
    except UserError as error:
        return str(error)
