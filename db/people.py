"""People's accounts: who there is, in which role, the links that let them in, and the browsers that came in.

Tokens are 256 random bits, and only their sha256 is kept: a copy of the database lets nobody in.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError, did_you_mean

from .base import now
from .engine import Database, take_turns
from .models import ROLES, Annotator, Assignment, Invitation, Phrase, WebSession

INVITATION_DAYS = 14
SESSION_DAYS = 30
NOTED_AFTER = timedelta(hours=12)
"""A session's use is written down this seldom: a request that only reads should not write."""


@dataclass(frozen=True, slots=True)
class Person:
    """An annotator with their role: annotator, reviewer or owner."""

    id: int
    name: str
    role: str

    @property
    def may_review(self) -> bool:
        return self.role in ("reviewer", "owner")

    @property
    def may_invite(self) -> bool:
        return self.role == "owner"


def add_annotator(database: Database, name: str, role: str = "annotator") -> Person:
    """A new annotator. Raises UserError where the name is taken, is none, or there is no such role."""
    name = tidy_name(name)
    if role not in ROLES:
        raise UserError(f"there is no role {role!r}{did_you_mean(role, ROLES)}")
    with database.write() as session:
        take_turns(session, "annotators")
        if session.scalars(select(Annotator).where(Annotator.name == name)).first() is not None:
            raise UserError(f"there is an annotator {name!r} already: `vsa annotators invite` prints a new link.")
        return _person(_new(session, name, role))


def annotator(database: Database, name: str) -> Person:
    """An annotator by name, noted when first heard of; who had left is back."""
    name = tidy_name(name)
    with database.write() as session:
        take_turns(session, "annotators")
        found = session.scalars(select(Annotator).where(Annotator.name == name)).one_or_none()
        found = found or _new(session, name, "annotator")
        found.left_at = None
        return _person(found)


def find_annotator(database: Database, name: str) -> Person:
    """An annotator by name. Raises UserError where there is none."""
    with database.read() as session:
        return _person(_row(session, name))


def list_annotators(database: Database) -> list[dict[str, Any]]:
    """Flat rows, oldest first: annotator, role, state, phrases, submitted, last seen."""
    phrases = select(func.count(Phrase.id)).where(Phrase.annotator_id == Annotator.id)
    submitted = select(func.count(Assignment.id)).where(
        Assignment.annotator_id == Annotator.id, Assignment.state == "submitted", Assignment.practice.is_(False)
    )
    seen = select(func.max(WebSession.seen_at)).where(WebSession.annotator_id == Annotator.id)
    invited = select(func.max(Invitation.expires_at)).where(
        Invitation.annotator_id == Annotator.id, Invitation.used_at.is_(None), Invitation.expires_at > now()
    )
    columns = (phrases, submitted, seen, invited)
    chosen = select(Annotator, *(column.scalar_subquery() for column in columns)).order_by(Annotator.id)
    with database.read() as session:
        return [
            {
                "annotator": row.name,
                "role": row.role,
                "state": "left" if row.left_at else "invited" if is_invited and last is None else "active",
                "submitted": done,
                "phrases": written,
                "seen": last.isoformat(timespec="minutes") if last else None,
            }
            for row, written, done, last, is_invited in session.execute(chosen)
        ]


def set_role(database: Database, name: str, role: str) -> Person:
    """Give an annotator another role."""
    if role not in ROLES:
        raise UserError(f"there is no role {role!r}{did_you_mean(role, ROLES)}")
    with database.write() as session:
        row = _row(session, name)
        row.role = role
        return _person(row)


def leave(database: Database, name: str) -> int:
    """An annotator goes: no link or browser of theirs works any more, and what they had not submitted goes back to the
    queues. What they wrote stays. The number of images that went back."""
    with database.write() as session:
        row = _row(session, name)
        row.left_at = now()
        session.execute(delete(WebSession).where(WebSession.annotator_id == row.id))
        session.execute(delete(Invitation).where(Invitation.annotator_id == row.id))
        returned = session.execute(
            update(Assignment)
            .where(Assignment.annotator_id == row.id, Assignment.state == "open", Assignment.practice.is_(False))
            .values(state="released", changed_at=now())
        )
        return int(returned.rowcount)  # type: ignore[attr-defined]


# Tokens -----------------------------------------------------------------------------------------------------


def invite(database: Database, name: str, days: float = INVITATION_DAYS) -> str:
    """A new invitation's token, which works once; who had left is welcome again."""
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        row = _row(session, name)
        row.left_at = None
        session.add(Invitation(annotator_id=row.id, token_hash=_hash(token), expires_at=now() + timedelta(days=days)))
    return token


def accept(database: Database, token: str) -> tuple[Person, str] | None:
    """Use an invitation: the person and a new session's secret; None where it is forged, used or too old."""
    with database.write() as session:
        hashed = _hash(token)
        take_turns(session, "invitation", hashed)
        found = session.scalars(
            select(Invitation).where(
                Invitation.token_hash == hashed, Invitation.used_at.is_(None), Invitation.expires_at > now()
            )
        ).one_or_none()
        if found is None:
            return None
        found.used_at = now()
        return _person(session.get_one(Annotator, found.annotator_id)), _open_session(session, found.annotator_id)


def open_session(database: Database, annotator_id: int) -> str:
    """A new session's secret, for somebody who was let in in another way."""
    with database.write() as session:
        return _open_session(session, annotator_id)


def person_of_session(database: Database, secret: str) -> tuple[Person, datetime] | None:
    """Who a session's secret belongs to and when it ends; None where it is forged, ended or its person has left."""
    hashed = _hash(secret)
    with database.read() as session:
        found = session.execute(
            select(WebSession.id, WebSession.seen_at, WebSession.expires_at, Annotator)
            .join(Annotator, Annotator.id == WebSession.annotator_id)
            .where(WebSession.token_hash == hashed, WebSession.expires_at > now(), Annotator.left_at.is_(None))
        ).one_or_none()
        if found is None:
            return None
        number, seen, expires, row = found
        person = _person(row)
    if now() - seen < NOTED_AFTER:
        return person, expires
    expires = now() + timedelta(days=SESSION_DAYS)
    with database.write() as session:
        session.execute(
            update(WebSession).where(WebSession.id == number).values(seen_at=now(), expires_at=expires)
        )  # fmt: skip
    return person, expires


def end_session(database: Database, secret: str) -> None:
    """The browser with this secret is let in no more."""
    with database.write() as session:
        session.execute(delete(WebSession).where(WebSession.token_hash == _hash(secret)))


def tidy_name(name: str) -> str:
    """A name with single spaces. Raises UserError where it is none."""
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > 200 or not tidy.isprintable():
        raise UserError("an annotator needs a name of 1 to 200 characters that can be printed.")
    return tidy


def _open_session(session: Session, annotator_id: int) -> str:
    secret = secrets.token_urlsafe(32)
    session.execute(delete(WebSession).where(WebSession.expires_at <= now()))
    session.execute(
        delete(Invitation).where(or_(Invitation.expires_at <= now(), Invitation.used_at <= now() - timedelta(days=1)))
    )
    session.add(
        WebSession(annotator_id=annotator_id, token_hash=_hash(secret), expires_at=now() + timedelta(days=SESSION_DAYS))
    )
    return secret


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _row(session: Session, name: str) -> Annotator:
    found = session.scalars(select(Annotator).where(Annotator.name == tidy_name(name))).one_or_none()
    if found is None:
        known = session.scalars(select(Annotator.name)).all()
        raise UserError(f"there is no annotator {name!r}{did_you_mean(name, known)}")
    return found


def _new(session: Session, name: str, role: str) -> Annotator:
    made = Annotator(name=name, role=role)
    session.add(made)
    session.flush()
    return made


def _person(row: Annotator) -> Person:
    return Person(row.id, row.name, row.role)
