"""Several changes in one request: in order, each for itself, by the client's own ids."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from vsa_toolkit.db.campaigns import KnownAnswer
from vsa_toolkit.db.phrases import PhraseBook
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.records import RegionBox
from vsa_toolkit.web.operations import MOST_OPERATIONS

from .conftest import BALL, Team, batch, op_id

ADD = {"kind": "add", "image": 1, "text": "a ball", "box": list(BALL)}
TAB, OTHER_TAB = "tab-one-1", "tab-two-2"


def statuses(told: dict[str, object]) -> list[int]:
    return [result["status"] for result in told["results"]]  # type: ignore[index, attr-defined]


def test_changes_are_made_in_order_and_name_a_phrase_by_the_change_that_made_it(client: TestClient) -> None:
    made = op_id()
    told = batch(
        client, {**ADD, "op_id": made, "seconds": 2.0},
        {"kind": "edit", "image": 1, "phrase": made, "text": "a red ball"},
        {"kind": "move", "image": 1, "phrase": made, "box": [1, 2, 30, 40]},
    )  # fmt: skip
    assert statuses(told) == [200, 200, 200]
    phrase = told["results"][2]["phrase"]
    assert (phrase["text"], phrase["box"], phrase["version"], phrase["seconds"]) == (
        "a red ball",
        [1, 2, 30, 40],
        3,
        2.0,
    )
    assert told["states"] == {}
    assert told["progress"] is None
    assert batch(client, {"kind": "delete", "image": 1, "phrase": made})["results"][0]["phrase"] is None


def test_a_batch_that_is_sent_again_changes_nothing_and_is_answered_alike(client: TestClient) -> None:
    operations = [{**ADD, "op_id": op_id()}, {"kind": "submit", "image": 1, "op_id": op_id()}]
    first, second = (batch(client, *operations) for _ in range(2))
    assert first["results"] == second["results"]
    assert len(client.get("/api/images/1").json()["state"]["phrases"]) == 1


def test_what_is_refused_does_not_stop_the_others_but_what_builds_on_it(client: TestClient) -> None:
    lost = op_id()
    told = batch(
        client, {**ADD, "op_id": lost, "text": " "}, {"kind": "edit", "image": 1, "phrase": lost, "text": "x"},
        {"kind": "ad", "image": 1}, ADD, {**ADD, "image": 999},
    )  # fmt: skip
    assert statuses(told) == [422, 424, 422, 200, 404]
    assert told["results"][0]["op_id"] == lost
    assert all(result["error"][-1] in ".?" for result in told["results"] if result["status"] != 200)
    assert [phrase["text"] for phrase in told["states"]["1"]["phrases"]] == ["a ball"]


def test_going_on_costs_no_second_request(client: TestClient) -> None:
    told = batch(client, ADD, {"kind": "submit", "image": 1}, next=True)
    assert told["states"]["1"]["assignment"]["state"] == "submitted"
    assert told["progress"] == {"done": 1, "total": 3, "practice": None}
    assert told["next"]["state"]["image"]["id"] == 2


def test_undo_and_redo_go_across_submit(client: TestClient) -> None:
    batch(client, ADD, {"kind": "submit", "image": 1})
    told = batch(client, {"kind": "undo", "image": 1}, {"kind": "undo", "image": 1}, {"kind": "redo", "image": 1})
    assert [result["undone"] for result in told["results"]] == ["submit", "add", "add"]
    state = told["states"]["1"]
    assert (state["assignment"]["state"], len(state["phrases"])) == ("open", 1)
    assert (state["undoable"], state["redoable"]) == (True, True)


def test_changes_that_wait_in_one_tab_are_no_conflict_with_each_other(client: TestClient) -> None:
    phrase = batch(client, ADD, client=TAB)["results"][0]["phrase"]["id"]
    change = {"image": 1, "phrase": phrase, "version": 1}
    told = batch(
        client, {**change, "kind": "edit", "text": "one"}, {**change, "kind": "edit", "text": "two"},
        {**change, "kind": "move", "box": [0, 0, 9, 9]}, client=TAB,
    )  # fmt: skip
    assert statuses(told) == [200, 200, 200]


def test_two_tabs_on_one_phrase_get_both_versions_and_nothing_is_overwritten(client: TestClient) -> None:
    phrase = batch(client, ADD, client=TAB)["results"][0]["phrase"]["id"]
    change = {"kind": "edit", "image": 1, "phrase": phrase, "version": 1}
    batch(client, {**change, "text": "a round ball"}, client=OTHER_TAB)
    told = batch(client, {**change, "text": "a red ball"}, client=TAB)
    [result] = told["results"]
    assert result["status"] == 409
    conflict = result["conflict"]
    assert (conflict["kind"], conflict["by"], conflict["you"]) == ("changed", "ann", True)
    assert (conflict["base"]["text"], conflict["theirs"]["text"]) == ("a ball", "a round ball")
    assert conflict["yours"]["text"] == "a red ball"
    assert set(conflict["theirs"]) == {"id", "text", "box", "state", "version", "seconds", "reason"}
    assert told["states"]["1"]["phrases"][0]["text"] == "a round ball"
    resolved = {**change, "text": "a red ball", "version": conflict["theirs"]["version"]}
    assert statuses(batch(client, resolved, client=TAB)) == [200]


def test_the_single_address_takes_the_version_as_a_header(client: TestClient) -> None:
    phrase = batch(client, ADD, client=TAB)["results"][0]["phrase"]["id"]
    body = {"kind": "edit", "phrase": phrase, "text": "a red ball"}
    for version, status in (('"1"', 200), ('"1"', 409), ('W/"2"', 200), ("x", 422)):
        headers = {"If-Match": version, "X-Client": OTHER_TAB if status == 200 else TAB}
        answer = client.post("/api/images/1/operations", json={**body, "op_id": op_id()}, headers=headers)
        assert answer.status_code == status, answer.text
    assert answer.json()["error"].startswith("If-Match")


def test_changes_of_somebody_else_are_not_taken(client: TestClient) -> None:
    told = batch(client, ADD, scope="0123456789abcdef", status=409)
    assert told["conflict"] == {"kind": "scope"}
    scope = client.get("/api/session").json()["scope"]
    assert statuses(batch(client, ADD, scope=scope)) == [200]


@pytest.mark.parametrize(
    "body",
    [{}, {"operations": 5}, {"operations": [], "scope": 5}, {"operations": [], "client": "x"},
     {"operations": [{}] * (MOST_OPERATIONS + 1)}],
)  # fmt: skip
def test_a_batch_that_is_none_is_a_sentence(client: TestClient, body: dict[str, object]) -> None:
    answer = client.post("/api/operations", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")


def test_while_the_database_is_away_what_was_done_is_told_and_the_rest_is_kept_by_the_page(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        with workspace.database.write() as session:
            session.execute(text("PRAGMA query_only = 1"))
            session.execute(text("DELETE FROM phrases"))

    monkeypatch.setattr(PhraseBook, "edit", full)
    told = batch(client, ADD, {"kind": "edit", "image": 1, "phrase": 1, "text": "x"}, ADD)
    assert statuses(told) == [200, 503, 503]


def test_a_near_duplicate_is_kept_and_pointed_out(client: TestClient) -> None:
    told = batch(client, ADD, {**ADD, "text": "the balls", "box": [201, 111, 70, 70]})
    [warning] = told["results"][1]["warnings"]
    assert warning["kind"] == "similar"
    assert warning["phrase"] == told["results"][0]["phrase"]["id"]


def test_suggestions_are_asked_for_seen_and_used(make_team: Callable[..., Team], workspace: Workspace) -> None:
    client = make_team(suggest=("boxes",), region_set=proposed(workspace)).client("ann")
    assert client.get("/api/session").json()["campaign"]["suggest"] == {
        "boxes": True, "phrases": False, "when": "asked",
    }  # fmt: skip
    offered = client.get("/api/next").json()["state"]["suggestions"]
    assert (offered["asked"], offered["boxes"], offered["list"]) == (False, 1, [])
    [suggestion] = client.post("/api/images/1/suggestions", json={"what": "boxes"}).json()["suggestions"]["list"]
    assert (suggestion["kind"], suggestion["box"], suggestion["exposure"]) == ("box", list(BALL), "offered")
    told = batch(
        client, {"kind": "seen", "image": 1, "suggestions": [suggestion["id"]]},
        {**ADD, "suggestion": suggestion["id"]},
    )  # fmt: skip
    assert statuses(told) == [200, 200]
    [used] = client.get("/api/images/1").json()["state"]["suggestions"]["list"]
    assert (used["exposure"], used["phrase"]) == ("accepted", told["results"][1]["phrase"]["id"])
    assert client.post("/api/images/1/suggestions", json={"what": "poems"}).status_code == 422


def test_suggestions_at_once_are_there_at_once(make_team: Callable[..., Team], workspace: Workspace) -> None:
    client = make_team(suggest=("boxes",), region_set=proposed(workspace), suggest_when="at-once").client("ann")
    assert len(client.get("/api/next").json()["state"]["suggestions"]["list"]) == 1


def test_practice_comes_first_and_is_marked(make_team: Callable[..., Team]) -> None:
    known = {2: (KnownAnswer(BALL, ("a red ball",)),)}
    client = make_team(practice=known, pass_mark=1.0).client("ann")
    told = client.get("/api/next").json()
    assert (told["state"]["image"]["id"], told["state"]["assignment"]["practice"]) == (2, True)
    missed = batch(client, {"kind": "submit", "image": 2}, next=True)
    assert missed["results"][0]["practice"]["score"] == 0
    assert (missed["next"]["state"], missed["next"]["why"]) == (None, "practice")
    assert missed["progress"]["practice"]["passed"] is False
    again = client.post("/api/practice").json()
    assert again["state"]["image"]["id"] == 2
    passed = batch(client, {**ADD, "image": 2, "text": "red ball"}, {"kind": "submit", "image": 2}, next=True)
    assert passed["results"][1]["practice"]["answers"][0]["right"] is True
    assert passed["next"]["state"]["image"]["id"] == 1
    assert client.post("/api/practice").status_code == 422


def proposed(workspace: Workspace) -> str:
    """A region set with the ball of every picture."""
    store = workspace.store
    boxes = store.create_region_set("pictures", "proposed", "grid", {})
    store.save_regions(boxes, [(image.id, [RegionBox("1", BALL)]) for image in store.read_images("pictures")])
    store.finish_region_set(boxes)
    return "proposed"
