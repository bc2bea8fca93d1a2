"""Work that was begun and that no process is at any more, and the files that it left."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit.claim import claim
from vsa_toolkit.errors import UserError

from . import imports
from .engine import Database
from .finding import Finding, Fixable
from .models import Checkpoint, Dataset, Import, RegionSet, Run
from .run_arrays import leftover_parts, remove_parts

TEMPORARY = (
    "runs/*/.*.part", "runs/*/parts/.*.part", "checkpoints/*/*.part", "features/*/.*.tmp", "releases/.*.part",
    "backups/.*.part",
)  # fmt: skip
"""Files that are given their names when they are whole, below a workspace's folder."""


def abandoned_work(database: Database, folder: Path) -> Iterator[Finding | Fixable]:
    """Imports, region sets, trainings and runs that were begun, not finished, and that no process is at: the same
    command would go on with them. On a shared database only those that were begun in this folder can be fixed here."""
    shared = database.engine.dialect.name != "sqlite"
    for finding, directory, change in _unfinished(database, folder):
        if shared and not directory.is_dir():
            elsewhere = f"{finding.detail}; begun in another workspace folder: fix it there"
            yield Finding(finding.kind, finding.where, elsewhere)
        elif not _is_claimed(directory):
            yield Fixable(finding, partial(_remove, database, change, directory))


def leftover_files(database: Database, folder: Path) -> Iterator[Fixable]:
    """Folders of rows that are gone or that need none any more, and files that a kill left half-written."""
    there = {
        name: [path for path in sorted((folder / name).glob("[0-9]*")) if path.name.isdigit()]
        for name in ("imports", "region_sets", "checkpoints", "runs")
    }  # before the rows are read: a folder that is made meanwhile is none of these
    with database.read() as session:
        needed = {
            "imports": session.scalars(select(Import.id).where(Import.state != "finished")).all(),
            "region_sets": session.scalars(select(RegionSet.id).where(RegionSet.state != "finished")).all(),
            "checkpoints": session.scalars(select(Checkpoint.id)).all(),
            "runs": session.scalars(select(Run.id)).all(),
        }
        finished = session.scalars(select(Run.id).where(Run.state == "finished")).all()
    for name, paths in there.items():
        for path in paths:
            if int(path.name) not in needed[name] and not _is_claimed(path):
                finding = Finding("leftover folder", str(path), f"nothing of {name} needs it", "fixable")
                yield Fixable(finding, partial(shutil.rmtree, path))
    for run_id in finished:
        directory = folder / "runs" / str(run_id)
        if leftover_parts(directory):
            finding = Finding("leftover files", str(directory / "parts"), "the run has finished", "fixable")
            yield Fixable(finding, partial(remove_parts, directory))
    for pattern in TEMPORARY:
        for path in sorted(folder.glob(pattern)):
            if not _is_being_written(path, folder):
                finding = Finding("leftover files", str(path), "it was never finished", "fixable")
                yield Fixable(finding, partial(_delete_path, path))


def _unfinished(database: Database, folder: Path) -> Iterator[tuple[Finding, Path, Callable[[Session], None]]]:
    """What it is, the folder that a process at work on it claims, and what removes its rows."""
    with database.read() as session:
        begun = session.execute(
            select(Import.id, Import.format, Import.source, Dataset.name)
            .join(Dataset, Dataset.id == Import.dataset_id)
            .where(Import.state != "finished")
        ).all()
        proposed = session.scalars(
            select(RegionSet).where(RegionSet.state != "finished", RegionSet.kind == "proposer")
        ).all()
        trained = session.scalars(select(Checkpoint).where(Checkpoint.state != "finished")).all()
        run = session.scalars(select(Run).where(Run.state != "finished")).all()
    for id, format, source, name in begun:
        finding = Finding("abandoned import", f"dataset {name}", f"vsa import {format} {source}", "fixable")
        yield finding, folder / "imports" / str(id), partial(imports.discard_import, import_id=id)
    for rows, kind, name in ((run, "run", "runs"), (trained, "checkpoint", "checkpoints")):
        for row in rows:
            finding = Finding(f"abandoned {kind}", f"{kind} {row.id}", row.reason or row.state, "fixable")
            yield finding, folder / name / str(row.id), partial(_delete, type(row), row.id)
    for regions in proposed:
        finding = Finding("abandoned region set", f"region set {regions.name}", regions.state, "fixable")
        yield finding, folder / "region_sets" / str(regions.id), partial(_delete, RegionSet, regions.id)


def _remove(database: Database, change: Callable[[Session], None], directory: Path) -> None:
    with claim(directory, str(directory)):
        with database.write() as session:
            change(session)
        shutil.rmtree(directory, ignore_errors=True)


def _delete(table: type[RegionSet | Checkpoint | Run], id: int, session: Session) -> None:
    session.delete(session.get_one(table, id))


def _delete_path(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _is_claimed(directory: Path) -> bool:
    """Whether another process is at work on it."""
    if not directory.is_dir():
        return False
    try:
        with claim(directory, ""):
            return False
    except UserError:
        return True


def _is_being_written(path: Path, folder: Path) -> bool:
    """Whether the process that its name tells is alive, or one is at work in a folder above it."""
    number = re.search(r"\.(\d+)\.(part|tmp)$", path.name)
    if number and _is_alive(int(number.group(1))):
        return True
    above = (path, *(parent for parent in path.parents if parent.is_relative_to(folder)))
    return any(_is_claimed(place) for place in above if (place / ".claim").exists())


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True
