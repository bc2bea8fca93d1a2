"""Published tables, as data: each figure with its source and how far it can be trusted.

A TOML file is a table. A row states `values` as they were printed; `trust` for all of them (`default`) or one by
one: "primary" (read in the paper or the authors' own words), "secondary" (read where someone quotes it) or
"recalled" (not read again: bracketed wherever it prints). `zero_based` names medians that were printed counting from
0: they are shown 1-based, with a note. `averaged` says over how many evaluations a figure is a mean. `misprints` names
figures that cannot be right beside the others: they are told in a note and not shown.

A table may say which BLEU its figures are (`profile`: shown beside that one only), by how much they were rounded
(`rounding`) and how many words a description has (`words`), which is what the checker needs to know.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal, cast, get_args

from ..errors import DataError
from ..plausible import ROUNDING, impossible

Trust = Literal["primary", "secondary", "recalled"]


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` as we print it, `printed` as the source does."""

    value: float
    printed: float
    trust: Trust


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """`averaged`: over how many evaluations the figures are means (1: a single one). `misprints`: what was printed,
    but cannot be right."""

    name: str
    source: str
    figures: Mapping[str, Figure]
    backend: str | None = None
    errata: tuple[str, ...] = ()
    averaged: int = 1
    misprints: Mapping[str, float] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        left_out = [f"Printed as {name} {value:g}, which cannot be." for name, value in self.misprints.items()]
        return (f"From {self.source}.", *self.errata, *left_out, *self._median_note())

    def _median_note(self) -> tuple[str, ...]:
        shifted = {name: f for name, f in self.figures.items() if f.value != f.printed}
        if not shifted:
            return ()
        printed = ", ".join(f"{f.printed:.1f}" for f in shifted.values())
        return (
            f"Medians were printed as {printed}: 0-based (the recalls allow nothing else) means over "
            f"{self.averaged} evaluations; shown here 1-based, one higher.",
        )


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """The rows that may be printed beside runs of `datasets`; `images`: of a split of that size only; `profile`: beside
    that BLEU only."""

    key: str
    protocols: tuple[str, ...]
    title: str
    datasets: tuple[str, ...]
    split: str
    images: int | None
    note: str
    rows: tuple[PublishedRow, ...]
    profile: str | None = None
    rounding: float = ROUNDING
    words: float | None = None


def published_tables() -> list[PublishedTable]:
    """All tables that are shipped, checked.

    Raises:
        DataError: a table that contradicts itself, naming file and row.
    """
    files = sorted(
        (f for f in resources.files(__package__).iterdir() if f.name.endswith(".toml")), key=lambda f: f.name
    )
    return [read_table(file.read_text(encoding="utf-8"), file.name.removesuffix(".toml")) for file in files]


def published_for(
    protocol: str, dataset: str, split: str, images: int | None, profile: str | None = None
) -> list[PublishedTable]:
    """The tables to print beside rows over `images` images of this split of this dataset, in this profile of BLEU."""
    name = "".join(c for c in dataset.lower() if c.isalnum())
    return [
        table
        for table in published_tables()
        if protocol in table.protocols
        and name in table.datasets
        and table.split == split
        and table.images in (None, images)
        and table.profile in (None, profile)
    ]


def read_table(text: str, key: str) -> PublishedTable:
    """A table from TOML.

    Raises:
        DataError: no TOML, something missing, or a row that cannot be (`impossible`).
    """
    try:
        content = tomllib.loads(text)
        rows = tuple(_row(row) for row in content["rows"])
        table = PublishedTable(
            key,
            _several(content["protocol"]),
            content["title"],
            tuple(content["datasets"]),
            content["split"],
            content.get("images"),
            content.get("note", ""),
            rows,
            content.get("profile"),
            content.get("rounding", ROUNDING),
            content.get("words"),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"published table {key}: {error} is missing or wrong.") from error
    for row in table.rows:
        values = {name: figure.value for name, figure in row.figures.items()}
        if reasons := impossible(values, row.averaged, table.rounding, table.words):
            raise DataError(f"published table {key}, row {row.name!r}: {reasons[0]}.")
    return table


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _row(row: Mapping[str, Any]) -> PublishedRow:
    trust: Mapping[str, str] = row["trust"]
    zero_based: Sequence[str] = row.get("zero_based", ())
    misprints: Sequence[str] = row.get("misprints", ())
    if unknown := (set(trust) - {"default"} | set(zero_based) | set(misprints)) - set(row["values"]):
        raise ValueError(f"a value for {', '.join(sorted(unknown))} of {row['name']!r}")
    figures = {}
    for name, printed in row["values"].items():
        if name in misprints:
            continue
        level = trust.get(name, trust.get("default"))
        if level not in get_args(Trust):
            raise ValueError(f"trust of {name} of {row['name']!r} ({level})")
        value = float(printed) + (1 if name in zero_based else 0)
        figures[name] = Figure(value, float(printed), cast(Trust, level))
    return PublishedRow(
        row["name"], row["source"], figures, row.get("backend"), tuple(row.get("errata", ())), row.get("averaged", 1),
        {name: float(row["values"][name]) for name in misprints},
    )  # fmt: skip
