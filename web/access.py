"""Who may come in: one-time tokens open the door and become a session, which a cookie carries and the database keeps.

On this machine alone (`Access.here`) the terminal prints an address with a token for its own annotator. For a team
(`Access.for_team`) people come with the invitation links that `vsa annotators` printed.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from vsa_toolkit.db import people
from vsa_toolkit.db.engine import Database
from vsa_toolkit.db.people import SESSION_DAYS, Person

HERE = "127.0.0.1"
REMEMBERED = 5.0
"""Seconds for which a session that was looked up is taken to stand."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a server is to be found: `origin` is what people type, `hosts` the Host headers that it answers to.

    Both are lower-case. `any_address`: Hosts that are IP addresses with its port are good as well; no name leads there.
    """

    origin: str
    hosts: tuple[str, ...]
    port: int
    any_address: bool = False

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https://")

    def answers_to(self, host: str) -> bool:
        """Whether a request with this Host header is meant for this server (a foreign name may lead here: DNS
        rebinding)."""
        if host.lower() in self.hosts:
            return True
        return self.any_address and _is_address(host, self.port)

    def is_own_origin(self, origin: str | None, host: str) -> bool:
        """Whether a request that changes something comes from this server's own pages."""
        own = {self.origin} if self.secure else {self.origin, f"http://{host.lower()}"}
        return origin is not None and origin.lower() in own


@dataclass(frozen=True, slots=True)
class Visit:
    """A person in a session."""

    person: Person
    expires_at: datetime


class Access:
    """The door of one server. Its methods are called from many threads.

    A token works once, so that an address left in a history, a log or a process list opens nothing. Who comes with a
    used one of this machine (a second browser, say) is sent to the terminal, where `announce` printed a new address.
    """

    def __init__(
        self, database: Database, site: Site, owner: Person | None = None, announce: Callable[[str], None] | None = None
    ) -> None:
        self.site = site
        self.cookie = f"vsa-{site.port}"  # browsers share cookies between the ports of a host
        self._database = database
        self._owner = owner
        self._announce = announce or (lambda address: None)
        self._token = secrets.token_urlsafe(24)
        self._used: set[str] = set()
        self._known: dict[str, tuple[float, Visit]] = {}
        self._lock = threading.Lock()

    @classmethod
    def here(
        cls, database: Database, port: int, person: Person, announce: Callable[[str], None] | None = None
    ) -> Access:
        """The door of a server that this machine alone can reach: its one annotator, who owns the database anyway."""
        site = Site(f"http://{HERE}:{port}", (f"{HERE}:{port}", f"localhost:{port}"), port)
        return cls(database, site, replace(person, role="owner"), announce)

    @classmethod
    def for_team(cls, database: Database, site: Site) -> Access:
        """The door of a server for people with accounts."""
        return cls(database, site)

    @property
    def address(self) -> str:
        """Where to go: with the token that is good now, on this machine."""
        return f"{self.site.origin}/" + (f"?token={self._token}" if self._owner is not None else "")

    def admit(self, token: str) -> tuple[Visit, str] | None:
        """A session and its secret for who comes with a good token, which is used up by this; else None."""
        if self._owner is None:
            accepted = people.accept(self._database, token)
            if accepted is None:
                return None
            secret = accepted[1]
        elif self._is_good(token):
            secret = people.open_session(self._database, self._owner.id)
        else:
            return None
        visit = self.visit(secret)
        return None if visit is None else (visit, secret)

    def visit(self, secret: str | None) -> Visit | None:
        """Who comes with a session's cookie; None where it is no session that stands."""
        if not secret:
            return None
        since, known = self._known.get(secret, (0.0, None))
        if known is not None and time.monotonic() - since < REMEMBERED:
            return known
        found = people.person_of_session(self._database, secret)
        if found is None or (self._owner is not None and found[0].id != self._owner.id):
            self._known.pop(secret, None)
            return None
        visit = Visit(self._owner or found[0], found[1])
        if len(self._known) > 1000:
            self._known.clear()
        self._known[secret] = (time.monotonic(), visit)
        return visit

    def leave(self, secret: str) -> None:
        """End a session."""
        people.end_session(self._database, secret)
        self._known.pop(secret, None)

    @property
    def how_to_come_in(self) -> str:
        """What a stranger is told."""
        if self._owner is None:
            return (
                "Open your invitation link: it lets this browser in. Who has none, or a used one, asks for a new one."
            )
        return "Open the address that `vsa annotate` printed: it lets this browser in."

    @property
    def cookie_age(self) -> int:
        """Seconds."""
        return SESSION_DAYS * 24 * 3600

    def _is_good(self, token: str) -> bool:
        with self._lock:
            if secrets.compare_digest(token.encode("utf-8", "surrogatepass"), self._token.encode()):
                self._used.add(token)
                self._token = secrets.token_urlsafe(24)
                return True
            if token in self._used:
                self._announce(self.address)
            return False


def _is_address(host: str, port: int) -> bool:
    """Whether a Host header is an IP address with this port (80 and 443 may go unsaid)."""
    name, separator, given = host.rpartition(":")
    if not separator or host.endswith("]"):
        name, given = host, "80"
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return given == str(port)
