import os
import sys
import threading
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from vsa_toolkit.db.bulk import bulk_insert, reserve_ids
from vsa_toolkit.db.engine import Database, DatabaseAwayError, make_engine, take_turns, without_password
from vsa_toolkit.db.models import Annotator, Dataset, Evaluation, Image, Sentence
from vsa_toolkit.db.workspace import Workspace, open_workspace
from vsa_toolkit.errors import DataError, UserError

from .conftest import postgresql_only, sqlite_only


@sqlite_only
def test_sqlite_has_wal_foreign_keys_and_a_busy_timeout(workspace: Workspace) -> None:
    with workspace.database.read() as session:
        pragma = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert pragma["journal_mode"] == "wal"
    assert pragma["foreign_keys"] == 1
    assert pragma["busy_timeout"] >= 10_000
    assert pragma["synchronous"] == 2  # FULL: what was acknowledged survives a power cut


def test_a_row_that_points_nowhere_is_refused(workspace: Workspace) -> None:
    with pytest.raises(IntegrityError), workspace.database.write() as session:
        session.add(Sentence(image_id=99, import_id=99, number=0, text="nobody's"))


def test_a_write_that_raises_leaves_nothing(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), workspace.database.write() as session:
        session.add(Annotator(name="ann"))
        session.flush()
        raise ZeroDivisionError
    with workspace.database.read() as session:
        assert session.scalars(select(Annotator)).all() == []


def test_a_reader_keeps_its_view_while_others_write(workspace: Workspace) -> None:
    with workspace.database.read() as session:
        assert session.scalars(select(Annotator.name)).all() == []
        with workspace.database.write() as other:
            other.add(Annotator(name="ann"))
        assert session.scalars(select(Annotator.name)).all() == []
    with workspace.database.read() as session:
        assert session.scalars(select(Annotator.name)).all() == ["ann"]


def test_many_writers_lose_no_change(filled: Workspace) -> None:
    """Read, add one, write: where each waits for its turn no addition is lost, and nobody is turned away."""
    failed: list[BaseException] = []

    def add_ones() -> None:
        database = Database(filled.database.engine.url)
        try:
            for _ in range(10):
                with database.write() as session:
                    take_turns(session, "image", 1)
                    width = session.scalar(select(Image.width).where(Image.id == 1)) or 0
                    session.execute(update(Image).where(Image.id == 1).values(width=width + 1))
        except BaseException as error:
            failed.append(error)
        finally:
            database.close()

    with filled.database.read() as session:
        before = session.scalar(select(Image.width).where(Image.id == 1)) or 0
    threads = [threading.Thread(target=add_ones) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with filled.database.read() as session:
        assert session.scalar(select(Image.width).where(Image.id == 1)) == before + 60


def test_reserved_ids_are_new_ones(filled: Workspace) -> None:
    with filled.database.write() as session:
        there = set(session.scalars(select(Sentence.id)))
        ids = reserve_ids(session, Sentence, 5)
        assert len(set(ids)) == 5
        assert not there & set(ids)


def test_bulk_insert_writes_json_and_times_as_the_models_read_them(workspace: Workspace) -> None:
    from vsa_toolkit.db.base import now

    moment = now()
    with workspace.database.write() as session:
        bulk_insert(session, Dataset, [{"name": "a", "format": "f", "root": "r", "created_at": moment}])
    with workspace.database.read() as session:
        assert session.scalars(select(Dataset.created_at)).one() == moment


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", r"database 'nonsense' is not a database URL: write postgresql://USER@HOST/NAME in vsa.toml"),
        ("postgresql://ann:secret@host:port/name", r"'postgresql://ann:\*\*\*@host:port/name' is not a database URL"),
        ("postgresql+asyncpg://ann:secret@host/name", r"'postgresql\+asyncpg://ann:\*\*\*@host/name': vsa speaks to"),
        ("oracle+oracledb://host/name", "vsa speaks to SQLite and, by postgresql.psycopg://, to PostgreSQL"),
    ],
)
def test_a_url_that_is_none_is_refused_in_one_sentence(url: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_engine(url)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"needs the Python package 'psycopg': pip install 'vsa-toolkit\[postgres\]'"):
        make_engine("postgresql://ann@host/name")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:se@cret@host/name",
        "postgresql://ann@host/name?password=secret",
        "postgresql://ann:secret@host:seven/name",
        "ann:secret@host/name",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    assert "cret" not in without_password(url)


def test_a_server_that_is_not_there_is_one_sentence_without_a_password() -> None:
    pytest.importorskip("psycopg")
    database = Database("postgresql://ann:secret@127.0.0.1:1/name")
    with pytest.raises(DatabaseAwayError, match="is the server running") as caught, database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert "ann:***@127.0.0.1:1/name" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@postgresql_only
def test_a_reader_cannot_change_anything(filled: Workspace) -> None:
    with pytest.raises(DBAPIError, match="read-only"), filled.database.read() as session:
        session.execute(update(Image).values(width=1))


@postgresql_only
def test_a_value_that_the_database_cannot_hold_is_one_sentence(filled: Workspace) -> None:
    rows = [{"image_id": 1, "import_id": 1, "number": 9, "text": "a \0 dog"}]
    with pytest.raises(DataError, match="cannot hold a value"), filled.database.write() as session:
        bulk_insert(session, Sentence, rows)
    with pytest.raises(DataError, match="cannot hold a value"), filled.database.read() as session:
        session.scalars(select(Image).where(Image.id == 2**40)).all()


@sqlite_only
def test_a_number_that_the_database_cannot_hold_is_one_sentence(filled: Workspace) -> None:
    with pytest.raises(DataError, match="holds no whole number as large"), filled.database.read() as session:
        session.scalars(select(Image).where(Image.id == 2**63)).all()


@sqlite_only
def test_where_nothing_can_be_written_the_file_is_looked_at_without_one_beside_it(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.close()
    before = sorted(filled.folder.iterdir())
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with open_workspace(filled.folder) as looked:
        with looked.database.read() as session:
            assert len(session.scalars(select(Image.id)).all()) == 6
            assert sorted(filled.folder.iterdir()) == before
        assert looked.store.save_evaluation(None, "retrieval", "one", {}) is None
        with pytest.raises(DatabaseAwayError, match="readonly"), looked.database.write() as session:
            session.add(Annotator(name="ann"))


@postgresql_only
def test_json_without_a_number_for_it_is_kept_as_null(filled: Workspace) -> None:
    filled.store.save_evaluation(None, "retrieval", "one", {"r1": float("nan"), "list": [1.5, float("-inf")]})
    with filled.database.read() as session:
        assert session.scalars(select(Evaluation.values)).one() == {"r1": None, "list": [1.5, None]}


@postgresql_only
def test_a_queue_skips_the_rows_that_others_hold(filled: Workspace) -> None:
    def first_free() -> Any:
        return select(Image.id).order_by(Image.id).limit(1).with_for_update(skip_locked=True)

    with filled.database.write() as one, filled.database.write() as other:
        assert one.scalar(first_free()) != other.scalar(first_free())


@postgresql_only
def test_writers_of_different_things_do_not_wait_for_each_other(filled: Workspace) -> None:
    with filled.database.write() as one, filled.database.write() as other:
        take_turns(one, "image", 1)
        other.execute(text("SET LOCAL lock_timeout = 1"))
        take_turns(other, "image", 2)


@postgresql_only
def test_a_lost_connection_is_made_again(filled: Workspace) -> None:
    with filled.database.read() as session:
        session.execute(text("SELECT 1"))
    other = Database(filled.database.engine.url)
    with other.write() as session:
        session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                             " AND datname = current_database()"))  # fmt: skip
    other.close()
    with filled.database.read() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


@sqlite_only
def test_a_full_disk_is_one_sentence_and_loses_nothing(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        session.add(Annotator(name="ann"))
    with (
        pytest.raises(DatabaseAwayError, match=r"vsa\.db cannot be used: .*full"),
        workspace.database.write() as session,
    ):
        pages = session.execute(text("PRAGMA page_count")).scalar()
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
        session.add_all([Annotator(name="x" * 4000 + str(number)) for number in range(100)])
    with workspace.database.read() as session:
        assert session.scalars(select(Annotator.name)).all() == ["ann"]
