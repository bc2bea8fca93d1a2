"""vsa's own lossless file: a whole workspace's rows as JSON Lines, which moves it from one database to another.

The first line is the header: version, and of each table the columns, the number of rows and the last number given. Then
a line a row, `{"table": "phrases", "id": 3, …}`, without the columns that are NULL; tables come in an order in which
nothing points to what comes later. The last line says that the file is whole. Ids are kept, so that the journal still
undoes. Photos stay where they are.

Left out: what machines made of the data (checkpoints, runs and what belongs to them), releases, and what lets browsers
in (invitations, sessions).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import JSON, Column, Connection, Table, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vsa_toolkit import __version__
from vsa_toolkit.errors import DataError, UserError

from .base import Base, UtcTime
from .bulk import insert_rows
from .engine import Database, take_turns
from .folders import replace
from .migrate import HEAD
from .models import Dataset, Import, RegionSet
from .portable import last_number, set_last_number

Progress = Callable[..., None]
SCHEMA = 1
LEFT_OUT = {
    "checkpoints", "runs", "run_images", "captions", "snippets", "evaluations", "releases", "invitations",
    "web_sessions",
}  # fmt: skip
ROWS = 5000  # in memory at once
TAIL = 4096  # bytes in which the last line is looked for
LONGEST = 1 << 27  # characters of a line
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True)
class Counted:
    """How many rows of each table a file holds."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def tables() -> list[Table]:
    """Those that the file holds, each after all that it points to."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


# Writing ----------------------------------------------------------------------------------------------------------


def save_lines(
    database: Database, path: Path, overwrite: bool = False, progress: Progress = lambda done, total, **figures: None
) -> Counted:
    """Write the whole workspace to `path`, as one snapshot of the database has it.

    Raises:
        UserError: the file is there already, or an import or proposal is unfinished.
    """
    if path.exists() and not overwrite:
        raise UserError(f"{path} is there already: name another file, or say --overwrite.")
    counted = Counted({})

    def save(temporary: Path) -> None:
        with database.read() as session, temporary.open("w", encoding="utf-8") as file:
            _refuse_unfinished(session)
            counted.rows.update(_write(session.connection(), file, progress))

    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, save)
    return counted


def _refuse_unfinished(session: Session) -> None:
    for what, name in session.execute(
        select(Import.format, Dataset.name).join(Dataset, Dataset.id == Import.dataset_id)
        .where(Import.state != "finished")
        .union_all(
            select(RegionSet.name, Dataset.name).join(Dataset, Dataset.id == RegionSet.dataset_id)
            .where(RegionSet.state != "finished")
        )
    ):  # fmt: skip
        raise UserError(
            f"{what!r} of dataset {name!r} is unfinished: run the command that made it again, it goes on; or remove it "
            "with `vsa db check --fix`. Then export."
        )


def _write(connection: Connection, file: TextIO, progress: Progress) -> dict[str, int]:
    counts = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables()}
    file.write(_encode(_header(connection, counts)) + "\n")
    done, total = 0, sum(counts.values())
    progress(0, total)
    for table in tables():
        hidden = {column.name for column in table.c if _points_to_left_out(column)}
        found = connection.execution_options(yield_per=ROWS).execute(
            select(table).order_by(*table.primary_key.columns)
        )  # fmt: skip
        for part in found.mappings().partitions():
            for row in part:
                file.write(_encode(_line(table.name, row, hidden)) + "\n")
            done += len(part)
            progress(done, total)
    file.write(_encode({"vsa": "end", "rows": total}) + "\n")
    return counts


def _header(connection: Connection, counts: dict[str, int]) -> dict[str, Any]:
    described = {
        table.name: {
            "rows": counts[table.name],
            "columns": [column.name for column in table.c],
            **({"last": last_number(connection, table)} if "id" in table.c else {}),
        }
        for table in tables()
    }
    return {"vsa": "workspace", "schema": SCHEMA, "version": __version__, "database": HEAD, "tables": described}


def _points_to_left_out(column: Column[Any]) -> bool:
    return any(key.column.table.name in LEFT_OUT for key in column.foreign_keys)


def _line(table: str, row: Any, hidden: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {"table": table}
    for name, value in row.items():
        if value is not None and name not in hidden:
            values[name] = value.isoformat() if isinstance(value, datetime) else value
    return values


# Reading ----------------------------------------------------------------------------------------------------------


def load_lines(
    database: Database, path: Path, dry_run: bool = False, progress: Progress = lambda done, total, **figures: None
) -> Counted:
    """Put a file's rows into an empty workspace, in one transaction: all of it or nothing. With `dry_run` the file is
    read to its end and nothing is written.

    Raises:
        UserError: the workspace is not empty.
        DataError: the file is not whole, of a newer vsa, or a line is not what it should be.
    """
    header = _read_header(path)
    _check_end(path, header)
    if dry_run:
        for _ in _batches(path, header, progress):
            pass
        return Counted({name: said["rows"] for name, said in header["tables"].items()})
    with database.write() as session:
        take_turns(session, "workspace lines")
        connection = session.connection()
        _refuse_full(connection, path)
        for table, first, last, rows in _batches(path, header, progress):
            try:
                insert_rows(connection, table, rows)
            except IntegrityError as error:
                why = str(error.orig).partition("\n")[0]
                raise DataError(f"{path}, lines {first} to {last}: {why}; nothing was written.") from error
        for table in tables():
            if "id" in table.c:
                set_last_number(connection, table, header["tables"].get(table.name, {}).get("last", 0))
    return Counted({name: said["rows"] for name, said in header["tables"].items()})


def _refuse_full(connection: Connection, path: Path) -> None:
    for table in tables():
        if connection.execute(select(table).limit(1)).first() is not None:
            raise UserError(
                f"{path.name} is a whole workspace and goes into an empty one; this one has {table.name}: "
                "make a new one with `vsa init DIR`."
            )


def _read_header(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = json.loads(file.readline(LONGEST))
        if header["vsa"] != "workspace":
            raise ValueError
        described: dict[str, Any] = header["tables"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}, line 1 is no header of a vsa workspace: is it another file?") from error
    if header["schema"] != SCHEMA or header["database"] > HEAD:
        raise DataError(f"{path} was written by vsa {header['version']}, which is newer: upgrade vsa.")
    known = {table.name: table for table in tables()}
    for name, said in described.items():
        strange = [column for column in said["columns"] if name not in known or column not in known[name].c]
        if strange:
            raise DataError(f"{path}, line 1: this vsa has no {name}.{strange[0]}; it needs the vsa that wrote it.")
    return dict(header)


def _check_end(path: Path, header: dict[str, Any]) -> None:
    """Before anything is written: is the last line there, and does it say as many rows as the first?"""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - TAIL, 0))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        end = json.loads(last)
        whole = end["vsa"] == "end" and end["rows"] == sum(t["rows"] for t in header["tables"].values())
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise DataError(f"{path} is truncated: its last line does not say that it is whole. Export it again.")


def _batches(
    path: Path, header: dict[str, Any], progress: Progress
) -> Iterator[tuple[Table, int, int, list[dict[str, Any]]]]:
    """Table, first and last line, and rows: some thousands of one table at a time, in the order of `tables`."""
    readers = {table.name: _RowReader(table, header["tables"].get(table.name)) for table in tables()}
    order = {table.name: place for place, table in enumerate(tables())}
    counts = dict.fromkeys(readers, 0)
    total = sum(said["rows"] for said in header["tables"].values())
    rows: list[dict[str, Any]] = []
    name, first, done = "", 2, 0
    progress(0, total)
    for number, values in _lines(path):
        here = f"{path}, line {number}"
        table = values.pop("table", None)
        if table not in readers:
            raise DataError(f"{here}: there is no table {table!r}.")
        if name and order[table] < order[name]:
            raise DataError(f"{here}: {table} must come before {name}.")
        if rows and (table != name or len(rows) == ROWS):
            yield readers[name].table, first, number - 1, rows
            done += len(rows)
            progress(done, total)
            rows, first = [], number
        name = table
        try:
            rows.append(readers[table].row(values))
        except ValueError as error:
            raise DataError(f"{here}: {error}; nothing was written.") from error
        counts[table] += 1
    if rows:
        yield readers[name].table, first, number, rows
        progress(total, total)
    for table, said in header["tables"].items():
        if counts[table] != said["rows"]:
            raise DataError(f"{path} has {counts[table]:,} rows of {table}, its first line says {said['rows']:,}.")


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each row."""
    number = 1
    try:
        with path.open(encoding="utf-8-sig") as file:
            file.readline(LONGEST)
            while line := file.readline(LONGEST):
                number += 1
                values = json.loads(line)
                if "vsa" in values:
                    return
                yield number, values
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, after line {number}, is not UTF-8: save the file as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number} is no JSON object ({error}); nothing was written.") from error


class _RowReader:
    """Rows of one table: every column is there, and holds what it should."""

    def __init__(self, table: Table, said: dict[str, Any] | None) -> None:
        self.table = table
        self._columns = {column.name: column for column in table.c}
        self._missing = {
            column.name: _default(column)
            for column in table.c
            if said is not None and column.name not in said["columns"]
        }

    def row(self, values: dict[str, Any]) -> dict[str, Any]:
        for name in values:
            if name not in self._columns:
                raise ValueError(f"{self.table.name} has no column {name!r}")
        given = self._missing | values
        return {name: _value(column, given.get(name)) for name, column in self._columns.items()}


def _default(column: Column[Any]) -> Any:
    """What an older vsa's rows get in a column that they did not have."""
    default: Any = getattr(column.default, "arg", None)
    return None if callable(default) else default


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        if not column.nullable:
            raise ValueError(f"{column.name} is missing")
        return None
    kind = column.type
    if isinstance(kind, JSON):
        return value
    if isinstance(kind, UtcTime):
        return datetime.fromisoformat(value) if isinstance(value, str) else _refuse(column, value)
    wanted = kind.python_type
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        return _refuse(column, value)
    if column.table.name == "images" and column.name == "path" and (value.startswith("/") or ".." in value.split("/")):
        raise ValueError(f"path {value!r} leaves the dataset's folder")
    return value


def _refuse(column: Column[Any], value: Any) -> Any:
    wanted = "a time" if isinstance(column.type, UtcTime) else column.type.python_type.__name__
    raise ValueError(f"{column.name} is {str(value)[:40]!r}, not {wanted}")


def summary_rows(counted: Counted) -> Sequence[dict[str, Any]]:
    """Flat rows: what and how many."""
    return [{"what": name.replace("_", " "), "rows": count} for name, count in counted.rows.items() if count]
