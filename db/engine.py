"""Engines by URL, and short transactions: the only place that knows which database it speaks to.

SQLite: WAL (readers never wait), foreign keys on, every commit on disk before it is acknowledged, and writers that
take the lock when they begin (BEGIN IMMEDIATE), after they waited for their turn, instead of failing half way. Where
nothing can be written (a read-only disk, somebody else's folder) the file can still be looked at.

PostgreSQL: a reader sees one snapshot (REPEATABLE READ); writers run side by side (READ COMMITTED), and where one must
not act on what another is changing they queue by name (`take_turns`), or lock rows and skip those that others hold
(`select(…).with_for_update(skip_locked=True)`, which SQLite leaves out: there a writer is alone anyway).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError, TimeoutError
from sqlalchemy.exc import DataError as RefusedValue
from sqlalchemy.orm import Session

from vsa_toolkit.errors import DataError, UserError, VsaError

from .turns import writers_turn

BUSY_SECONDS = 60
CONNECT_SECONDS = 10
POSTGRES_DRIVER = "postgresql+psycopg"
UNUSABLE = (OperationalError, InterfaceError, TimeoutError)
"""What SQLAlchemy raises where the database is away; anything else is a bug."""


class DatabaseAwayError(VsaError):
    """The database cannot be used for now: its disk is full, it is locked or read-only, its server is gone."""


class Database:
    """Short read and write transactions on one database."""

    def __init__(self, url: str | URL) -> None:
        self.engine = make_engine(url)
        self._writer = self.engine.execution_options(vsa_write=True)
        self._reader = self.engine
        if self.engine.dialect.name == "postgresql":
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view, in which nothing can be changed for good."""
        with explained(self.engine), Session(self._reader, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One short transaction: committed at the end, undone if anything is raised.

        Raises:
            DatabaseAwayError: nothing of it was kept; the same again may go well later.
        """
        with (
            self._turn(),
            explained(self.engine),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @property
    def read_only(self) -> bool:
        """Whether it is a file where nothing can be written."""
        return self._file is not None and _only_to_read(self._file)

    @property
    def _file(self) -> Path | None:
        url = self.engine.url
        is_file = self.engine.dialect.name == "sqlite" and url.database not in (None, "", ":memory:")
        return Path(str(url.database)) if is_file else None

    def _turn(self) -> AbstractContextManager[None]:
        return writers_turn(self._file, BUSY_SECONDS) if self._file else nullcontext()


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """What a database cannot do, as one sentence.

    Raises:
        DatabaseAwayError: it cannot be used for now.
        DataError: it cannot hold a value.
    """
    try:
        yield
    except UNUSABLE as error:
        raise explain(error, engine) from error
    except RefusedValue as error:
        said = " ".join(str(error.orig).split()).rstrip(".")
        raise DataError(f"database {name_of(engine)} cannot hold a value: {said}; nothing was kept.") from error
    except OverflowError as error:
        if "SQLite" not in str(error):
            raise
        raise DataError(f"database {name_of(engine)} holds no whole number as large as one of these.") from error


def make_engine(url: str | URL) -> Engine:
    """An engine for a database URL: `sqlite:///FILE` or `postgresql://USER@HOST/NAME`.

    Raises:
        UserError: the URL cannot be read, names another kind of database, or psycopg is not installed.
    """
    try:
        chosen = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise UserError(
            f"database {without_password(url)!r} is not a database URL: write postgresql://USER@HOST/NAME in vsa.toml, "
            "or leave it out for a file in the workspace."
        ) from error
    if chosen.drivername in ("postgres", "postgresql"):
        chosen = chosen.set(drivername=POSTGRES_DRIVER)
    if chosen.get_backend_name() != "sqlite" and chosen.drivername != POSTGRES_DRIVER:
        raise UserError(
            f"database {without_password(url)!r}: vsa speaks to SQLite and, by {POSTGRES_DRIVER}://, to PostgreSQL."
        )
    try:
        return _sqlite(chosen) if chosen.get_backend_name() == "sqlite" else _postgresql(chosen)
    except ModuleNotFoundError as error:
        raise UserError(
            f"database {without_password(url)!r} needs the Python package {error.name!r}: "
            "pip install 'vsa-toolkit[postgres]'."
        ) from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise UserError(f"database {without_password(url)!r} is not a database URL: {error}.") from error


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "do_connect", _open_sqlite)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    wait = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    # A connection for each thread of the annotation server; a server that was started again is not a failure.
    engine = create_engine(
        url, connect_args=wait, pool_size=10, max_overflow=30, pool_pre_ping=True, json_serializer=_finite_json
    )
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _finite_json(value: Any) -> str:
    """JSON as PostgreSQL takes it: NaN and infinity, which are no JSON, are null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value), parse_constant=lambda name: None))


def _set_up_postgresql(connection: Any, record: Any) -> None:
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()


def _open_sqlite(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    """Readers of a WAL database make files beside it. Where they cannot, SQLite reads it only if it is told that nobody
    changes it, which is so while nobody's files are there."""
    file = Path(arguments[0])
    if _only_to_read(file) and not file.with_name(f"{file.name}-wal").exists():
        arguments[0], options["uri"] = f"{file.absolute().as_uri()}?mode=ro&immutable=1", True


def _only_to_read(file: Path) -> bool:
    return file.is_file() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


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
    with explained(engine), engine.execution_options(vsa_write=True).connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                _take_turns(connection, "migration")
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


def take_turns(session: Session, *what: str | int) -> None:
    """Writers that name the same thing go on one after the other, until the transaction ends; call it before reading
    what decides the write. On SQLite there is one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        _take_turns(session.connection(), *what)


def _take_turns(connection: Connection, *what: str | int) -> None:
    key = hashlib.sha256("\0".join(map(str, what)).encode()).digest()[:8]
    connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key, signed=True))))


def broken_references(session: Session) -> list[tuple[str, int, str]]:
    """Rows that point to a missing row: table, row, the table pointed to. PostgreSQL never lets one come to be."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    rows = session.execute(text("PRAGMA foreign_key_check"))
    return [(table, row, parent) for table, row, parent, _ in rows]


def name_of(engine: Engine) -> str:
    """Where the database is, for messages: SQLite's file, or the URL without its password."""
    url = engine.url
    return url.database or "in memory" if url.get_backend_name() == "sqlite" else without_password(url)


def without_password(url: str | URL) -> str:
    """A database URL, also a broken one, as it may be shown."""
    text = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    text = re.sub(r"^((?:[^:/]*://)?[^:/@]*):.*@", r"\1:***@", text)
    return re.sub(r"([?&][^=&]*password=)[^&]*", r"\1***", text)


def holds_password(url: str) -> bool:
    read = make_url(url)
    return read.password is not None or any("password" in name for name in read.query)


def explain(error: Exception, engine: Engine) -> DatabaseAwayError:
    """One sentence for a database that cannot be used."""
    said = " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")
    said = re.sub(r" Is the server running[^?]*\?", "", said)  # said below, with what may be wrong here
    way_out = ""
    if engine.dialect.name == "postgresql" and "connect" in said:
        way_out = "; is the server running, and is `database` in vsa.toml right?"
    return DatabaseAwayError(f"database {name_of(engine)} cannot be used: {said}{way_out or '.'}")
