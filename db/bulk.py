"""Many rows at once, by the quickest way that each database has."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, select
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
    if dialect.name == "postgresql":
        _copy(connection, columns, rows)
        return
    statement = insert(table).compile(dialect=dialect, column_keys=[column.key for column in columns])
    assert statement.positiontup is not None
    values_of = itemgetter(*statement.positiontup)  # a tuple: all tables have two columns at least
    values: list[Any] = list(map(values_of, rows))
    connection.exec_driver_sql(str(statement), values)


def _copy(connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[dict[str, Any]]) -> None:
    """PostgreSQL's own way in for many rows."""
    quoted = connection.dialect.identifier_preparer.quote
    names = ", ".join(quoted(column.key) for column in columns)
    statement = f"COPY {quoted(columns[0].table.name)} ({names}) FROM STDIN"
    values = itemgetter(*(column.key for column in columns))
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(values(row))
    except errors as error:
        raise DBAPIError.instance(statement, None, error, errors) from error
