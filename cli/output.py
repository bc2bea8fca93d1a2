"""Printing: lists of flat objects in every `--format`, and progress on stderr."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vsa_toolkit.backend import Progress


AROUND = 3
"""Columns of the terminal that a cell of a table has around it."""


def print_rows(
    rows: Sequence[dict[str, Any]],
    output: str,
    title: str = "",
    empty: str = "nothing here yet",
    spare: Sequence[str] = (),
) -> None:
    """Rows with the same keys as a table (rich, markdown, latex, csv) or a JSON list of flat objects.

    On a terminal that is too narrow for all columns, the `spare` ones are left out, the first first, until they fit.
    """
    if output == "json":
        click.echo(json.dumps(list(rows), indent=2, ensure_ascii=False))
    elif not rows:
        click.echo(empty)
    elif output == "rich":
        _print_rich(rows, title, spare)
    else:
        header = list(rows[0])
        body = [[_cell(row[key]) for key in header] for row in rows]
        click.echo(_TEXT[output](header, body), nl=False)


def print_record(record: Any) -> None:
    """A dataclass as indented JSON."""
    from dataclasses import asdict

    click.echo(json.dumps(asdict(record), indent=2, ensure_ascii=False, default=str))


def _print_rich(rows: Sequence[dict[str, Any]], title: str, spare: Sequence[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    keys = list(rows[0])
    widths = {key: max(len(key), *(len(_cell(row[key])) for row in rows)) + AROUND for key in keys}
    for key in spare:
        if key in keys and sum(widths[kept] for kept in keys) >= console.width:
            keys.remove(key)
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for key in keys:
        number = all(isinstance(row[key], int | float | None) for row in rows)
        table.add_column(key, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[key]) for key in keys))
    console.print(table)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _markdown(header: list[str], body: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _latex(header: list[str], body: list[list[str]]) -> str:
    def row(cells: list[str]) -> str:
        return " & ".join(_escape_latex(cell) for cell in cells) + r" \\" + "\n"

    middle = "".join(row(line) for line in body)
    columns = "l" * len(header)
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{row(header)}\\midrule\n{middle}\\bottomrule\n\\end{{tabular}}\n"
    )


def _escape_latex(text: str) -> str:
    return "".join("\\" + c if c in "&%$#_{}" else c for c in text.replace("\\", r"\textbackslash "))


def _csv(header: list[str], body: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *body])
    return text.getvalue()


_TEXT = {"markdown": _markdown, "latex": _latex, "csv": _csv}


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A progress bar on stderr, called as `progress(done, total, loss=1.5)`; quiet where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total, **figures: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None, figures="")

        def report(done: int, total: int | None, **figures: Any) -> None:
            shown = "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
            bar.update(task, completed=done, total=total, figures=shown)

        yield report
