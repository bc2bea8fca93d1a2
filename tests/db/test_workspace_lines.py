"""A workspace as lines: whole, lossless, from one database to another and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from vsa_toolkit.db import workspace_lines
from vsa_toolkit.db.base import Base
from vsa_toolkit.db.models import Image, Import, Phrase, RegionSet
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace, create_workspace
from vsa_toolkit.db.workspace_lines import LEFT_OUT, load_lines, save_lines
from vsa_toolkit.errors import DataError, UserError

from .conftest import sqlite_only


@pytest.fixture
def worked(filled: Workspace) -> Workspace:
    """A workspace in which people wrote, changed their mind, and submitted."""
    book = PhraseBook(filled.database)
    at = place(filled)
    made = book.add(at, "one", "a red dog", (1.0, 2.0, 10.5, 12.25))["phrase"]
    book.add(at, "two", "gone again", (1.0, 2.0, 3.0, 4.0))
    book.undo(at, "three")
    book.edit(at, "four", made["id"], "a dog — “rot”", seconds=1.5)
    book.submit(at, "five")
    return filled


def place(workspace: Workspace) -> Place:
    book = PhraseBook(workspace.database)
    with workspace.database.read() as session:
        image = session.scalars(select(Image.id).order_by(Image.id)).first()
    assert image is not None
    return Place(book.campaign("made").id, book.annotator("ann"), image)


def contents(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    with workspace.database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
            if table.name not in LEFT_OUT
        }


def test_a_workspace_moves_to_another_database_and_back(
    worked: Workspace, workspace: Workspace, tmp_path: Path
) -> None:
    """From this database to SQLite and to this again: PostgreSQL → SQLite → PostgreSQL on the one of the two runs."""
    first, second, third = (tmp_path / f"{n}.jsonl" for n in range(3))
    counted = save_lines(worked.database, first)
    with create_workspace(tmp_path / "between") as between:
        assert load_lines(between.database, first) == counted
        assert contents(between) == contents(worked)
        save_lines(between.database, second)
    load_lines(workspace.database, second)
    save_lines(workspace.database, third)
    assert contents(workspace) == contents(worked)
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()


def test_people_go_on_where_they_were(worked: Workspace, workspace: Workspace, tmp_path: Path) -> None:
    """The journal undoes what was done before the move, and no number is given twice."""
    save_lines(worked.database, tmp_path / "a.jsonl")
    load_lines(workspace.database, tmp_path / "a.jsonl")
    book, at = PhraseBook(workspace.database), place(workspace)
    assert book.undo(at, "six")["undone"] == "submit"
    assert book.undo(at, "seven")["undone"] == "edit"
    assert [phrase.text for phrase in book.phrases(at)] == ["a red dog"]
    new = book.add(at, "eight", "another", (1.0, 1.0, 5.0, 5.0))["phrase"]
    assert new["id"] == 3  # 2 was taken back


def test_what_machines_made_is_left_out_and_what_points_to_it_is_cleared(filled: Workspace) -> None:
    assert {"runs", "checkpoints", "captions", "snippets", "evaluations"} <= LEFT_OUT
    kept = {table.name for table in workspace_lines.tables()}
    assert kept >= {
        "datasets", "imports", "images", "sentences", "region_sets", "regions", "groundings", "grounding_regions",
        "annotators", "campaigns", "assignments", "phrases", "phrase_sources", "suggestions", "journal",
    }  # fmt: skip
    cleared = {
        f"{table.name}.{column.name}"
        for table in workspace_lines.tables()
        for column in table.c
        if any(key.column.table.name in LEFT_OUT for key in column.foreign_keys)
    }
    assert cleared == {"suggestions.run_id"}
    assert all(Base.metadata.tables[name.partition(".")[0]].c[name.partition(".")[2]].nullable for name in cleared)


def test_a_full_workspace_takes_no_other(worked: Workspace, tmp_path: Path) -> None:
    save_lines(worked.database, tmp_path / "a.jsonl")
    before = contents(worked)
    with pytest.raises(UserError, match="goes into an empty one; this one has annotators: make a new one"):
        load_lines(worked.database, tmp_path / "a.jsonl")
    assert contents(worked) == before


def test_a_dry_run_reads_all_and_writes_nothing(worked: Workspace, workspace: Workspace, tmp_path: Path) -> None:
    counted = save_lines(worked.database, tmp_path / "a.jsonl")
    assert load_lines(workspace.database, tmp_path / "a.jsonl", dry_run=True) == counted
    assert not any(contents(workspace).values())


def test_a_file_that_is_there_and_unfinished_work_are_refused(filled: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("precious")
    with pytest.raises(UserError, match="is there already"):
        save_lines(filled.database, tmp_path / "a.jsonl")
    with filled.database.write() as session:
        session.get_one(Import, 1).state = "running"
    with pytest.raises(UserError, match="'made' of dataset 'made' is unfinished: run the command that made it again"):
        save_lines(filled.database, tmp_path / "b.jsonl")
    with filled.database.write() as session:
        session.get_one(Import, 1).state = "finished"
        session.get_one(RegionSet, 2).state = "running"
    with pytest.raises(UserError, match="is unfinished"):
        save_lines(filled.database, tmp_path / "b.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".jsonl") == ["a.jsonl"]


Change = Callable[[list[str]], list[str]]


def row(of_table: str, **values: Any) -> Change:
    """The first row of a table with other values."""

    def change(lines: list[str]) -> list[str]:
        place = next(n for n, line in enumerate(lines) if f'"table":"{of_table}"' in line)
        old = json.loads(lines[place])
        new = {name: value for name, value in (old | values).items() if value is not ...}
        return [*lines[:place], json.dumps(new), *lines[place + 1 :]]

    return change


@sqlite_only
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "is truncated: its last line does not say that it is whole"),
        (lambda lines: [*lines[:-3], lines[-1]], r"has 10 rows of grounding_regions, its first line says 12"),
        (lambda lines: lines[1:], "line 1 is no header of a vsa workspace"),
        (lambda lines: ["{broken", *lines[1:]], "line 1 is no header of a vsa workspace"),
        (lambda lines: [lines[0].replace('"schema":1', '"schema":2'), *lines[1:]], "which is newer: upgrade vsa"),
        (lambda lines: [lines[0].replace('"role"', '"rolle"'), *lines[1:]], "this vsa has no annotators.rolle"),
        (lambda lines: [*lines[:2], "[1", *lines[3:]], r"a\.jsonl, line 3 is no JSON object"),
        (lambda lines: [lines[0], lines[5], *lines[1:5], *lines[6:]], "must come before"),
        (row("images", table="pictures"), "there is no table 'pictures'"),
        (row("images", width="wide"), r"a\.jsonl, line \d+: width is 'wide', not int; nothing was written"),
        (row("images", width=True), "width is 'True', not int"),
        (row("images", width=0), r"a\.jsonl, lines \d+ to \d+: .*nothing was written"),
        (row("images", sha256=...), "sha256 is missing"),
        (row("images", colour="red"), "images has no column 'colour'"),
        (row("images", path="../../etc/passwd"), "leaves the dataset's folder"),
        (row("images", path="/etc/passwd"), "leaves the dataset's folder"),
        (row("images", import_id=99), "nothing was written"),
        (row("phrases", created_at="yesterday"), "nothing was written"),
        (row("phrases", created_at=5), "created_at is '5', not a time"),
        (row("sentences", text=7), "text is '7', not str"),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_sentence_and_nothing_is_written(
    worked: Workspace, workspace: Workspace, tmp_path: Path, change: Change, message: str
) -> None:
    file = tmp_path / "a.jsonl"
    save_lines(worked.database, file)
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=message):
        load_lines(workspace.database, file)
    assert not any(contents(workspace).values())


def test_what_the_database_refuses_is_one_sentence_and_nothing_is_written(
    worked: Workspace, workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    save_lines(worked.database, file)
    file.write_text("\n".join(row("images", width=0)(file.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=r"a\.jsonl, lines \d+ to \d+: .*size.*; nothing was written\."):
        load_lines(workspace.database, file)
    assert not any(contents(workspace).values())


def test_an_older_vsas_rows_get_what_their_columns_have_by_default(
    worked: Workspace, workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    save_lines(worked.database, file)
    lines = file.read_text().splitlines()
    header = json.loads(lines[0])
    header["tables"]["phrases"]["columns"].remove("import_id")
    header["tables"]["assignments"]["columns"].remove("practice")
    rows = [json.loads(line) for line in lines[1:]]
    for one in rows:
        if one.get("table") == "assignments":
            del one["practice"]
    file.write_text("\n".join(map(json.dumps, [header, *rows])) + "\n")
    load_lines(workspace.database, file)
    assert contents(workspace) == contents(worked)


def test_only_some_rows_are_in_memory(worked: Workspace, workspace: Workspace, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(workspace_lines, "ROWS", 2)
    save_lines(worked.database, tmp_path / "a.jsonl")
    load_lines(workspace.database, tmp_path / "a.jsonl")
    assert contents(workspace) == contents(worked)
    with workspace.database.read() as session:
        assert session.scalars(select(Phrase.text)).all() == ["a dog — “rot”"]
