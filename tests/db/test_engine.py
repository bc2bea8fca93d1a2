import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from vsa_toolkit.db.engine import Database, DatabaseAwayError, bulk_insert, make_engine, reserve_ids
from vsa_toolkit.db.models import Annotator, Dataset, Image, Sentence
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError


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
    """Read, add one, write: with the lock taken at the first read no addition is lost, and nobody is turned away."""
    failed: list[BaseException] = []

    def add_ones() -> None:
        database = Database(str(filled.database.engine.url))
        try:
            for _ in range(10):
                with database.write() as session:
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


def test_a_url_that_is_none_is_refused_in_one_sentence() -> None:
    with pytest.raises(UserError, match=r"database 'nonsense' in vsa.toml is not a database URL"):
        make_engine("nonsense")


def test_a_driver_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs the Python package"):
        make_engine("oracle+oracledb://host/name")


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
