"""A server for a team: invitations, roles, and what an annotator cannot read of another's blind work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from vsa_toolkit.db import people
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.web.access import Access, Site
from vsa_toolkit.web.application import create_application

from .conftest import BALL, PORT, Team, batch

SECRET = "a secret thing that ann wrote"
ADD = {"kind": "add", "image": 1, "text": SECRET, "box": list(BALL)}


@pytest.fixture
def blind(make_team: Callable[..., Team]) -> Team:
    """Ann has submitted image 1 of a blind campaign and begun image 2; ben has begun image 1."""
    team = make_team(overlap=2, blind=True)
    ann, ben = team.client("ann"), team.client("ben")
    for client in (ann, ben):
        assert client.get("/api/next").json()["state"]["image"]["id"] == 1
    batch(ann, ADD, {"kind": "submit", "image": 1}, next=True)
    batch(ann, {**ADD, "image": 2})
    return team


def test_an_invitation_works_once_and_its_page_uses_nothing_up(make_team: Callable[..., Team]) -> None:
    team = make_team()
    people.add_annotator(team.workspace.database, "ann")
    token = people.invite(team.workspace.database, "ann")
    client = team.stranger()
    assert token not in client.get("/join").text
    assert client.get("/api/next").status_code == 401
    answer = client.post("/api/session", json={"token": token})
    assert answer.status_code == 200
    told = answer.json()
    assert told["annotator"] == {"name": "ann", "role": "annotator"}
    assert (told["campaign"]["name"], told["campaign"]["blind"], told["campaign"]["overlap"]) == ("pilot", True, 2)
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/", "max-age="))
    assert client.get("/api/session").json() == told
    for again in (client, team.stranger()):
        refused = again.post("/api/session", json={"token": token})
        assert refused.status_code == 401
        assert "set-cookie" not in refused.headers


def test_a_forged_invitation_is_refused(make_team: Callable[..., Team]) -> None:
    client = make_team().stranger()
    for token in (None, 5, "", "x", "a" * 43, "\u0000", ["x"], {"x": 1}):
        answer = client.post("/api/session", json={"token": token})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


def test_another_site_cannot_sign_anybody_in(make_team: Callable[..., Team]) -> None:
    team = make_team()
    people.add_annotator(team.workspace.database, "ann")
    token = people.invite(team.workspace.database, "ann")
    client = team.stranger()
    for origin in ("http://evil.example", "null", ""):
        assert client.post("/api/session", json={"token": token}, headers={"Origin": origin}).status_code == 403
    assert client.post("/api/session", json={"token": token}).status_code == 200  # it was not used up by that


def test_the_address_with_a_token_is_not_a_way_into_a_team(make_team: Callable[..., Team]) -> None:
    client = make_team().stranger()
    assert client.get("/", params={"token": "x" * 32}).status_code == 401


def test_who_signs_out_or_is_removed_is_out(make_team: Callable[..., Team], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsa_toolkit.web.access.REMEMBERED", 0.0)
    team = make_team()
    ann, again, ben = team.client("ann"), team.client("ann"), team.client("ben")
    assert ann.delete("/api/session").status_code == 200
    assert [each.get("/api/next").status_code for each in (ann, again, ben)] == [401, 200, 200]
    people.leave(team.workspace.database, "ann")
    assert [each.get("/api/next").status_code for each in (again, ben)] == [401, 200]


def test_after_a_session_ended_the_page_comes_in_again_and_its_changes_arrive(
    make_team: Callable[..., Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page does it: 401 for a change, a token posted, the same change once more."""
    monkeypatch.setattr("vsa_toolkit.web.access.REMEMBERED", 0.0)
    team = make_team()
    ann = team.client("ann")
    ann.get("/api/next")
    scope = ann.get("/api/session").json()["scope"]
    people.leave(team.workspace.database, "ann")
    body = {"scope": scope, "operations": [{**ADD, "op_id": "kept-by-the-page"}]}
    assert ann.post("/api/operations", content=json.dumps(body)).status_code == 401
    token = people.invite(team.workspace.database, "ann")
    assert ann.post("/api/session", json={"token": token}).json()["scope"] == scope
    [result] = ann.post("/api/operations", content=json.dumps(body)).json()["results"]
    assert result["status"] == 200


# What others wrote


def test_in_a_blind_campaign_nothing_of_anothers_work_is_in_any_answer(blind: Team) -> None:
    ben = blind.client("ben")
    asked = [
        "/", "/progress", "/review", "/api/session", "/api/next", "/api/images/1", "/api/images/2", "/api/images/3",
        "/api/progress", "/api/review", "/api/review/images/1", "/api/review/images/2", "/api/review?state=all",
    ]  # fmt: skip
    for path in asked:
        assert SECRET not in ben.get(path).text, path
    told = [
        batch(ben, {"kind": "edit", "image": 1, "phrase": 1, "text": "x", "version": 7}),
        batch(ben, {"kind": "move", "image": 1, "phrase": 1, "box": [1, 2, 3, 4]}),
        batch(ben, {"kind": "delete", "image": 1, "phrase": 1}, {"kind": "edit", "image": 2, "phrase": 2, "text": "x"}),
        batch(ben, {**ADD, "text": "a secret thing that ann writes"}, {"kind": "undo", "image": 1}),
    ]
    assert SECRET not in json.dumps(told)
    assert [[result["status"] for result in each["results"]] for each in told] == [[422], [422], [422, 422], [200, 200]]
    ann = blind.client("ann")
    assert [phrase["text"] for phrase in ann.get("/api/images/1").json()["state"]["phrases"]] == [SECRET]


def test_another_persons_change_cannot_be_named(blind: Team) -> None:
    """Neither by the op_id of an add, nor by sending the same op_id."""
    team = blind
    ann, ben = team.client("ann"), team.client("ben")
    batch(ann, {**ADD, "op_id": "anns-own-change"})
    told = batch(
        ben, {"kind": "edit", "image": 1, "phrase": "anns-own-change", "text": "x"}, {**ADD, "op_id": "anns-own-change"}
    )
    assert [result["status"] for result in told["results"]] == [424, 422]
    assert SECRET not in json.dumps(told)


def test_an_image_that_was_not_handed_out_is_not_there(blind: Team) -> None:
    ben = blind.client("ben")
    assert ben.get("/api/images/3").status_code == 404
    told = batch(ben, {**ADD, "image": 3}, {"kind": "submit", "image": 3}, {"kind": "skip", "image": 3, "reason": "x"})
    assert [result["status"] for result in told["results"]] == [422, 422, 422]
    assert ben.post("/api/images/3/suggestions", json={}).status_code == 404


def test_where_it_is_not_blind_others_phrases_are_seen_but_not_changed(make_team: Callable[..., Team]) -> None:
    team = make_team(blind=False)
    ann, ben = team.client("ann"), team.client("ben")
    for client in (ann, ben):
        client.get("/api/next")
    phrase = batch(ann, ADD)["results"][0]["phrase"]["id"]
    assert ben.get("/api/images/1").json()["state"]["others"] == [
        {"id": phrase, "text": SECRET, "box": list(BALL), "annotator": "ann"}
    ]
    told = batch(ben, {"kind": "edit", "image": 1, "phrase": phrase, "text": "mine"})
    assert told["results"][0]["status"] == 422


# Roles


@pytest.mark.parametrize(
    ("role", "allowed"), [("annotator", False), ("reviewer", True), ("owner", True)]
)  # fmt: skip
def test_reviewing_is_for_reviewers(blind: Team, role: str, allowed: bool) -> None:
    client = blind.client("rita", role)
    expected = 200 if allowed else 403
    for path in ("/review", "/api/review", "/api/review/images/1"):
        assert client.get(path).status_code == expected
    act = {"op_id": "an-act-of-rita", "kind": "accept", "phrases": [1]}
    assert client.post("/api/review/images/1/operations", json=act).status_code == expected
    assert (SECRET in client.get("/api/review/images/1").text) is allowed


@pytest.mark.parametrize(("role", "allowed"), [("annotator", False), ("reviewer", False), ("owner", True)])
def test_inviting_is_for_owners(make_team: Callable[..., Team], role: str, allowed: bool) -> None:
    team = make_team()
    client = team.client("olga", role)
    answer = client.post("/api/people", json={"name": "new", "role": "owner"})
    assert answer.status_code == (200 if allowed else 403)
    known = {row["annotator"] for row in people.list_annotators(team.workspace.database)}
    assert ("new" in known) is allowed
    if allowed:
        link = answer.json()["link"]
        assert link.startswith(f"http://127.0.0.1:{PORT}/join#")
        guest = team.stranger()
        assert guest.post("/api/session", json={"token": link.partition("#")[2]}).json()["annotator"]["role"] == "owner"


def test_a_role_that_is_taken_away_is_gone_at_once(blind: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsa_toolkit.web.access.REMEMBERED", 0.0)
    client = blind.client("rita", "reviewer")
    assert client.get("/api/review").status_code == 200
    people.set_role(blind.workspace.database, "rita", "annotator")
    assert client.get("/api/review").status_code == 403


def test_progress_shows_reviewers_everybody_and_annotators_themselves(blind: Team) -> None:
    told = blind.client("rita", "reviewer").get("/api/progress")
    assert [person["annotator"] for person in told.json()["people"]] == ["ann", "ben"]
    own = blind.client("ben").get("/api/progress").json()
    assert [(person["annotator"], person["agreement"]) for person in own["people"]] == [("ben", None)]
    assert own["agreement"] is None
    assert blind.client("rita").get("/api/progress", headers={"If-None-Match": told.headers["etag"]}).status_code == 304


# Requests that are not meant

POSTS = (
    "/api/session", "/api/operations", "/api/practice", "/api/images/1/operations", "/api/images/1/suggestions",
    "/api/review/images/1/operations", "/api/people",
)  # fmt: skip


def test_no_address_takes_a_change_from_another_site(blind: Team) -> None:
    client = blind.client("olga", "owner")
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{PORT + 1}", f"https://127.0.0.1:{PORT}", None):
        headers = {} if origin is None else {"Origin": origin}
        if origin is None:
            del client.headers["Origin"]
        for path in POSTS:
            assert client.post(path, json={}, headers=headers).status_code == 403, path
        assert client.request("DELETE", "/api/session", headers=headers).status_code == 403


def test_no_address_reads_a_body_without_end(blind: Team) -> None:
    client = blind.client("olga", "owner")
    large = b'{"operations": [' + b" " * 70_000 + b"]}"
    for path in POSTS:
        assert client.post(path, content=large).status_code == 413, path
        if path != "/api/practice":  # which reads none
            assert client.post(path, content=iter([large[:40_000], large[40_000:]])).status_code == 413, path


def test_no_address_takes_nonsense(blind: Team) -> None:
    client = blind.client("olga", "owner")
    sent = (b"{", b"[]", b"\xff", b"[" * 30_000, b'{"operations": [null, 5, "x", []]}', b'{"name": "\\ud800"}')
    for path in POSTS:
        for content in sent:
            assert client.post(path, content=content).status_code in (200, 401, 404, 422), path


def test_a_name_that_leads_here_from_elsewhere_is_not_answered(blind: Team) -> None:
    """DNS rebinding: a foreign page's own name, made to resolve to this server."""
    client = blind.client("ann")
    for host in ("evil.example", f"evil.example:{PORT}", f"localhost:{PORT}", "127.0.0.1", ""):
        for path in ("/", "/join", "/static/join.js", "/api/next", "/api/session", "/photos/1"):
            assert client.get(path, headers={"Host": host}).status_code == 421
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert client.post("/api/session", json={"token": "x"}, headers=headers).status_code == 421


def test_behind_https_the_cookie_is_secure_and_http_pages_are_foreign(workspace: Workspace, blind: Team) -> None:
    site = Site("https://lab.example", ("lab.example",), 8807)
    application = create_application(blind.office, Access.for_team(workspace.database, site))
    client = TestClient(application, base_url="https://lab.example")
    token = people.invite(workspace.database, "ann")
    refused = client.post("/api/session", json={"token": token}, headers={"Origin": "http://lab.example"})
    assert refused.status_code == 403
    answer = client.post("/api/session", json={"token": token}, headers={"Origin": "https://lab.example"})
    assert answer.status_code == 200
    assert "secure" in answer.headers["set-cookie"].lower()


def test_names_with_markup_are_text(make_team: Callable[..., Team]) -> None:
    team = make_team()
    for name in ("<script>alert(1)</script>", '"><img src=x>', "Жанна", "a & b"):
        client = team.client(name)
        for path in ("/", "/progress"):
            page = client.get(path).text
            assert "<script>alert(1)" not in page
            assert "<img src=x>" not in page


def test_the_pages_lead_to_each_other(make_team: Callable[..., Team]) -> None:
    team = make_team()
    rita, ann = team.client("rita", "reviewer"), team.client("ann")
    for path in ("/", "/review", "/progress"):
        assert all(f'href="{other}"' in rita.get(path).text for other in ("/", "/review", "/progress"))
    assert 'href="/review"' not in ann.get("/progress").text
