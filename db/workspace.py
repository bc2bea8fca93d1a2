"""A workspace: a folder with `vsa.toml`, the database, and the arrays beside it; found upwards as git does."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import URL

from vsa_toolkit.errors import UserError, did_you_mean

from . import migrate
from .engine import Database, holds_password, make_engine
from .folders import replace
from .queries import Queries
from .store import DatabaseStore

if TYPE_CHECKING:
    from vsa_toolkit.records import CheckpointInfo, RunInfo
    from vsa_toolkit.tables import Table

SETTINGS_FILE = "vsa.toml"
DATABASE_FILE = "vsa.db"
SETTINGS = ("database",)

NEW_SETTINGS = """\
# A vsa workspace. Only what differs from the defaults is written here.
"""
DEFAULT_DATABASE = '# database = "postgresql://user@host/name"   # default: the file vsa.db beside this one\n'


class Workspace(Queries):
    """An open workspace: `folder`, `settings` (vsa.toml as it is), `database` and `store`. Close it, or use `with`.

    `workspace.phrases(split="test").to_pandas()` and the like: see `vsa_toolkit.db.queries`.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = settings
        self.database = Database(database_url(folder, settings))
        self.store = DatabaseStore(self.database, folder)

    def close(self) -> None:
        self.database.close()

    def train(self, backend: str, **options: Any) -> CheckpointInfo:
        """Fit a backend: `vsa_toolkit.runner.train` on this workspace."""
        from vsa_toolkit import runner

        return runner.train(self.store, backend, **options)

    def run(self, backend: str | None = None, **options: Any) -> RunInfo:
        """Run a checkpoint over a split, `workspace.run("brnn", split="test")`: `vsa_toolkit.runner.run`."""
        from vsa_toolkit import runner

        return runner.run(self.store, backend, **options)

    def evaluate(self, protocol: str, **options: Any) -> Table:
        """The table of a protocol over finished runs: `vsa_toolkit.evaluation.evaluate`."""
        from vsa_toolkit import evaluation

        return evaluation.evaluate(self.store, evaluation.Request(protocol, **options))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Workspace {self.folder}>"


def open_workspace(path: Path | str | None = None) -> Workspace:
    """The workspace in folder `path`; with None that of VSA_WORKSPACE, or the nearest one upwards from here.

    Raises:
        UserError: there is no workspace there, or its vsa.toml cannot be read.
        DataError: its database is older (run `vsa db upgrade`), newer, or no database of vsa.
    """
    folder = find_workspace(path)
    workspace = Workspace(folder, read_settings(folder))
    try:
        migrate.check(workspace.database.engine)
    except BaseException:
        workspace.close()
        raise
    return workspace


def create_workspace(folder: Path | str, database: str | None = None) -> Workspace:
    """A new workspace in a folder, which is made if it is not there; with its own database file, or on the one at a URL
    that others may share.

    `vsa.toml` is written last: a folder that has it is a whole workspace. Where it was interrupted it can be repeated.

    Raises:
        UserError: the folder is a workspace already, or the URL is none.
        DatabaseAwayError: the database cannot be reached.
        DataError: it is of another version, or belongs to some other program.
    """
    folder = Path(folder).expanduser().absolute()
    if (folder / SETTINGS_FILE).exists():
        raise UserError(f"{folder} is a workspace already.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: name a folder.")
    if database is None:
        folder.mkdir(parents=True, exist_ok=True)
    engine = make_engine(database_url(folder, {"database": database} if database else {}))
    try:
        if migrate.current(engine) is None:
            migrate.upgrade(engine)
        migrate.check(engine)
    finally:
        engine.dispose()
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, database)
    return open_workspace(folder)


def write_settings(folder: Path, database: str | None) -> None:
    """`vsa.toml`, last of all that makes a workspace; readable by its owner alone where a password is in it."""
    # A JSON string is a TOML string.
    line = DEFAULT_DATABASE if database is None else f"database = {json.dumps(database, ensure_ascii=False)}\n"
    secret = database is not None and holds_password(database)

    def save(temporary: Path) -> None:
        temporary.touch(mode=0o600 if secret else 0o666)
        temporary.write_text(NEW_SETTINGS + line, encoding="utf-8")

    replace(folder / SETTINGS_FILE, save)


@contextmanager
def open_database(path: Path | str | None = None) -> Iterator[Database]:
    """The database of a workspace whatever its version: to upgrade it, or to tell its version."""
    folder = find_workspace(path)
    database = Database(database_url(folder, read_settings(folder)))
    try:
        yield database
    finally:
        database.close()


def find_workspace(path: Path | str | None = None) -> Path:
    """The folder of a workspace; see `open_workspace`."""
    path = path if path is not None else os.environ.get("VSA_WORKSPACE")
    if path is not None:
        folder = Path(path).expanduser().absolute()
        if not (folder / SETTINGS_FILE).is_file():
            raise UserError(f"{folder} is no workspace (it has no {SETTINGS_FILE}): make one with `vsa init {path}`.")
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise UserError(f"neither {here} nor a folder above it is a workspace: make one with `vsa init DIR`.")


def read_settings(folder: Path) -> dict[str, Any]:
    """`vsa.toml` of a workspace: unknown names are refused."""
    file = folder / SETTINGS_FILE
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{file} cannot be read: {error}.") from error
    for name, value in settings.items():
        if name not in SETTINGS:
            raise UserError(f"{file} has an unknown setting {name!r}{did_you_mean(name, SETTINGS)}")
        if not isinstance(value, str):
            raise UserError(f"{file}: {name} must be a string.")
    return settings


def database_url(folder: Path, settings: dict[str, Any]) -> str | URL:
    """The URL of the settings, or of `vsa.db` in the folder."""
    chosen: str | None = settings.get("database")
    return chosen or URL.create("sqlite", database=str(folder / DATABASE_FILE))
