"""The token that opens the door once."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from vsa_toolkit.web.access import Access


def token_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["token"][0]


def test_a_token_opens_the_door_once() -> None:
    access = Access(8000)
    token = token_of(access.address)
    assert access.admit(token)
    assert not access.admit(token)


def test_who_comes_with_a_used_token_is_sent_to_the_terminal_where_a_new_address_stands() -> None:
    announced: list[str] = []
    access = Access(8000, announced.append)
    token = token_of(access.address)
    access.admit(token)
    assert announced == []
    access.admit(token)
    [address] = announced
    assert access.admit(token_of(address))


def test_a_forged_token_opens_nothing_and_prints_nothing() -> None:
    announced: list[str] = []
    access = Access(8000, announced.append)
    for token in ("", "x", "é" * 40, token_of(access.address)[:-1]):
        assert not access.admit(token)
    assert announced == []
    assert access.admit(token_of(access.address))


def test_two_servers_share_neither_token_nor_session_nor_cookie() -> None:
    one, other = Access(8000), Access(8001)
    assert not other.admit(token_of(one.address))
    assert not other.knows(one.session)
    assert one.cookie != other.cookie


def test_only_the_session_is_known() -> None:
    access = Access(8000)
    assert access.knows(access.session)
    assert not access.knows(None)
    assert not access.knows("")
    assert not access.knows(access.session + "x")
