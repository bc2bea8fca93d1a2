"""The socket that the server listens on."""

from __future__ import annotations

import socket

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.web.serving import listen


def test_port_0_is_a_free_one_and_takes_connections_at_once() -> None:
    with listen(0) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        assert port > 0
        socket.create_connection((host, port), timeout=5).close()


def test_an_answer_does_not_wait_for_the_network_to_acknowledge_its_beginning() -> None:
    """asyncio sets TCP_NODELAY only where the protocol of the listening socket is named."""
    with listen(0) as listener, socket.create_connection(listener.getsockname(), timeout=5):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_said() -> None:
    with listen(0) as first, pytest.raises(DataError, match="cannot be used"):
        listen(first.getsockname()[1])


def test_without_a_port_there_is_always_one() -> None:
    with listen(None) as first, listen(None) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
