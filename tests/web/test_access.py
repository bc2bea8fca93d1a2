"""Tokens that open the door once, and the sessions that they become."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from vsa_toolkit.db import people
from vsa_toolkit.db.base import now
from vsa_toolkit.db.models import Invitation, WebSession
from vsa_toolkit.db.people import Person
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.web.access import Access, Site

PUBLIC = Site("http://lab:8000", ("lab:8000",), 8000, any_address=True)


def token_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["token"][0]


@pytest.fixture
def ann(workspace: Workspace) -> Person:
    return people.annotator(workspace.database, "ann")


@pytest.fixture
def team(workspace: Workspace) -> Access:
    return Access.for_team(workspace.database, PUBLIC)


def test_a_token_opens_the_door_once(access: Access) -> None:
    token = token_of(access.address)
    assert access.admit(token) is not None
    assert access.admit(token) is None


def test_who_comes_with_a_used_token_is_sent_to_the_terminal_where_a_new_address_stands(
    workspace: Workspace, ann: Person
) -> None:
    announced: list[str] = []
    access = Access.here(workspace.database, 8000, ann, announced.append)
    token = token_of(access.address)
    access.admit(token)
    assert announced == []
    access.admit(token)
    [address] = announced
    assert access.admit(token_of(address)) is not None


def test_a_forged_token_opens_nothing_and_prints_nothing(workspace: Workspace, ann: Person) -> None:
    announced: list[str] = []
    access = Access.here(workspace.database, 8000, ann, announced.append)
    for token in ("", "x", "é" * 40, "\ud800", token_of(access.address)[:-1]):
        assert access.admit(token) is None
    assert announced == []
    assert access.admit(token_of(access.address)) is not None


def test_two_servers_share_no_token_and_no_cookie(workspace: Workspace, ann: Person) -> None:
    one, other = Access.here(workspace.database, 8000, ann), Access.here(workspace.database, 8001, ann)
    assert other.admit(token_of(one.address)) is None
    assert one.cookie != other.cookie


def test_a_restarted_server_knows_the_session_of_its_annotator_and_nobody_elses(
    workspace: Workspace, access: Access, ann: Person
) -> None:
    admitted = access.admit(token_of(access.address))
    assert admitted is not None
    _, secret = admitted
    visit = Access.here(workspace.database, 8000, ann).visit(secret)
    assert visit is not None
    assert (visit.person.name, visit.person.role) == ("ann", "owner")  # who is at the terminal owns the database
    ben = people.annotator(workspace.database, "ben")
    assert Access.here(workspace.database, 8000, ben).visit(secret) is None


def test_among_a_team_a_session_of_the_terminal_has_the_role_of_its_account(access: Access, team: Access) -> None:
    admitted = access.admit(token_of(access.address))
    assert admitted is not None
    visit = team.visit(admitted[1])
    assert visit is not None
    assert visit.person.role == "annotator"


def test_an_invitation_lets_one_browser_in_as_its_annotator(workspace: Workspace, team: Access) -> None:
    people.add_annotator(workspace.database, "rita", "reviewer")
    token = people.invite(workspace.database, "rita")
    admitted = team.admit(token)
    assert admitted is not None
    visit, secret = admitted
    assert (visit.person.name, visit.person.role) == ("rita", "reviewer")
    assert team.visit(secret) == visit
    assert team.admit(token) is None


def test_an_invitation_that_is_too_old_opens_nothing(workspace: Workspace, team: Access, ann: Person) -> None:
    token = people.invite(workspace.database, ann.name)
    with workspace.database.write() as session:
        session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    assert team.admit(token) is None


def test_a_session_ends_after_its_time_and_when_its_person_leaves(
    workspace: Workspace, team: Access, ann: Person
) -> None:
    for end in ("time", "leaving"):
        admitted = team.admit(people.invite(workspace.database, ann.name))
        assert admitted is not None
        fresh = Access.for_team(workspace.database, PUBLIC)  # which remembers nothing
        assert fresh.visit(admitted[1]) is not None
        if end == "time":
            with workspace.database.write() as session:
                session.execute(update(WebSession).values(expires_at=now()))
        else:
            people.leave(workspace.database, ann.name)
        assert Access.for_team(workspace.database, PUBLIC).visit(admitted[1]) is None


def test_a_session_that_is_used_goes_on(workspace: Workspace, team: Access, ann: Person) -> None:
    admitted = team.admit(people.invite(workspace.database, ann.name))
    assert admitted is not None
    with workspace.database.write() as session:
        session.execute(
            update(WebSession).values(expires_at=now() + timedelta(days=1), seen_at=now() - timedelta(days=1))
        )
    visit = Access.for_team(workspace.database, PUBLIC).visit(admitted[1])
    assert visit is not None
    assert visit.expires_at > now() + timedelta(days=20)


def test_who_leaves_a_session_is_not_known_by_it_again(access: Access) -> None:
    admitted = access.admit(token_of(access.address))
    assert admitted is not None
    access.leave(admitted[1])
    assert access.visit(admitted[1]) is None


def test_the_database_keeps_no_token_and_no_cookie(workspace: Workspace, team: Access, ann: Person) -> None:
    token = people.invite(workspace.database, ann.name)
    unused = people.invite(workspace.database, ann.name)
    admitted = team.admit(token)
    assert admitted is not None
    with workspace.database.read() as session:
        kept = [*session.scalars(select(Invitation.token_hash)), *session.scalars(select(WebSession.token_hash))]
    assert len(kept) == 3
    assert all(secret not in each for each in kept for secret in (token, unused, admitted[1]))
    files = [workspace.folder / name for name in ("vsa.db", "vsa.db-wal")]
    content = b"".join(file.read_bytes() for file in files if file.exists())
    assert all(secret.encode() not in content for secret in (token, unused, admitted[1]))


@pytest.mark.parametrize("secret", [None, "", "x" * 43, "é", "\ud800"])
def test_a_forged_cookie_is_nobody(access: Access, secret: str | None) -> None:
    assert access.visit(secret) is None


@pytest.mark.parametrize("host", ["lab:8000", "LAB:8000", "192.168.1.7:8000", "[::1]:8000"])
def test_a_team_is_served_under_its_name_and_under_bare_addresses(host: str) -> None:
    assert PUBLIC.answers_to(host)


@pytest.mark.parametrize("host", ["", "lab", "lab:80", "evil.example:8000", "192.168.1.7", "192.168.1.7.nip.io:8000"])
def test_no_other_name_leads_to_a_team_server(host: str) -> None:
    assert not PUBLIC.answers_to(host)
