"""One table of results, printed as rich, markdown, LaTeX, CSV or JSON.

Every row keeps its signature, printed under the table; recalled figures are in brackets; the best of our own rows is
bold in each column. JSON has the shape that other programs read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from .metrics.resampling import Estimate, Sampled
from .signature import shared_and_own

if TYPE_CHECKING:
    from rich.console import Group

Source = Literal["run", "baseline", "human", "metric", "published"]

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Column:
    """`key` in the rows' values; `group` spans neighbouring columns; `best` says which end is good (None: neither).

    `spare`: on a terminal that is too narrow the columns with the highest go first; those with 0 stay.
    """

    key: str
    title: str
    group: str = ""
    decimals: int = 1
    best: Literal["high", "low"] | None = "high"
    spare: int = 0


@dataclass(frozen=True)
class Row:
    """`values` by column key; a key that is not there prints as –. `trust` of published values, by key.

    `groups` are letters by column key: rows that share one do not differ there. `sampled` is what the values were
    estimated from, for comparisons; it is not printed.
    """

    name: str
    values: Mapping[str, Estimate]
    source: Source = "run"
    run: int | None = None
    backend: str | None = None
    signature: str | None = None
    notes: tuple[str, ...] = ()
    trust: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    sampled: Sampled | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Table:
    """`notes` are sentences about the whole table, printed under it."""

    title: str
    protocol: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()


def render(table: Table, output: str) -> str:
    """The table as text: "markdown", "latex", "csv" or "json" (rich: see `as_rich`)."""
    return _RENDERERS[output](table)


def as_json(table: Table) -> dict[str, Any]:
    """`{"schema": 1, "protocol": …, "rows": [{"run", "source", "name", "backend", "signature", "values", …}]}`"""
    return {
        "schema": SCHEMA,
        "protocol": table.protocol,
        "rows": [
            {
                "run": row.run,
                "source": row.source,
                "name": row.name,
                "backend": row.backend,
                "signature": row.signature,
                "values": {key: _json_value(row, key) for key in row.values},
                **({"groups": dict(row.groups)} if row.groups else {}),
                "notes": list(row.notes),
            }
            for row in table.rows
        ],
        "notes": list(table.notes),
    }


def as_rich(table: Table, width: int | None = None) -> Group:
    """What `rich.console.Console.print` shows: intervals under the values, then notes and signatures.

    Where `width` (characters) is too narrow the spare columns are left out, then the intervals, and that is said;
    deviations over seeds stay.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    table, left_out = (table, []) if width is None else _fitted(table, width)
    footnotes, best = Footnotes(table), _best_rows(table)
    shown = RichTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    shown.add_column("", overflow="fold")
    for column in table.columns:
        title = f"{column.group}\n{column.title}" if column.group else column.title
        shown.add_column(title, justify="right", no_wrap=True)
    for number, row in enumerate(table.rows):
        cells = []
        for column in table.columns:
            text = Text(_value(row, column), style="bold" if number in best[column.key] else "")
            if column.key in row.groups:
                text.append(f" {row.groups[column.key]}", style="not bold dim")
            extra = _extra(row, column)
            cells.append(text.append(f"\n{extra}", style="not bold dim") if extra else text)
        name = row.name + _raised(footnotes.marks[number])
        shown.add_row(name, *cells, style="dim" if row.source == "published" else "")
        if number + 1 < len(table.rows) and table.rows[number + 1].source != row.source:
            shown.add_section()
    lines = list(footnotes.lines())
    if left_out:
        lines.append(f"The terminal is too narrow: {', '.join(left_out)} left out. Other formats have them.")
    return Group(shown, *(Text(line, style="dim") for line in lines))


NAME = 30
"""How many characters of a row's name stand on one line, where there is no room for more."""


def _fitted(table: Table, width: int) -> tuple[Table, list[str]]:
    """As much of the table as fits, and what was left out."""
    for all_of_it in (table, replace(table, rows=[_without_intervals(row) for row in table.rows])):
        fitted = all_of_it
        while _width(fitted) > width and (most := max((c.spare for c in fitted.columns), default=0)):
            fitted = replace(fitted, columns=[c for c in fitted.columns if c.spare < most])
        if _width(fitted) <= width:
            break
    left_out = [_flat_title(column) for column in table.columns if column not in fitted.columns]
    return fitted, left_out + (["intervals"] if fitted.rows is not table.rows else [])


def _without_intervals(row: Row) -> Row:
    values = {key: replace(estimate, low=None, high=None) for key, estimate in row.values.items()}
    return replace(row, values=values)


def _width(table: Table) -> int:
    """How wide the table prints, with long names on several lines."""
    names = [len(row.name + _raised(marks)) for row, marks in zip(table.rows, Footnotes(table).marks, strict=True)]
    widths = [max(map(len, _cell_lines(table, column))) for column in table.columns]
    return min(max(names, default=0), NAME) + sum(widths) + 3 * len(widths) + 2


def _cell_lines(table: Table, column: Column) -> Iterator[str]:
    yield from (column.title, column.group)
    for row in table.rows:
        letters = f" {row.groups[column.key]}" if column.key in row.groups else ""
        yield _value(row, column) + letters
        yield _extra(row, column)


class Footnotes:
    """Numbers for the notes of rows and letters for their signatures, each distinct one once.

    What all the signatures state alike is one line of its own. `marks` are those of each row, in the order
    of the table's rows.
    """

    def __init__(self, table: Table) -> None:
        self._general = [*table.notes, *_legend(table)]
        notes = list(dict.fromkeys(note for row in table.rows for note in row.notes))
        signatures = list(dict.fromkeys(row.signature for row in table.rows if row.signature))
        self._numbered = {note: str(number) for number, note in enumerate(notes, start=1)}
        self._lettered = {signature: _letters(number) for number, signature in enumerate(signatures)}
        self.marks = [self._marks(row) for row in table.rows]

    def lines(self) -> Iterator[str]:
        yield from self._general
        yield from (f"({mark}) {note}" for note, mark in self._numbered.items())
        shared, own = shared_and_own(list(self._lettered))
        if shared:
            yield f"(all) {shared}"
        yield from (f"({mark}) {text or 'nothing else'}" for text, mark in zip(own, self._lettered.values()))

    def _marks(self, row: Row) -> list[str]:
        letters = [self._lettered[row.signature]] if row.signature else []
        return [self._numbered[note] for note in row.notes] + letters


def _legend(table: Table) -> Iterator[str]:
    if any(row.trust.get(column.key) == "recalled" for row in table.rows for column in table.columns):
        yield "Figures in [brackets] are recalled, not read again in a source."
    shown = [row.values[column.key] for row in table.rows for column in table.columns if column.key in row.values]
    if any(estimate.low is not None for estimate in shown):
        yield "Ranges are 95 % intervals, resampled by image."
    if any(estimate.deviation is not None for estimate in shown):
        yield "± is the standard deviation over seeds."


def _markdown(table: Table) -> str:
    footnotes, best = Footnotes(table), _best_rows(table)

    def cell(number: int, row: Row, column: Column) -> str:
        value, extra = _value(row, column), _extra(row, column)
        value = f"**{value}**" if number in best[column.key] else value
        if column.key in row.groups:
            value += f"<sup>{row.groups[column.key]}</sup>"
        return f"{value} ({extra})" if extra and not extra.startswith("±") else f"{value} {extra}".rstrip()

    head = ["", *(_flat_title(column) for column in table.columns)]
    lines = [head, ["---", *(["---:"] * len(table.columns))]]
    for number, row in enumerate(table.rows):
        name = row.name + _raised(footnotes.marks[number])
        lines.append([name, *(cell(number, row, column) for column in table.columns)])
    body = "".join("| " + " | ".join(c.replace("|", "\\|") for c in line) + " |\n" for line in lines)
    notes = "".join(f"- {line.replace('|', chr(92) + '|')}\n" for line in footnotes.lines())
    return f"**{table.title}**\n\n{body}\n{notes}"


def _latex(table: Table) -> str:
    footnotes, best = Footnotes(table), _best_rows(table)

    def cell(number: int, row: Row, column: Column) -> str:
        value, extra = _value(row, column).replace("–", "--"), _extra(row, column).replace("–", "--")
        value = rf"\textbf{{{value}}}" if number in best[column.key] else value
        if column.key in row.groups:
            value += rf"\textsuperscript{{{row.groups[column.key]}}}"
        extra = extra.replace("±", r"$\pm$")
        return rf"{{{value}}} {{\scriptsize {extra}}}" if extra else f"{{{value}}}"

    lines = [rf"% {table.title}", rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}", r"\toprule"]
    lines += _latex_head(table.columns)
    for number, row in enumerate(table.rows):
        if number and table.rows[number - 1].source != row.source:
            lines.append(r"\midrule")
        marks = ",".join(footnotes.marks[number])
        name = escape_latex(row.name) + (rf"\textsuperscript{{{marks}}}" if marks else "")
        lines.append(" & ".join([name, *(cell(number, row, c) for c in table.columns)]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", r"\par\footnotesize"]
    lines += [escape_latex(line) + r"\\" for line in footnotes.lines()]
    return "\n".join(lines) + "\n"


def _latex_head(columns: Sequence[Column]) -> list[str]:
    titles = " & ".join(["", *(escape_latex(column.title) for column in columns)]) + r" \\"
    groups = _groups(columns)
    if not any(name for name, _, _ in groups):
        return [titles, r"\midrule"]
    spans = " & ".join(["", *(rf"\multicolumn{{{n}}}{{c}}{{{escape_latex(name)}}}" for name, _, n in groups)]) + r" \\"
    rules = " ".join(rf"\cmidrule(lr){{{first + 2}-{first + n + 1}}}" for name, first, n in groups if name)
    return [spans, rules, titles, r"\midrule"]


def _csv(table: Table) -> str:
    text = io.StringIO()
    grouped = ["_group"] if any(row.groups for row in table.rows) else []
    parts = ("", "_low", "_high", "_deviation", *grouped)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["name", "source", "run", "backend", *(c.key + p for c in table.columns for p in parts), "signature", "notes"]
    )
    for row in table.rows:
        numbers: list[float | str | None] = []
        for column in table.columns:
            known = row.values.get(column.key)
            numbers += [known.value, known.low, known.high, known.deviation] if known else [None] * 4
            numbers += [row.groups.get(column.key)] if grouped else []
        recalled = [f"{key} recalled" for key, trust in row.trust.items() if trust == "recalled"]
        writer.writerow(
            [row.name, row.source, row.run, row.backend, *numbers, row.signature, " ".join([*row.notes, *recalled])]
        )
    return text.getvalue()


def _json(table: Table) -> str:
    return json.dumps(as_json(table), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _json_value(row: Row, key: str) -> dict[str, Any]:
    value: dict[str, Any] = dict(row.values[key].as_json())
    return value | {"trust": row.trust[key]} if key in row.trust else value


def _value(row: Row, column: Column) -> str:
    estimate = row.values.get(column.key)
    if estimate is None:
        return "–"
    text = f"{estimate.value:.{column.decimals}f}"
    return f"[{text}]" if row.trust.get(column.key) == "recalled" else text


def _extra(row: Row, column: Column) -> str:
    """The interval or the deviation beside a value, where it has one."""
    estimate = row.values.get(column.key)
    if estimate is None:
        return ""
    if estimate.deviation is not None:
        return f"±{estimate.deviation:.{column.decimals}f}"
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.low:.{column.decimals}f}–{estimate.high:.{column.decimals}f}"


def _best_rows(table: Table) -> dict[str, set[int]]:
    """For each column the rows of ours that print the best value; none where there is nothing to compare."""
    best: dict[str, set[int]] = {}
    for column in table.columns:
        ours = {
            number: round(row.values[column.key].value, column.decimals)
            for number, row in enumerate(table.rows)
            if row.source == "run" and column.key in row.values
        }
        if column.best is None or len(ours) < 2:
            best[column.key] = set()
            continue
        top = (max if column.best == "high" else min)(ours.values())
        best[column.key] = {number for number, value in ours.items() if value == top}
    return best


def _groups(columns: Sequence[Column]) -> list[tuple[str, int, int]]:
    """Neighbouring columns of one group: (name, first column, how many)."""
    groups: list[tuple[str, int, int]] = []
    for number, column in enumerate(columns):
        if groups and groups[-1][0] == column.group:
            name, first, count = groups[-1]
            groups[-1] = (name, first, count + 1)
        else:
            groups.append((column.group, number, 1))
    return groups


def _flat_title(column: Column) -> str:
    return f"{column.group} {column.title}".strip()


def _raised(marks: Sequence[str]) -> str:
    return f" ({','.join(marks)})" if marks else ""


def _letters(number: int) -> str:
    """a, b … z, aa, ab …"""
    text = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def escape_latex(text: str) -> str:
    """Text as LaTeX prints it."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}",
               "β": r"$\beta$", "→": r"$\rightarrow$", "×": r"$\times$", "±": r"$\pm$", "–": "--"}  # fmt: skip
    return "".join(special.get(c, "\\" + c if c in "&%$#_{}" else c) for c in text)


_RENDERERS: dict[str, Callable[[Table], str]] = {
    "markdown": _markdown,
    "latex": _latex,
    "csv": _csv,
    "json": _json,
}
