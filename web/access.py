"""Who may come in: a token in the address opens the door once and becomes a session cookie."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

HOST = "127.0.0.1"


class Access:
    """The way into one server: its address, its token, its session.

    A token works once, so that an address left in a history, a log or a process list opens nothing. Who comes with a
    used one (a second browser, say) is sent to the terminal, where `announce` has printed a new address.
    """

    def __init__(self, port: int, announce: Callable[[str], None] = lambda address: None) -> None:
        self.hosts = (f"{HOST}:{port}", f"localhost:{port}")
        self.cookie = f"vsa-{port}"  # browsers share cookies between the ports of a host
        self.session = secrets.token_urlsafe(32)
        self._announce = announce
        self._token = secrets.token_urlsafe(24)
        self._used: set[str] = set()
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """Where to go, with the token that is good now."""
        return f"http://{self.hosts[0]}/?token={self._token}"

    def admit(self, token: str) -> bool:
        """Whether the token opens the door; it never does so again."""
        with self._lock:
            if _equal(token, self._token):
                self._used.add(token)
                self._token = secrets.token_urlsafe(24)
                return True
            if token in self._used:
                self._announce(self.address)
            return False

    def knows(self, cookie: str | None) -> bool:
        """Whether a request's cookie is this server's session."""
        return cookie is not None and _equal(cookie, self.session)


def _equal(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
