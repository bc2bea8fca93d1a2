"""Published tables, as data: each figure with its source and how far it can be trusted.

A TOML file is a table. A row states `values` as they were printed; `trust` for all of them (`default`) or one by
one: "primary" (read in the paper or the authors' own words), "secondary" (read where someone quotes it) or
"recalled" (not read again: bracketed wherever it prints). `zero_based` names medians that were printed counting from
0: they are shown 1-based, with a note. `averaged` says over how many evaluations a figure is a mean.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from ..errors import DataError

Trust = Literal["primary", "secondary", "recalled"]

_ROUNDING = 0.05  # recalls are printed with one decimal
_MEAN_MARGIN = 1.0
_CUTS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` as we print it, `printed` as the source does."""

    value: float
    printed: float
    trust: Trust


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """`averaged`: over how many evaluations the figures are means (1: a single one)."""

    name: str
    source: str
    figures: Mapping[str, Figure]
    backend: str | None = None
    errata: tuple[str, ...] = ()
    averaged: int = 1

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"From {self.source}.", *self.errata, *self._median_note())

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
    """The rows that may be printed beside runs of `datasets`; `images`: of a split of that size only."""

    key: str
    protocol: str
    title: str
    datasets: tuple[str, ...]
    split: str
    images: int | None
    note: str
    rows: tuple[PublishedRow, ...]


def published_tables() -> list[PublishedTable]:
    """All tables that are shipped, checked.

    Raises:
        DataError: a table that contradicts itself, naming file and row.
    """
    files = sorted(
        (f for f in resources.files(__package__).iterdir() if f.name.endswith(".toml")), key=lambda f: f.name
    )
    return [read_table(file.read_text(encoding="utf-8"), file.name.removesuffix(".toml")) for file in files]


def published_for(protocol: str, dataset: str, split: str, images: int) -> list[PublishedTable]:
    """The tables to print beside a run over `images` images of this split of this dataset."""
    name = "".join(c for c in dataset.lower() if c.isalnum())
    return [
        table
        for table in published_tables()
        if table.protocol == protocol
        and name in table.datasets
        and table.split == split
        and table.images in (None, images)
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
            content["protocol"],
            content["title"],
            tuple(content["datasets"]),
            content["split"],
            content.get("images"),
            content.get("note", ""),
            rows,
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"published table {key}: {error} is missing or wrong.") from error
    for row in table.rows:
        if reasons := impossible({name: f.value for name, f in row.figures.items()}, row.averaged):
            raise DataError(f"published table {key}, row {row.name!r}: {reasons[0]}.")
    return table


def impossible(values: Mapping[str, float], averaged: int = 1) -> list[str]:
    """Why the values of a row cannot all be right; empty where nothing speaks against them.

    A recall is between 0 and 100 and never falls with the cut; a median is at most K exactly where the recall at K is
    50 or more (at 50.0 as printed, either may hold). Where the figures are means over several evaluations, recalls
    within one point of 50 say nothing of the mean of the medians.
    """
    reasons = [
        f"{name} = {value:g} is no percentage"
        for name, value in values.items()
        if not name.endswith("medr") and not 0 <= value <= 100
    ]
    for direction in ("i2t", "t2i"):
        reasons += _falling_recalls(values, direction) + _contradicting_median(values, direction, averaged)
    return reasons


def _falling_recalls(values: Mapping[str, float], direction: str) -> list[str]:
    known = [(k, values[f"{direction}_r{k}"]) for k in _CUTS if f"{direction}_r{k}" in values]
    return [
        f"{direction} R@{k} = {recall:g} is below R@{before} = {earlier:g}"
        for (before, earlier), (k, recall) in pairwise(known)
        if recall < earlier
    ]


def _contradicting_median(values: Mapping[str, float], direction: str, averaged: int) -> list[str]:
    median = values.get(f"{direction}_medr")
    if median is None:
        return []
    reasons = [f"{direction} median rank {median:g} is below 1: ranks count from 1"] if median < 1 else []
    margin = _MEAN_MARGIN if averaged > 1 else _ROUNDING
    for k in _CUTS:
        recall = values.get(f"{direction}_r{k}")
        if recall is None:
            continue
        if recall > 50 + margin and median > k:
            reasons.append(f"{direction} R@{k} = {recall:g} makes the median at most {k}, but {median:g} is given")
        if recall < 50 - margin and median <= k:
            reasons.append(f"{direction} R@{k} = {recall:g} puts the median above {k}, but {median:g} is given")
    return reasons


def _row(row: Mapping[str, Any]) -> PublishedRow:
    trust: Mapping[str, str] = row["trust"]
    zero_based: Sequence[str] = row.get("zero_based", ())
    if unknown := (set(trust) - {"default"} | set(zero_based)) - set(row["values"]):
        raise ValueError(f"a value for {', '.join(sorted(unknown))} of {row['name']!r}")
    figures = {}
    for name, printed in row["values"].items():
        level = trust.get(name, trust.get("default"))
        if level not in get_args(Trust):
            raise ValueError(f"trust of {name} of {row['name']!r} ({level})")
        value = float(printed) + (1 if name in zero_based else 0)
        figures[name] = Figure(value, float(printed), cast(Trust, level))
    return PublishedRow(
        row["name"], row["source"], figures, row.get("backend"), tuple(row.get("errata", ())), row.get("averaged", 1)
    )
