"""The journal: what people did, append-only, written in the transaction of the change that it tells of.

An entry is keyed by the client's own operation id: the same id again changes nothing and is answered as the first time.
`changes` keeps rows before and after, so that the last operation of an annotator on an image can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vsa_toolkit.errors import DataError, UserError

from .base import now
from .engine import Database
from .models import Assignment, JournalEntry, Phrase

TABLES: dict[str, type[Phrase | Assignment]] = {"phrases": Phrase, "assignments": Assignment}
KEPT_ON_UNDO = ("version", "changed_at")  # they go forward, whatever is taken back


class Conflict(DataError):
    """Somebody (or another tab) changed the same row in between: read again, then decide."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who works where: an annotator on an image of a campaign."""

    campaign_id: int
    annotator_id: int
    image_id: int


@dataclass
class Change:
    """What an operation did to one row; `before` is None for a new row, `after` for one that was removed."""

    table: str
    id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        return {"table": self.table, "id": self.id, "before": self.before, "after": self.after}


Act = Callable[[Session], tuple[list[Change], dict[str, Any], int | None]]
"""Makes the change; gives what it changed, what to answer, and the entry that it took back (of an undo)."""


def perform(database: Database, at: Place, op_id: str, kind: str, act: Act) -> dict[str, Any]:
    """Run `act` and write its entry in one transaction; the answer, also where the operation was done before.

    Raises:
        UserError: the operation id belongs to another place or kind.
    """
    try:
        with database.write() as session:
            done = _answer_of(session, at, op_id, kind)
            if done is not None:
                return done
            changes, answer, undoes = act(session)
            moment = now()
            result = {"op_id": op_id, "kind": kind, "saved_at": moment.isoformat(timespec="seconds"), **answer}
            session.add(
                JournalEntry(
                    operation_id=op_id, kind=kind, annotator_id=at.annotator_id, campaign_id=at.campaign_id,
                    image_id=at.image_id, changes=[change.as_json() for change in changes], result=result,
                    undoes_id=undoes, created_at=moment,
                )
            )  # fmt: skip
            return result
    except IntegrityError:
        with database.read() as session:  # the same operation came twice at once: the other one was first
            done = _answer_of(session, at, op_id, kind)
        if done is None:
            raise
        return done


def _answer_of(session: Session, at: Place, op_id: str, kind: str) -> dict[str, Any] | None:
    entry = session.scalars(select(JournalEntry).where(JournalEntry.operation_id == op_id)).one_or_none()
    if entry is None:
        return None
    if (entry.campaign_id, entry.annotator_id, entry.image_id, entry.kind) != (
        at.campaign_id, at.annotator_id, at.image_id, kind,
    ):  # fmt: skip
        raise UserError(f"operation id {op_id!r} was used for something else: use a new one for each change.")
    return entry.result


def last_operation(session: Session, at: Place) -> JournalEntry:
    """The annotator's last operation on the image that was not taken back yet."""
    undone = select(JournalEntry.undoes_id).where(JournalEntry.undoes_id.is_not(None))
    entry = session.scalars(
        select(JournalEntry)
        .where(
            JournalEntry.image_id == at.image_id, JournalEntry.annotator_id == at.annotator_id,
            JournalEntry.campaign_id == at.campaign_id, JournalEntry.kind != "undo", JournalEntry.id.not_in(undone),
        )
        .order_by(JournalEntry.id.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    if entry is None:
        raise UserError("there is nothing to undo on this image.")
    return entry


def take_back(session: Session, entry: JournalEntry) -> list[Change]:
    """Put the rows of an entry back as they were before it.

    Raises:
        Conflict: one of them was changed since.
    """
    return [_restore(session, Change(**change)) for change in reversed(entry.changes)]


def _restore(session: Session, change: Change) -> Change:
    table = TABLES[change.table]
    row: Phrase | Assignment | None = session.get(table, change.id)  # type: ignore[assignment]
    current = snapshot(row) if row is not None else None
    if _essence(current) != _essence(change.after):
        raise Conflict("this cannot be undone: it was changed again since. Reload the image.")
    if change.before is None:
        session.delete(row)
    elif row is None:
        values = _from_json(table, change.before)
        row = table(id=change.id, **values)
        if isinstance(row, Phrase):
            row.version += 1
        session.add(row)
    else:
        for name, value in _from_json(table, change.before).items():
            if name not in KEPT_ON_UNDO:
                setattr(row, name, value)
        touch(row)
    session.flush()
    return Change(change.table, change.id, current, snapshot(row) if change.before is not None and row else None)


def touch(row: Phrase | Assignment) -> None:
    """Note that a row changed now."""
    row.changed_at = now()
    if isinstance(row, Phrase):
        row.version += 1


def snapshot(row: Phrase | Assignment) -> dict[str, Any]:
    """A row as JSON, without its id."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.c if column.key != "id"}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _from_json(table: type[Phrase | Assignment], values: dict[str, Any]) -> dict[str, Any]:
    times = {"created_at", "changed_at"}
    return {name: datetime.fromisoformat(value) if name in times else value for name, value in values.items()}


def _essence(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: v for name, v in values.items() if name not in KEPT_ON_UNDO}


@event.listens_for(JournalEntry, "before_update")
@event.listens_for(JournalEntry, "before_delete")
def _append_only(mapper: Any, connection: Any, entry: JournalEntry) -> None:
    raise DataError(f"journal entry {entry.id} cannot be changed: the journal is append-only.")
