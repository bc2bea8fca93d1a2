"""A whole database as one SQLite file, and back: what backups hold, whichever database the workspace is on.

A file of a SQLite workspace is a copy of its pages. One of PostgreSQL is made of the same tables, at the same version,
with the rows that one snapshot sees; so it can be put back into either.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, Engine, MetaData, Table, bindparam, func, select, text, update
from sqlalchemy.engine import URL

from vsa_toolkit.errors import DataError

from . import migrate
from .base import UtcTime
from .bulk import insert_rows
from .engine import explained, make_engine, migrating, name_of

ROWS = 5000  # held in memory at once


def save_database(engine: Engine, file: Path) -> None:
    """All of a database as it is at one moment, in a new file, while others go on reading and writing.

    Raises:
        DataError: it is damaged.
        OSError, sqlite3.Error: the file cannot be written.
    """
    if engine.dialect.name == "sqlite":
        _copy_pages(engine, file)
    else:
        reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        made = make_engine(URL.create("sqlite", database=str(file)))
        try:
            with explained(engine), reader.connect() as source:
                _fill(made, source)
        finally:
            made.dispose()
    _close(file)


def load_database(file: Path, engine: Engine) -> None:
    """Put the rows of such a file into an empty database, in one transaction.

    Raises:
        DataError: the database is not empty, or cannot hold a value.
    """
    if migrate.current(engine) is not None:
        raise DataError(f"database {name_of(engine)} is not empty: make a new one for what is restored.")
    origin = make_engine(URL.create("sqlite", database=str(file)))
    try:
        with origin.connect() as source:
            _fill(engine, source)
    finally:
        origin.dispose()


def check_file(file: Path) -> str:
    """The version of the database in a file.

    Raises:
        DataError: it is no whole database of vsa.
    """
    connection = sqlite3.connect(file)
    try:
        (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if health != "ok":
            raise DataError(f"{file} is damaged: {health}.")
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise DataError(f"{file} is no database of vsa: {error}.") from error
    finally:
        connection.close()
    return str(version)


def _copy_pages(engine: Engine, file: Path) -> None:
    """In one step: a reader's view holds, and nobody waits."""
    target = sqlite3.connect(file)
    try:
        connection = engine.raw_connection()
        try:
            source: Any = connection.driver_connection
            source.backup(target)
        finally:
            connection.close()
    finally:
        target.close()


def _close(file: Path) -> None:
    """One file with all of it: no log beside it."""
    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()
    check_file(file)


def _fill(engine: Engine, source: Connection) -> None:
    version = source.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    with migrating(engine) as target:
        migrate.upgrade_within(target, version)
        tables = {table.name: table for table in _tables(target)}
        for table in _tables(source):
            _copy_rows(source, table, target, tables[table.name])


def _tables(connection: Connection) -> list[Table]:
    """The tables of vsa as they are there, those that others point to first."""
    found = MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        for column in table.c:
            if isinstance(column.type, DateTime):
                column.type = UtcTime()
            elif isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _copy_rows(source: Connection, table: Table, target: Connection, into: Table) -> None:
    """A column that points into its own table is filled in when all of its rows are there."""
    own = [column.name for column in table.c if any(key.column.table is table for key in column.foreign_keys)]
    late: list[dict[str, Any]] = []
    for rows in _read(source, table):
        late += ({"own_id": row["id"], **{name: row[name] for name in own}} for row in rows if any(row[n] for n in own))
        for row in rows:
            row.update(dict.fromkeys(own))
        insert_rows(target, into, rows)
    if late:
        target.execute(update(into).where(into.c.id == bindparam("own_id")), late)
    if "id" in table.c:
        set_last_number(target, into, last_number(source, table))


def _read(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    chosen = select(table).order_by(*table.primary_key.columns)
    found = source.execution_options(yield_per=ROWS).execute(chosen)
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]


def last_number(source: Connection, table: Table) -> int:
    """The last number that was given, also where its row was deleted: people quote some of them."""
    last = source.execute(select(func.max(table.c.id))).scalar() or 0
    if source.dialect.name == "postgresql":
        sequence = source.execute(select(func.pg_get_serial_sequence(table.name, "id"))).scalar_one()
        given, used = source.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()
        return max(int(last), int(given if used else given - 1))
    given = source.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}).scalar()
    return max(int(last), int(given or 0))


def set_last_number(target: Connection, table: Table, last: int) -> None:
    if not last:
        return
    if target.dialect.name == "postgresql":
        target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
        return
    made = target.execute(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name}).scalar_one()
    if "AUTOINCREMENT" in made:  # other tables go on after the last row that is there
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        target.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), {"name": table.name, "last": last})
