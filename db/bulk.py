"""Many rows at once, by the quickest way that each database has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


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
    insert_rows(session.connection(), model.__table__, rows)


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """`bulk_insert` without a model."""
    if not rows:
        return
    dialect = connection.dialect
    columns = [column for column in table.c if column.key in rows[0]]
    for column in columns:
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            stated: Any = object()
            made: Any = None
            for row in rows:
                value = row[column.key]
                if value is not stated:  # many rows share a moment, or have nothing there
                    stated, made = value, process(value)
                row[column.key] = made
    names = [column.key for column in columns]
    values_of = itemgetter(*names)  # a tuple: all tables have two columns at least
    _insert(connection, table, names, list(map(values_of, rows)))


def insert_tuples(session: Session, model: type[Any], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """The quickest way in: values of the columns `names`, as the driver takes them (see `for_driver`)."""
    if rows:
        _insert(session.connection(), model.__table__, names, rows)


def for_driver(session: Session, column: Any) -> Callable[[Any], Any]:
    """What makes values of a column, such as moments or JSON, into what the driver takes."""
    dialect = session.get_bind().dialect
    return column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)


def _insert(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {quote(table.name)} ({columns}) FROM STDIN", rows)
    else:
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})", list(rows))


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """PostgreSQL's own way in for many rows."""
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except errors as error:
        raise DBAPIError.instance(statement, None, error, errors) from error
