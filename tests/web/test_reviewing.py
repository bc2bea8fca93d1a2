"""The reviewer's addresses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from vsa_toolkit.errors import UserError
from vsa_toolkit.web.review_operations import Judgement, read_judgement

from .conftest import BALL, Team, batch, op_id


@pytest.fixture
def team(make_team: Callable[..., Team]) -> Team:
    """Ann and ben have submitted image 1: phrases 1 and 2, of the ball."""
    made = make_team(overlap=2)
    for name, text in (("ann", "a red ball"), ("ben", "the ball")):
        client = made.client(name)
        client.get("/api/next")
        batch(client, {"kind": "add", "image": 1, "text": text, "box": list(BALL)}, {"kind": "submit", "image": 1})
    return made


@pytest.fixture
def rita(team: Team) -> TestClient:
    return team.client("rita", "reviewer")


def act(client: TestClient, kind: str, status: int = 200, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/review/images/1/operations", json={"op_id": op_id(), "kind": kind, **fields})
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_an_image_is_shown_with_everybodys_phrases_matched(rita: TestClient) -> None:
    [row] = rita.get("/api/review").json()["images"]
    assert (row["id"], row["phrases"], row["waiting"], row["annotators"]) == (1, 2, 2, 2)
    seen = rita.get("/api/review/images/1").json()
    assert seen["people"] == ["ann", "ben"]
    assert [(p["text"], p["annotator"], p["state"]) for p in seen["phrases"]] == [
        ("a red ball", "ann", "submitted"), ("the ball", "ben", "submitted"),
    ]  # fmt: skip
    assert sorted(map(sorted, seen["groups"])) == [[1, 2]]
    assert seen["agreement"]["boxes"] == 1


def test_a_reviewer_judges_and_takes_it_back(rita: TestClient) -> None:
    versions = {str(p["id"]): p["version"] for p in rita.get("/api/review/images/1").json()["phrases"]}
    told = act(rita, "accept", phrases=[1], versions=versions)
    assert told["state"]["phrases"][0]["state"] == "accepted"
    told = act(rita, "reject", phrases=[2], reason="which ball?", versions=versions)
    assert (told["state"]["phrases"][1]["state"], told["state"]["phrases"][1]["reason"]) == ("rejected", "which ball?")
    assert rita.get("/api/review").json()["images"][0]["waiting"] == 0
    assert act(rita, "undo")["undone"] == "reject"
    assert act(rita, "redo")["undone"] == "reject"
    told = act(rita, "adjudicate", sources=[1, 2], text="the red ball", box=list(BALL))
    assert (told["phrase"]["text"], told["state"]["phrases"][2]["sources"]) == ("the red ball", [1, 2])


def test_the_same_act_twice_is_one(rita: TestClient) -> None:
    body = {"op_id": op_id(), "kind": "adjudicate", "sources": [1], "text": "a ball", "box": list(BALL)}
    for _ in range(2):
        answer = rita.post("/api/review/images/1/operations", json=body)
        assert answer.status_code == 200
    assert len(answer.json()["state"]["phrases"]) == 3


def test_the_annotator_reads_why_a_phrase_was_rejected_and_may_mend_it(team: Team, rita: TestClient) -> None:
    act(rita, "reject", phrases=[2], reason="which ball?")
    ben = team.client("ben")
    [phrase] = ben.get("/api/images/1").json()["state"]["phrases"]
    assert (phrase["state"], phrase["reason"]) == ("rejected", "which ball?")
    batch(ben, {"kind": "edit", "image": 1, "phrase": 2, "text": "the red ball", "version": phrase["version"]})
    assert rita.get("/api/review").json()["images"][0]["waiting"] == 2


def test_what_was_changed_since_is_a_conflict_with_what_it_is_now(team: Team, rita: TestClient) -> None:
    versions = {str(p["id"]): p["version"] for p in rita.get("/api/review/images/1").json()["phrases"]}
    batch(team.client("ben"), {"kind": "edit", "image": 1, "phrase": 2, "text": "a bird"})
    conflict = act(rita, "accept", 409, phrases=[1, 2], versions=versions)["conflict"]
    assert (conflict["theirs"]["text"], conflict["by"]) == ("a bird", "ben")
    assert {p["state"] for p in rita.get("/api/review/images/1").json()["phrases"]} == {"submitted"}


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("acept", {"phrases": [1]}), ("accept", {}), ("accept", {"phrases": []}), ("accept", {"phrases": ["1"]}),
    ("accept", {"phrases": [True]}), ("accept", {"phrases": [99]}), ("reject", {"phrases": [1]}),
    ("reject", {"phrases": [1], "reason": " "}), ("adjudicate", {"sources": [1], "text": "x"}),
    ("adjudicate", {"sources": [1], "text": " ", "box": [1, 1, 5, 5]}),
    ("adjudicate", {"sources": [1], "text": "x" * 1001, "box": [1, 1, 5, 5]}),
    ("adjudicate", {"sources": [1], "text": "x", "box": [900, 1, 5, 5]}),
    ("accept", {"phrases": [1], "versions": {"x": 1}}), ("accept", {"phrases": [1], "versions": [1]}), ("undo", {}),
)  # fmt: skip


def test_a_wrong_act_is_a_sentence_and_changes_nothing(rita: TestClient) -> None:
    for kind, fields in WRONG:
        assert act(rita, kind, 422, **fields)["error"][-1] in ".?", (kind, fields)
    assert {p["state"] for p in rita.get("/api/review/images/1").json()["phrases"]} == {"submitted"}


def test_images_that_are_not_there(rita: TestClient) -> None:
    for path in ("/api/review/images/999", f"/api/review/images/{2**63}", "/api/review/images/x"):
        assert rita.get(path).status_code == 404


values = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.integers(-2, 5), max_size=4)


@given(
    st.fixed_dictionaries(
        {"op_id": st.just("abcdefgh") | values, "kind": st.sampled_from(["accept", "reject", "adjudicate", "undo"])},
        optional={name: values for name in ("phrases", "sources", "reason", "text", "box", "versions")},
    )
)
def test_whatever_is_sent_is_an_act_or_a_sentence(fields: dict[str, Any]) -> None:
    outcome = act_or_sentence(json.dumps(fields).encode())
    assert isinstance(outcome, Judgement) or outcome[-1] in ".?"


def act_or_sentence(raw: bytes) -> Judgement | str:
    try:
        return read_judgement(raw)
    except UserError as error:
        return str(error)
