"""Bringing a database to this version of vsa, and telling whether it is there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from vsa_toolkit.errors import DataError, VsaError

from .engine import explained, migrating, name_of

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"
"""The newest migration; opening a workspace compares with it, so that alembic is imported only to migrate."""


def migrations_folder() -> Path:
    """`db/migrations` in an installed wheel, `alembic/` beside `db/` in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "migrations"
    return installed if installed.is_dir() else here.parent / "alembic"


def current(engine: Engine) -> str | None:
    """The migration that a database is at; None where it has no tables yet.

    Raises:
        DatabaseAwayError: the database cannot be opened.
        DataError: it belongs to some other program.
    """
    try:
        with explained(engine), engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            if "alembic_version" in tables:
                return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except VsaError:
        raise
    except Exception as error:  # a file that is no SQLite database raises the driver's own DatabaseError
        raise DataError(f"{name_of(engine)} is not a database that vsa can read: {error}.") from error
    if tables:
        raise DataError(f"database {name_of(engine)} holds other tables ({', '.join(tables[:3])}): give vsa its own.")
    return None


def check(engine: Engine) -> None:
    """Nothing where the database is at this version.

    Raises:
        DataError: it is older (run `vsa db upgrade`) or newer (upgrade vsa).
    """
    version = current(engine)
    if version == HEAD:
        return
    if version is None or version in known_versions():
        state = "has no tables yet" if version is None else f"is at version {version}, this vsa needs {HEAD}"
        raise DataError(f"database {name_of(engine)} {state}: run `vsa db upgrade`.")
    check_is_known(engine, version)


def check_is_known(engine: Engine, version: str | None) -> None:
    """DataError where a database is at a version that this vsa has never heard of."""
    if version is not None and version not in known_versions():
        raise DataError(f"database {name_of(engine)} was written by a newer vsa (version {version}): upgrade vsa.")


def known_versions() -> list[str]:
    """All migrations, oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(migrations_folder()))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the database up (or from nothing) to a version, in one transaction: all of it or nothing."""
    check_is_known(engine, current(engine))
    with migrating(engine) as connection:
        upgrade_within(connection, to)


def upgrade_within(connection: Connection, to: str = "head") -> None:
    """The same in a transaction of `migrating`, which may do more."""
    from alembic import command

    command.upgrade(_config(connection), to)


def downgrade(engine: Engine, to: str) -> None:
    """Take the database back to an older version ("base": no tables)."""
    from alembic import command

    with migrating(engine) as connection:
        command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
