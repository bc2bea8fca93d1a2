"""Every route, as the page uses it and as an attacker would."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from vsa_toolkit.db import people
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import VsaError
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry
from vsa_toolkit.web.access import Access
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.desk import Desk
from vsa_toolkit.web.office import open_office
from vsa_toolkit.web.operations import Operation

from .conftest import BALL, PORT, SITE, SIZE

_numbers = itertools.count()


def send(client: TestClient, image: int, kind: str, status: int = 200, **fields: Any) -> dict[str, Any]:
    """Post one operation with a fresh id, and check the status of the answer."""
    operation = {"op_id": f"operation-{next(_numbers)}", "kind": kind, **fields}
    answer = client.post(f"/api/images/{image}/operations", content=json.dumps(operation))
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def desk_of(workspace: Workspace, name: str) -> Desk:
    return open_office(workspace).desk(people.annotator(workspace.database, name))


def state(client: TestClient, image: int) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/api/images/{image}").json()["state"]
    return body


def first(client: TestClient) -> int:
    number: int = client.get("/api/next").json()["state"]["image"]["id"]
    return number


# One image after another


def test_the_page_names_the_data_and_comes_with_its_parts(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "pictures" in page.text
    assert client.get("/static/page.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/static/annotate.css").status_code == 200


def test_the_first_image_is_open_and_empty(client: TestClient) -> None:
    body = client.get("/api/next").json()
    assert body["progress"] == {"done": 0, "total": 3, "practice": None}
    assert body["state"]["assignment"] == {"state": "open", "reason": None, "practice": False, "score": None}
    assert body["state"]["phrases"] == []
    assert body["state"]["undoable"] is False
    assert (body["state"]["image"]["width"], body["state"]["image"]["height"]) == SIZE


def test_a_phrase_is_there_once_it_is_acknowledged(client: TestClient) -> None:
    image = first(client)
    body = send(client, image, "add", text="  a red ball ", box=BALL, seconds=3.5)
    assert body["state"] == state(client, image)
    [phrase] = body["state"]["phrases"]
    assert phrase["id"] == body["phrase"]
    assert phrase["text"] == "a red ball"
    assert phrase["box"] == list(BALL)
    assert body["saved_at"].endswith("+00:00")


def test_phrases_are_edited_moved_and_deleted(client: TestClient) -> None:
    image = first(client)
    one = send(client, image, "add", text="a ball", box=BALL)["phrase"]
    two = send(client, image, "add", text="grass", box=[0, 120, 320, 80])["phrase"]
    send(client, image, "edit", phrase=one, text="a red ball")
    send(client, image, "move", phrase=one, box=[10, 20, 30, 40])
    send(client, image, "delete", phrase=two)
    [phrase] = state(client, image)["phrases"]
    assert (phrase["id"], phrase["text"], phrase["box"]) == (one, "a red ball", [10, 20, 30, 40])


def test_a_repeated_operation_changes_nothing_and_is_answered_alike(client: TestClient) -> None:
    image = first(client)
    operation = {"op_id": "the-same-id", "kind": "add", "text": "a ball", "box": BALL}
    answers = [client.post(f"/api/images/{image}/operations", json=operation).json() for _ in range(3)]
    assert {answer["phrase"] for answer in answers} == {answers[0]["phrase"]}
    assert len(state(client, image)["phrases"]) == 1


def test_undo_takes_back_one_change_after_the_other(client: TestClient) -> None:
    image = first(client)
    one = send(client, image, "add", text="a ball", box=BALL)["phrase"]
    send(client, image, "edit", phrase=one, text="a red ball")
    send(client, image, "move", phrase=one, box=[10, 20, 30, 40])
    send(client, image, "delete", phrase=one)
    seen = []
    for _ in range(4):
        phrases = send(client, image, "undo")["state"]["phrases"]
        seen.append([(phrase["id"], phrase["text"], tuple(phrase["box"])) for phrase in phrases])
    assert seen == [
        [(one, "a red ball", (10, 20, 30, 40))],
        [(one, "a red ball", BALL)],
        [(one, "a ball", BALL)],
        [],
    ]
    assert state(client, image)["undoable"] is False


def test_undo_with_nothing_to_undo_is_a_sentence(client: TestClient) -> None:
    assert send(client, first(client), "undo", status=422)["error"].endswith(".")


def test_a_submitted_image_makes_way_for_the_next_until_all_are_done(client: TestClient) -> None:
    seen = []
    for done in (1, 2, 3):
        image = first(client)
        seen.append(image)
        send(client, image, "add", text="a ball", box=BALL)
        assert send(client, image, "submit")["progress"] == {"done": done, "total": 3, "practice": None}
    assert len(set(seen)) == 3
    body = client.get("/api/next").json()
    assert (body["state"], body["why"], body["progress"]["done"]) == (None, "finished", 3)
    assert state(client, seen[0])["assignment"]["state"] == "submitted"


def test_a_skipped_image_keeps_its_reason(client: TestClient) -> None:
    image = first(client)
    send(client, image, "skip", reason="too dark")
    assert first(client) != image
    assignment = state(client, image)["assignment"]
    assert (assignment["state"], assignment["reason"]) == ("skipped", "too dark")


def test_an_annotator_goes_on_where_they_stopped(client: TestClient, workspace: Workspace) -> None:
    image = first(client)
    send(client, image, "skip", reason="dark")
    later = first(client)
    send(client, later, "add", text="a ball", box=BALL)
    assert desk_of(workspace, "ann").next_image() == later
    assert desk_of(workspace, "ben").next_image() == image


def test_one_annotator_does_not_see_or_change_what_another_wrote(client: TestClient, workspace: Workspace) -> None:
    image = first(client)
    phrase = send(client, image, "add", text="a ball", box=BALL)["phrase"]
    other = desk_of(workspace, "ben")
    assert other.state(image)["phrases"] == []
    with pytest.raises(VsaError):
        other.operate(image, Operation("ben-edits-ann", "edit", phrase=phrase, text="mine"))
    assert state(client, image)["phrases"][0]["text"] == "a ball"


# Phrases


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "كلب بني صغير", "🐕 runs", "a" * 1000],
)
def test_any_text_comes_back_as_it_was(client: TestClient, text: str) -> None:
    image = first(client)
    send(client, image, "add", text=text, box=BALL)
    assert state(client, image)["phrases"][0]["text"] == text
    assert client.get(f"/api/images/{image}").headers["content-type"] == "application/json"


@pytest.mark.parametrize("text", ["", "  \n\t ", "a" * 1001, "a" * 10000, "\ud800", "\x00"])
def test_a_phrase_without_words_or_with_too_many_is_refused(client: TestClient, text: str) -> None:
    image = first(client)
    assert send(client, image, "add", status=422, text=text, box=BALL)["error"].endswith(".")
    phrase = send(client, image, "add", text="a ball", box=BALL)["phrase"]
    assert send(client, image, "edit", status=422, phrase=phrase, text=text)["error"].endswith(".")
    assert [p["text"] for p in state(client, image)["phrases"]] == ["a ball"]


@pytest.mark.parametrize("box", [[0, 0, 0, 10], [0, 0, 10, -1], [400, 10, 20, 20], [-50, 0, 20, 20], [0, 0, 1]])
def test_a_box_that_is_empty_or_outside_is_refused(client: TestClient, box: list[float]) -> None:
    image = first(client)
    assert send(client, image, "add", status=422, text="a ball", box=box)["error"].endswith(".")
    assert state(client, image)["phrases"] == []


def test_a_phrase_that_is_not_there_cannot_be_changed(client: TestClient) -> None:
    image = first(client)
    for kind, fields in (("edit", {"text": "x"}), ("move", {"box": BALL}), ("delete", {})):
        assert send(client, image, kind, status=422, phrase=999, **fields)["error"].endswith(".")


def test_a_phrase_cannot_be_changed_through_another_image(client: TestClient) -> None:
    image = first(client)
    phrase = send(client, image, "add", text="a ball", box=BALL)["phrase"]
    send(client, image + 1, "edit", status=422, phrase=phrase, text="x")
    assert state(client, image)["phrases"][0]["text"] == "a ball"


# Photos


def test_a_photo_is_what_its_content_says(client: TestClient, workspace: Workspace) -> None:
    image = client.get("/api/next").json()["state"]["image"]
    answer = client.get(image["photo"])
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    [file] = [each.file for each in workspace.store.read_images("pictures") if each.id == image["id"]]
    assert answer.content == file.read_bytes()
    assert client.get(image["photo"], headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_photo_that_became_a_page_is_not_sent(client: TestClient, workspace: Workspace) -> None:
    image = workspace.store.read_images("pictures")[0]
    image.file.write_text("<script>alert(1)</script>")
    answer = client.get(f"/photos/{image.id}")
    assert answer.status_code == 404
    assert "alert(1)" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/photos/../vsa.db", "/photos/%2e%2e%2fvsa.db", "/photos/..%2f..%2fetc%2fpasswd", "/photos/1/../../vsa.toml",
        "/static/../application.py", "/static/%2e%2e/application.py", "/static/..%2fapplication.py",
        "/static//etc/passwd", "/photos/-1", "/photos/1.png", "/photos/99999", f"/photos/{10**30}", "/vsa.db",
        "/api/images/99999", f"/api/images/{2**63}",
    ],
)  # fmt: skip
def test_nothing_is_had_by_path(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


# The door


def test_without_the_token_nothing_is_shown(stranger: TestClient) -> None:
    for path in ("/", "/api/next", "/api/images/1", "/photos/1", "/nothing"):
        answer = stranger.get(path)
        assert answer.status_code == 401, path
        assert "pictures" not in answer.text
    assert stranger.post("/api/images/1/operations", json={}, headers={"Origin": SITE}).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "..", "a" * 5000])
def test_a_forged_token_is_refused(stranger: TestClient, token: str) -> None:
    answer = stranger.get("/", params={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(
    stranger: TestClient, access: Access
) -> None:
    answer = stranger.get(f"/?{urlsplit(access.address).query}")
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


def test_a_used_token_lets_nobody_else_in_but_its_own_browser(client: TestClient, access: Access) -> None:
    access_query = urlsplit(access.address).query
    assert client.get(f"/?{access_query}").status_code == 303  # has the cookie: the token is not even used up
    client.cookies.clear()
    assert client.get(f"/?{access_query}").status_code == 303
    client.cookies.clear()
    assert client.get(f"/?{access_query}").status_code == 401


def test_a_forged_cookie_is_refused(stranger: TestClient, access: Access) -> None:
    stranger.cookies.set(access.cookie, "x" * 43)
    assert stranger.get("/api/next").status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.nip.io:{PORT}"]
)
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/api/next", "/photos/1", "/static/page.js"):
        assert client.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{PORT}", ""]
)
def test_a_post_from_another_site_is_refused(client: TestClient, origin: str) -> None:
    image = first(client)
    operation = {"op_id": "from-elsewhere", "kind": "add", "text": "a ball", "box": BALL}
    answer = client.post(f"/api/images/{image}/operations", json=operation, headers={"Origin": origin})
    assert answer.status_code == 403
    assert state(client, image)["phrases"] == []


def test_a_post_that_does_not_say_where_from_is_refused(client: TestClient) -> None:
    del client.headers["Origin"]
    assert client.post("/api/images/1/operations", json={}).status_code == 403


def test_a_large_body_is_refused_whether_or_not_it_says_its_size(client: TestClient) -> None:
    image = first(client)
    body = json.dumps({"op_id": "a-large-one", "kind": "add", "text": "a" * 70000, "box": BALL}).encode()

    def in_pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    for content in (body, in_pieces()):
        answer = client.post(f"/api/images/{image}/operations", content=content)
        assert answer.status_code == 413
        assert answer.json()["error"].endswith(".")
    assert state(client, image)["phrases"] == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    assert client.request(method, "/api/images/1").status_code == 405
    assert client.get("/api/images/1/operations").status_code == 405


def test_every_answer_is_guarded(client: TestClient) -> None:
    for path in ("/", "/api/next", "/photos/1", "/static/page.js", "/nothing"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"  # the address holds the token
        assert headers["x-frame-options"] == "DENY"
    assert client.get("/api/next").headers["cache-control"] == "no-store"


def test_an_operation_that_is_wrong_is_a_sentence(client: TestClient) -> None:
    image = first(client)
    assert "Did you mean 'add'" in send(client, image, "ad", status=422)["error"]
    answer = client.post(f"/api/images/{image}/operations", content=b"{")
    assert answer.status_code == 422


def test_a_dataset_name_with_markup_is_text_on_the_page(workspace: Workspace) -> None:
    form = registry().get("formats", "folder")
    run_import(workspace.store, form(form.Options()), workspace.folder / "photos", dataset="<b>x</b>")
    access = Access.here(workspace.database, PORT, people.annotator(workspace.database, "ann"))
    application = create_application(open_office(workspace, "<b>x</b>"), access)
    page = TestClient(application, base_url=SITE).get(f"/?{urlsplit(access.address).query}")
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text
    assert "<b>x</b>" not in page.text


def test_while_the_database_is_away_the_page_is_told_to_try_again(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = first(client)

    def full(desk: Desk, image_id: int, operation: Operation, client: str | None) -> dict[str, Any]:
        with workspace.database.write() as session:
            session.execute(text("PRAGMA query_only = 1"))
            session.execute(text("DELETE FROM phrases"))
        raise AssertionError

    monkeypatch.setattr(Desk, "operate", full)
    assert "cannot be used" in send(client, image, "submit", status=503)["error"]  # the page drops a change at 4xx only
