"""The journal: what people did, append-only, written in the transaction of the change that it tells of.

An entry is keyed by the client's own operation id: the same id again changes nothing and is answered as the first time.
`changes` keeps rows before and after, so that what was done can be taken back, and that be taken back again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vsa_toolkit.errors import DataError, UserError

from .base import now
from .engine import Database, take_turns
from .models import Assignment, JournalEntry, Phrase, PhraseSource, Suggestion

Row = Phrase | Assignment | Suggestion | PhraseSource
TABLES: dict[str, type[Row]] = {
    "phrases": Phrase, "assignments": Assignment, "suggestions": Suggestion, "phrase_sources": PhraseSource,
}  # fmt: skip
KEPT_ON_UNDO = ("version", "changed_at")  # they go forward, whatever is taken back


class Conflict(DataError):
    """Somebody (or another tab) changed the same row in between: read again, then decide.

    `details` is what a merge view shows: {"kind", "yours", "base", "theirs", "by", "at"}, as far as it is known.
    """

    def __init__(self, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = details or {}


@dataclass(frozen=True, slots=True)
class Place:
    """Who works where: an annotator on an image of a campaign; `client` is the browser tab that they work in."""

    campaign_id: int
    annotator_id: int
    image_id: int
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Operations that are taken back in one line, the last one first, and the kinds of the entries that do so."""

    kinds: tuple[str, ...]
    undo: str
    redo: str


ANNOTATING = Line(("add", "edit", "move", "delete", "submit", "skip", "ignore"), "undo", "redo")
REVIEWING = Line(("accept", "reject", "reopen", "adjudicate"), "undo review", "redo review")
CORRECTING = Line(("correct", "remove"), "undo correction", "redo correction")
"""What is done from the terminal, on anybody's phrases."""


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
            take_turns(session, "image", at.campaign_id, at.image_id)
            done = _answer_of(session, at, op_id, kind)
            if done is not None:
                return done
            changes, answer, undoes = act(session)
            moment = now()
            result = {"op_id": op_id, "kind": kind, "saved_at": moment.isoformat(timespec="seconds"), **answer}
            if at.client is not None:
                result["client"] = at.client
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


# Undo and redo ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """The entries that an undo and a redo would take back; None where there is nothing."""

    undo: int | None
    redo: int | None


def standing(session: Session, at: Place, line: Line) -> Standing:
    """What the annotator may undo and redo on the image: the last operation that stands, and the last undo that stands
    if nothing new was done since."""
    rows = session.execute(
        select(JournalEntry.id, JournalEntry.kind, JournalEntry.undoes_id)
        .where(*_here(at), JournalEntry.kind.in_((*line.kinds, line.undo, line.redo)))
        .order_by(JournalEntry.id)
    ).all()
    done: list[int | None] = []
    undone: list[int | None] = []
    for number, kind, undoes in rows:
        if kind == line.undo:
            done.remove(undoes)
            undone.append(number)
        elif kind == line.redo:
            undone.remove(undoes)
            done.append(number)
        else:
            done.append(number)
            undone.clear()
    return Standing(done[-1] if done else None, undone[-1] if undone else None)


def to_take_back(session: Session, at: Place, line: Line, how: str) -> JournalEntry:
    """The entry that an "undo" or a "redo" takes back. Raises UserError where there is none."""
    stands = standing(session, at, line)
    number = stands.undo if how == "undo" else stands.redo
    if number is None:
        raise UserError(f"there is nothing to {how} on this image.")
    return session.get_one(JournalEntry, number)


def kind_of_origin(session: Session, entry: JournalEntry) -> str:
    """The kind of the operation that an undo or redo goes back to."""
    while entry.undoes_id is not None:
        entry = session.get_one(JournalEntry, entry.undoes_id)
    return entry.kind


def take_back(session: Session, entry: JournalEntry) -> list[Change]:
    """Put the rows of an entry back as they were before it.

    Raises:
        Conflict: one of them was changed since.
    """
    return [_restore(session, Change(**change)) for change in reversed(entry.changes)]


def _here(at: Place) -> tuple[Any, ...]:
    return (
        JournalEntry.image_id == at.image_id, JournalEntry.annotator_id == at.annotator_id,
        JournalEntry.campaign_id == at.campaign_id,
    )  # fmt: skip


def _restore(session: Session, change: Change) -> Change:
    table = TABLES[change.table]
    row = _find(session, table, change)
    current = snapshot(row) if row is not None else None
    if _essence(current) != _essence(change.after):
        raise Conflict("this cannot be undone: it was changed again since. Reload the image.", {"kind": "undo"})
    if change.before is None:
        session.delete(row)
    elif row is None:
        values = _from_json(table, change.before)
        row = table(**values) if table is PhraseSource else table(id=change.id, **values)
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


def _find(session: Session, table: type[Row], change: Change) -> Row | None:
    if table is PhraseSource:  # it has no number of its own: the adjudicated phrase and the source are its key
        values = change.after or change.before or {}
        return session.get(PhraseSource, (values["phrase_id"], values["source_id"]))
    return session.get(table, change.id)  # type: ignore[return-value]


# Rows as JSON -----------------------------------------------------------------------------------------------


def touch(row: Row) -> None:
    """Note that a row changed now."""
    if not isinstance(row, PhraseSource):
        row.changed_at = now()
    if isinstance(row, Phrase):
        row.version += 1


def snapshot(row: Row) -> dict[str, Any]:
    """A row as JSON, without its id."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.c if column.key != "id"}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _from_json(table: type[Row], values: dict[str, Any]) -> dict[str, Any]:
    """What a snapshot says of the columns that there are: one of an older version may have others."""
    times = {"created_at", "changed_at"}
    columns = {column.key for column in table.__table__.c}
    return {
        name: datetime.fromisoformat(value) if name in times else value
        for name, value in values.items()
        if name in columns
    }


def _essence(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """What counts when two snapshots are compared; a column that an older version did not have counts as empty."""
    if values is None:
        return None
    return {name: v for name, v in values.items() if name not in KEPT_ON_UNDO and v not in (None, False)}


# Who changed what -------------------------------------------------------------------------------------------


def changes_of(
    session: Session, campaign_id: int, image_id: int, table: str, row_id: int
) -> Iterator[tuple[JournalEntry, Change]]:
    """The entries that changed a row on an image, with what they changed, the newest first."""
    entries = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.image_id == image_id, JournalEntry.campaign_id == campaign_id)
        .order_by(JournalEntry.id.desc())
    )
    for entry in entries:
        for change in entry.changes:
            if change["table"] == table and change["id"] == row_id:
                yield entry, Change(**change)


@event.listens_for(JournalEntry, "before_update")
@event.listens_for(JournalEntry, "before_delete")
def _append_only(mapper: Any, connection: Any, entry: JournalEntry) -> None:
    raise DataError(f"journal entry {entry.id} cannot be changed: the journal is append-only.")
