from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from vsa_toolkit.db import migrate
from vsa_toolkit.db.engine import make_engine
from vsa_toolkit.db.models import Base, Image, RegionSet, Run, Sentence
from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.errors import DataError

from .conftest import sqlite_only


def differences(engine: Any) -> list[Any]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_upgrade_from_empty_equals_the_models(new_url: str) -> None:
    engine = make_engine(new_url)
    migrate.upgrade(engine)
    assert differences(engine) == []
    assert migrate.current(engine) == migrate.HEAD
    engine.dispose()


def test_every_constraint_has_a_name(workspace: Workspace) -> None:
    """But primary keys, which SQLite writes into the column where a number must never be given twice."""
    inspector = inspect(workspace.database.engine)
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        named = [
            *inspector.get_foreign_keys(table), *inspector.get_unique_constraints(table),
            *inspector.get_check_constraints(table),
        ]  # fmt: skip
        assert all(constraint["name"] for constraint in named), table


def test_every_foreign_key_leads_an_index_or_is_one_of_the_two_known_exceptions(workspace: Workspace) -> None:
    """Without an index, deleting a row reads the whole table that may point to it."""
    inspector = inspect(workspace.database.engine)
    bare = set()
    for table in inspector.get_table_names():
        leading = {index["column_names"][0] for index in inspector.get_indexes(table)}
        leading |= {unique["column_names"][0] for unique in inspector.get_unique_constraints(table)}
        leading |= set(inspector.get_pk_constraint(table)["constrained_columns"][:1])
        bare |= {(table, key["constrained_columns"][0]) for key in inspector.get_foreign_keys(table)} - {
            (table, column) for column in leading if column
        }
    # Found through their region set and their campaign; one scan when an import is discarded.
    assert bare == {("regions", "import_id"), ("phrases", "import_id")}


def test_down_to_the_oldest_and_up_again_keeps_the_data(filled: Workspace) -> None:
    """With one migration this is a round from head to head; with more it walks them all down to the first."""
    engine = filled.database.engine
    before = _contents(engine)
    oldest = migrate.known_versions()[0]
    migrate.downgrade(engine, oldest)
    migrate.upgrade(engine)
    assert _contents(engine) == before
    assert differences(engine) == []


def test_down_to_nothing_leaves_no_table(workspace: Workspace) -> None:
    migrate.downgrade(workspace.database.engine, "base")
    assert inspect(workspace.database.engine).get_table_names() == ["alembic_version"]
    migrate.upgrade(workspace.database.engine)
    assert differences(workspace.database.engine) == []


@sqlite_only
def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(filled: Workspace) -> None:
    """Batch mode drops the old table: with foreign keys on, its images' sentences would go with it."""
    from alembic.operations import Operations

    engine = filled.database.engine
    before = _contents(engine)
    with migrate.migrating(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("images", recreate="always"):
            pass
    assert _contents(engine) == before
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_the_number_of_a_deleted_phrase_is_not_given_again_after_a_migration(filled: Workspace) -> None:
    engine = filled.database.engine
    if engine.dialect.name != "sqlite":
        pytest.skip("only SQLite copies a table to change it")
    with migrate.migrating(engine) as connection:
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'phrases'"))
        connection.execute(text("INSERT INTO sqlite_sequence VALUES ('phrases', 41)"))
    migrate.downgrade(engine, "0003")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'phrases'")) == 41


def test_what_older_runs_are_on_gets_its_new_name(filled: Workspace) -> None:
    engine = filled.database.engine
    migrate.downgrade(engine, "0004")
    older = [{"on": "frame", "beam": 3}, {"on": "human-regions"}, {"beta": 0.5}]
    with Session(engine) as session:
        boxes = session.scalars(select(RegionSet)).first()
        assert boxes is not None
        about = {"dataset_id": boxes.dataset_id, "region_set_id": boxes.id, "backend": "made", "split": "test"}
        session.add_all(Run(**about, fingerprint="", options=options) for options in older)
        session.commit()
    migrate.upgrade(engine)
    with Session(engine) as session:
        newer = list(session.scalars(select(Run.options).order_by(Run.id)))
    assert newer == [{**older[0], "on": "frames"}, *older[1:]]
    migrate.downgrade(engine, "0004")
    with Session(engine) as session:
        assert list(session.scalars(select(Run.options).order_by(Run.id))) == older
    migrate.upgrade(engine)


def test_every_numbered_table_keeps_its_numbers_apart(workspace: Workspace) -> None:
    """A migration that copies a table loses AUTOINCREMENT where it does not say it again."""
    if workspace.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's sequences never go back")
    numbered = {table.name for table in Base.metadata.tables.values() if table.kwargs.get("sqlite_autoincrement")}
    with workspace.database.engine.connect() as connection:
        made = connection.scalars(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        assert set(made) == numbered


def test_a_migration_that_fails_changes_nothing(filled: Workspace) -> None:
    engine = filled.database.engine
    before = _contents(engine)
    with pytest.raises(ZeroDivisionError), migrate.migrating(engine) as connection:
        connection.execute(text("DELETE FROM sentences"))
        raise ZeroDivisionError
    assert _contents(engine) == before


def test_the_head_in_the_code_is_the_newest_migration() -> None:
    assert migrate.known_versions()[-1] == migrate.HEAD


def test_an_older_database_asks_for_the_upgrade_in_one_sentence(tmp_path: Path) -> None:
    create_workspace(tmp_path / "w").close()
    engine = make_engine(f"sqlite:///{tmp_path / 'w' / 'vsa.db'}")
    migrate.downgrade(engine, "base")
    engine.dispose()
    with pytest.raises(DataError, match=r"vsa\.db has no tables yet: run `vsa db upgrade`\.$"):
        open_workspace(tmp_path / "w")


def test_a_newer_database_asks_for_a_newer_vsa(filled: Workspace) -> None:
    with migrate.migrating(filled.database.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DataError, match=r"written by a newer vsa \(version 9999\): upgrade vsa\.$"):
        open_workspace(filled.folder)
    with pytest.raises(DataError, match="upgrade vsa"):
        migrate.upgrade(filled.database.engine)


@sqlite_only
def test_a_file_that_is_no_database_is_named(workspace: Workspace) -> None:
    workspace.close()
    for file in workspace.folder.glob("vsa.db*"):
        file.unlink()
    (workspace.folder / "vsa.db").write_text("this is no database, " * 100)
    with pytest.raises(DataError, match=r"vsa\.db is not a database that vsa can read"):
        open_workspace(workspace.folder)


def test_a_database_of_another_program_is_left_alone(new_url: str) -> None:
    engine = make_engine(new_url)
    with migrate.migrating(engine) as connection:
        connection.execute(text("CREATE TABLE accounts (id INTEGER PRIMARY KEY)"))
    with pytest.raises(DataError, match="holds other tables"):
        migrate.upgrade(engine)
    engine.dispose()


def _contents(engine: Any) -> tuple[list[Any], list[Any]]:
    with engine.connect() as connection:
        kept = [column for column in Image.__table__.c if column.name != "bytes"]  # the oldest version has none
        images = connection.execute(select(*kept).order_by(Image.id)).all()
        sentences = connection.execute(select(Sentence.__table__).order_by(Sentence.id)).all()
    assert images
    assert sentences
    return list(images), list(sentences)
