"""A database as a file and back, between the two engines."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from vsa_toolkit.db import migrate
from vsa_toolkit.db.engine import Database, make_engine
from vsa_toolkit.db.models import Annotator, Base
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.portable import check_file, load_database, save_database
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError

from .conftest import sqlite_only


def contents(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table, as Python values."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
        }


@pytest.fixture
def lived_in(filled: Workspace) -> Workspace:
    """With people's work in it: phrases, one on a box that replaces another, one deleted, one undone; and a run."""
    book = PhraseBook(filled.database)
    at = Place(book.campaign("made").id, book.annotator("Zoë ☃"), 1)
    phrase = book.add(at, "op-1", "a 🐕 \\ \t 'quoted'", (1, 2, 3.5, 4.25), seconds=1.5)["phrase"]["id"]
    book.move(at, "op-2", phrase, (2, 2, 3, 4))
    other = book.add(at, "op-3", "another", (5, 5, 6, 7))["phrase"]["id"]
    book.undo(at, "op-4")
    book.add(at, "op-5", "third", (5, 5, 6, 7))
    book.submit(at, "op-6")
    assert other
    store = filled.store
    made = store.create_checkpoint("brnn", "made", "frame", "encoder", {"rate": 1e-3, "list": [None, True]}, {})
    store.finish_checkpoint(made.id, "abc", {})
    store.save_evaluation(None, "retrieval", "protocol:retrieval", {"r1": 0.1 + 0.2})
    return filled


def test_a_file_holds_every_row_and_gives_it_back_to_either_engine(
    lived_in: Workspace, new_url: str, tmp_path: Path
) -> None:
    save_database(lived_in.database.engine, tmp_path / "saved.db")
    before = contents(lived_in.database.engine)
    assert all(before[name] for name in ("regions", "journal", "phrases", "grounding_regions", "evaluations"))
    saved = make_engine(f"sqlite:///{tmp_path / 'saved.db'}")
    assert contents(saved) == before
    saved.dispose()
    restored = make_engine(new_url)
    load_database(tmp_path / "saved.db", restored)
    assert contents(restored) == before
    assert migrate.current(restored) == migrate.HEAD
    restored.dispose()


def test_a_number_that_was_given_is_not_given_again_after_a_restore(
    filled: Workspace, new_url: str, tmp_path: Path
) -> None:
    with filled.database.write() as session:
        session.add(Annotator(id=None, name="ann"))
        session.add(Annotator(id=None, name="bob"))
    with filled.database.write() as session:
        session.execute(text("DELETE FROM annotators WHERE name = 'bob'"))
    save_database(filled.database.engine, tmp_path / "saved.db")
    restored = Database(new_url)
    load_database(tmp_path / "saved.db", restored.engine)
    with restored.write() as session:
        newcomer = Annotator(name="cy")
        session.add(newcomer)
        session.flush()
        assert newcomer.id == 3
    restored.close()


def test_a_database_that_is_not_empty_is_not_filled(filled: Workspace, tmp_path: Path) -> None:
    save_database(filled.database.engine, tmp_path / "saved.db")
    with pytest.raises(DataError, match="is not empty"):
        load_database(tmp_path / "saved.db", filled.database.engine)


def test_a_row_that_cannot_go_in_leaves_the_database_empty(filled: Workspace, new_url: str, tmp_path: Path) -> None:
    save_database(filled.database.engine, tmp_path / "saved.db")
    with sqlite3.connect(tmp_path / "saved.db") as connection:
        connection.execute("INSERT INTO sentences (id, image_id, import_id, number, text) VALUES (999, 999, 1, 0, 'x')")
    connection.close()
    restored = make_engine(new_url)
    with pytest.raises(Exception, match=r"sentences|point to no row"):
        load_database(tmp_path / "saved.db", restored)
    assert migrate.current(restored) is None
    restored.dispose()


def test_what_is_saved_while_people_write_is_one_moment(filled: Workspace, tmp_path: Path) -> None:
    """Every phrase has its journal entry, every entry its phrase."""
    book = PhraseBook(filled.database)
    campaign, stop = book.campaign("made").id, threading.Event()
    began = threading.Semaphore(0)

    def annotate(name: str, image: int) -> None:
        at, number = Place(campaign, book.annotator(name), image), 0
        while not stop.is_set():
            number += 1
            book.add(at, f"{name}-{number}", f"phrase {number}", (1, 1, 5, 5))
            began.release()

    threads = [threading.Thread(target=annotate, args=(f"ann{n}", n)) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        began.acquire()
    save_database(filled.database.engine, tmp_path / "saved.db")
    stop.set()
    for thread in threads:
        thread.join()
    saved = sqlite3.connect(tmp_path / "saved.db")
    phrases = saved.execute("SELECT count(*), count(DISTINCT region_id) FROM phrases").fetchone()
    assert phrases[0] >= 6
    assert phrases == saved.execute("SELECT count(*), count(*) FROM journal WHERE kind = 'add'").fetchone()
    assert saved.execute("PRAGMA foreign_key_check").fetchall() == []
    saved.close()


@sqlite_only
def test_a_damaged_database_is_not_saved_as_if_it_were_whole(filled: Workspace, tmp_path: Path) -> None:
    filled.close()
    file = filled.folder / "vsa.db"
    data = bytearray(file.read_bytes())
    data[4096 * 3 : 4096 * 5] = b"\x07" * 8192
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"is damaged|no database of vsa"):
        save_database(filled.database.engine, tmp_path / "saved.db")


def test_a_file_that_is_no_database_of_vsa_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_text("nothing of the kind " * 400)
    with pytest.raises(DataError, match=r"other\.db is no database of vsa"):
        check_file(tmp_path / "other.db")
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(DataError, match=r"empty\.db is no database of vsa"):
        check_file(tmp_path / "empty.db")
