"""The plan of a reproduction: which rows, which configurations of each, what chooses between them, which tables.

A plan is a TOML file of `vsa_toolkit.reproductions`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from .errors import DataError, UserError, did_you_mean

PACKAGE = "vsa_toolkit.reproductions"
NOTHING = "none"
"""A row of a backend that learns nothing has nothing to choose by: one configuration, one seed."""


@dataclass(frozen=True)
class PlanRow:
    """A row of the tables.

    configurations: the `-o` pairs of each. choose: the validation figure that decides between them, and whether a high
    or a low one is better: one of the training curve, or with `judge` one of the captions protocol, over what that run
    (its `vsa run` options) says of the validation split. from_row: the row whose alignments of the training split it
    learns from. runs: the `vsa run` options of each run that its tables need, beside checkpoint and split. tables: the
    protocols. minutes: about how long one training takes on one thread of a processor; where several commands run at
    once the longest begin first, so that none is left alone in the end.
    """

    name: str
    backend: str
    tables: tuple[str, ...]
    configurations: tuple[tuple[str, ...], ...]
    choose: str = "recall"
    best: Literal["high", "low"] = "high"
    judge: tuple[str, ...] | None = None
    from_row: str | None = None
    runs: tuple[tuple[str, ...], ...] = ((),)
    minutes: float = 0.0


@dataclass(frozen=True)
class Plan:
    """`dataset` and `regions` as in the workspace; `tables`: title and `vsa eval` options, `--protocol` first.

    combined: rows of the retrieval table whose scores are added up, with the first seed, as a row of their own.
    """

    name: str
    dataset: str
    regions: str
    seeds: tuple[int, ...]
    rows: tuple[PlanRow, ...]
    tables: tuple[tuple[str, tuple[str, ...]], ...]
    combined: tuple[str, ...] = ()


def plan_names() -> list[str]:
    names = [entry.name for entry in resources.files(PACKAGE).iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def read_plan(name: str) -> Plan:
    """A plan by name.

    Raises:
        UserError: there is none of that name.
        DataError: its rows do not have the same number of configurations, or name a row that is not there.
    """
    if name not in plan_names():
        raise UserError(f"there is no reproduction {name!r}{did_you_mean(name, plan_names())}")
    return _plan(name, tomllib.loads(resources.files(PACKAGE).joinpath(f"{name}.toml").read_text("utf-8")))


def _plan(name: str, stated: dict[str, Any]) -> Plan:
    rows = tuple(
        PlanRow(
            row["name"],
            row.get("backend", row["name"]),
            tuple(row["tables"]),
            tuple(tuple(pairs) for pairs in row["configurations"]),
            row.get("choose", "recall"),
            row.get("best", "high"),
            tuple(row["judge"]) if "judge" in row else None,
            row.get("from_row"),
            tuple(tuple(words) for words in row.get("runs", [[]])),
            float(row.get("minutes", 0)),
        )
        for row in stated["rows"]
    )
    names = {row.name for row in rows}
    combined = tuple(stated.get("combined", ()))
    if len({len(row.configurations) for row in rows if row.choose != NOTHING}) > 1:
        raise DataError(f"reproduction {name}: every row must have the same number of configurations.")
    if unknown := [row.from_row for row in rows if row.from_row and row.from_row not in names]:
        raise DataError(f"reproduction {name}: there is no row {unknown[0]!r} to learn from.")
    if absent := [row for row in combined if row not in names]:
        raise DataError(f"reproduction {name}: there is no row {absent[0]!r} whose scores could be added up.")
    tables = tuple((table["title"], tuple(table["eval"])) for table in stated["tables"])
    return Plan(name, stated["dataset"], stated["regions"], tuple(stated["seeds"]), rows, tables, combined)
