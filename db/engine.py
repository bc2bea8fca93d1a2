"""Engines by URL, and short transactions: the only place that knows which database it speaks to.

SQLite: WAL (readers never wait), foreign keys on, every commit on disk before it is acknowledged, and writers that
take the lock when they begin (BEGIN IMMEDIATE), so that they queue for it instead of failing half way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, insert, select, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from vsa_toolkit.errors import DataError, UserError, VsaError

BUSY_SECONDS = 60


class DatabaseAwayError(VsaError):
    """The database cannot be used for now: its disk is full, it is locked or read-only, its server is gone."""


class Database:
    """Short read and write transactions on one database."""

    def __init__(self, url: str | URL) -> None:
        self.engine = make_engine(url)
        self._writer = self.engine.execution_options(vsa_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; what is changed in it is not kept."""
        with self._explained(), Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One short transaction: committed at the end, undone if anything is raised.

        Raises:
            DatabaseAwayError: nothing of it was kept; the same again may go well later.
        """
        with self._explained(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise explain(error, name_of(self.engine)) from error


def make_engine(url: str | URL) -> Engine:
    """An engine for a database URL.

    Raises:
        UserError: the URL cannot be read, or its driver is not installed.
    """
    try:
        engine = create_engine(url)
    except ArgumentError as error:
        raise UserError(f"database {url!r} in vsa.toml is not a database URL: {error}.") from error
    except ModuleNotFoundError as error:
        raise UserError(f"database {url!r} needs the Python package {error.name!r}: install it.") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("vsa_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A connection in one transaction in which tables may be rebuilt: all of it happens or none.

    SQLite's foreign keys rest meanwhile (dropping a table that is copied would delete what refers to it) and are
    checked before the commit.
    """
    with engine.execution_options(vsa_write=True).connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.execute(text("PRAGMA foreign_key_check")).first()
                if broken is not None:
                    raise DataError(f"a row of {broken[0]} would point to no row of {broken[2]}; nothing was changed.")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def reserve_ids(session: Session, model: type[Any], count: int) -> Sequence[int]:
    """`count` ids of a table that nobody else takes in this write transaction, so that rows can name each other."""
    if session.get_bind().dialect.name == "postgresql":
        sequence = func.nextval(func.pg_get_serial_sequence(model.__tablename__, "id"))
        return session.scalars(select(sequence).select_from(func.generate_series(1, count).alias())).all()
    last = session.scalar(select(func.max(model.id))) or 0
    return range(last + 1, last + 1 + count)


def bulk_insert(session: Session, model: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all state the same columns (others are NULL), past what SQLAlchemy would do for each row.

    The rows are taken over: their JSON and times are made into what the driver takes.
    """
    if not rows:
        return
    connection = session.connection()
    dialect = connection.dialect
    columns = [column for column in model.__table__.c if column.key in rows[0]]
    for column in columns:
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            for row in rows:
                row[column.key] = process(row[column.key])
    statement = insert(model.__table__).compile(dialect=dialect, column_keys=[column.key for column in columns])
    if statement.positiontup:  # all tables have two columns at least, so this makes tuples
        values: list[Any] = list(map(itemgetter(*statement.positiontup), rows))
        connection.exec_driver_sql(str(statement), values)
    else:
        connection.exec_driver_sql(str(statement), list(rows))


def broken_references(session: Session) -> list[tuple[str, int, str]]:
    """Rows that point to a missing row: table, row, the table pointed to. PostgreSQL never lets one come to be."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    rows = session.execute(text("PRAGMA foreign_key_check"))
    return [(table, row, parent) for table, row, parent, _ in rows]


def name_of(engine: Engine) -> str:
    """Where the database is, for messages: SQLite's file, or the URL without its password."""
    url = engine.url
    return url.database or "in memory" if url.get_backend_name() == "sqlite" else url.render_as_string()


def explain(error: OperationalError, where: str) -> DatabaseAwayError:
    """One sentence for a database that cannot be used."""
    return DatabaseAwayError(f"database {where} cannot be used: {error.orig}.")
