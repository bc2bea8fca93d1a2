"""What a question to a workspace is answered with: a list of flat rows, and in one call a table of another library."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

SHOWN = 10


class Rows(list[dict[str, Any]]):
    """Rows as dicts with the same keys, which are the `columns` also where there is no row."""

    def __init__(self, rows: Iterable[dict[str, Any]] = (), columns: Sequence[str] | None = None) -> None:
        super().__init__(rows)
        self.columns = list(columns if columns is not None else self[0] if self else ())

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        return [row[name] for row in self]

    def to_pandas(self) -> pandas.DataFrame:
        frame: pandas.DataFrame = _library("pandas").DataFrame(list(self), columns=self.columns)
        return frame

    def to_polars(self) -> polars.DataFrame:
        columns = {name: self.column(name) for name in self.columns}
        frame: polars.DataFrame = _library("polars").DataFrame(columns, strict=False)
        return frame

    def to_arrow(self) -> pyarrow.Table:
        library = _library("pyarrow")
        table: pyarrow.Table = library.table({name: library.array(self.column(name)) for name in self.columns})
        return table

    def __repr__(self) -> str:
        lines = [f"{len(self):,} rows: {', '.join(self.columns)}", *(str(row) for row in self[:SHOWN])]
        return "\n".join([*lines, "…"] if len(self) > SHOWN else lines)

    def _repr_html_(self) -> str:
        """A small table, for notebooks."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(str(row[name]))}</td>' for name in self.columns)}</tr>"
            for row in self[:SHOWN]
        )
        more = f"<p>{len(self):,} rows</p>" if len(self) > SHOWN else ""
        return f"<table><tr>{head}</tr>{body}</table>{more}"


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"{name} is not installed: pip install {name}.") from error
