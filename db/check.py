"""`vsa db check`: do photos, rows and files agree? What can be made again by the same command may be removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vsa_toolkit.claim import claim
from vsa_toolkit.errors import UserError

from . import imports
from .checkpoints import checkpoint_folder
from .datasets import dataset_names, dataset_row, read_images
from .engine import Database, broken_references
from .folders import sha256_of_file
from .models import Checkpoint, Dataset, Image, Import, Region, RegionSet, Run
from .run_arrays import leftover_parts, remove_parts
from .runs import run_folder

Progress = Callable[..., None]
EDGE = 0.01  # pixels that rounding may take a box over the edge of its photo


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. `state`: "open", "fixable" (with --fix) or "fixed"."""

    kind: str
    where: str
    detail: str
    state: str = "open"


@dataclass(frozen=True)
class _Fixable:
    finding: Finding
    fix: Callable[[], None]


def check_workspace(
    database: Database, folder: Path, fix: bool = False, progress: Progress = lambda done, total: None
) -> list[Finding]:
    """All findings; with `fix` the fixable ones are mended."""
    findings = list(_photos(database, folder, progress))
    findings += _boxes(database)
    findings += _references(database)
    findings += _run_files(database, folder)
    fixable_ones = [*_abandoned(database, folder), *_leftovers(database, folder)]
    for fixable in fixable_ones:
        if not fix:
            findings.append(fixable.finding)
            continue
        try:
            fixable.fix()
        except IntegrityError:
            findings.append(replace(fixable.finding, state="open", detail="something else was made from it: kept"))
        else:
            findings.append(replace(fixable.finding, state="fixed"))
    return findings


def _photos(database: Database, folder: Path, progress: Progress) -> Iterator[Finding]:
    """Photos whose file is gone or holds other bytes than when it was imported."""
    with database.read() as session:
        images = [
            image
            for name in dataset_names(session)
            for image in read_images(session, dataset_row(session, name), folder)
        ]
    for done, image in enumerate(images, start=1):
        try:
            if sha256_of_file(image.file) != image.sha256:
                yield Finding("photo changed", str(image.file), f"image {image.key} was another file when imported")
        except FileNotFoundError:
            yield Finding("photo missing", str(image.file), f"image {image.key}: put the file back")
        except OSError as error:
            yield Finding("photo unreadable", str(image.file), f"image {image.key}: {error.strerror or error}")
        if done % 100 == 0 or done == len(images):
            progress(done, len(images))


def _boxes(database: Database) -> list[Finding]:
    outside = or_(
        Region.x < -EDGE, Region.y < -EDGE, Region.x + Region.width > Image.width + EDGE,
        Region.y + Region.height > Image.height + EDGE,
    )  # fmt: skip
    chosen = (
        select(Region.id, Image.key, RegionSet.name, Image.width, Image.height)
        .join(Image, Image.id == Region.image_id)
        .join(RegionSet, RegionSet.id == Region.region_set_id)
        .where(outside)
        .order_by(Region.id)
    )
    with database.read() as session:
        return [
            Finding("box outside its photo", f"image {key}, region {id}", f"of {name}; the photo is {width} × {height}")
            for id, key, name, width, height in session.execute(chosen)
        ]


def _references(database: Database) -> list[Finding]:
    with database.read() as session:
        return [
            Finding("orphan", f"{table}, row {row}", f"it points to a missing row of {parent}")
            for table, row, parent in broken_references(session)
        ]


def _run_files(database: Database, folder: Path) -> Iterator[Finding]:
    """Arrays of finished runs that are gone or are not what the run wrote."""
    with database.read() as session:
        finished = session.execute(select(Run.id, Run.provenance).where(Run.state == "finished")).all()
    for run_id, provenance in finished:
        for array in provenance.get("arrays", {}).values():
            path = run_folder(folder, run_id) / array["file"]
            if not path.exists():
                yield Finding("array missing", str(path), f"delete run {run_id} and run it again")
            elif sha256_of_file(path) != array["sha256"]:
                yield Finding("array changed", str(path), f"delete run {run_id} and run it again")


def _abandoned(database: Database, folder: Path) -> Iterator[_Fixable]:
    """Work that was begun and not finished, and that no process is at: the same command would go on with it."""
    with database.read() as session:
        begun = session.execute(
            select(Import.id, Import.format, Import.source, Dataset.name)
            .join(Dataset, Dataset.id == Import.dataset_id)
            .where(Import.state != "finished")
        ).all()
        unfinished_runs = session.scalars(select(Run).where(Run.state != "finished")).all()
        unfinished_checkpoints = session.scalars(select(Checkpoint).where(Checkpoint.state != "finished")).all()
        proposed = session.scalars(
            select(RegionSet).where(RegionSet.state != "finished", RegionSet.kind == "proposer")
        ).all()
    work = [
        (Finding("abandoned import", f"dataset {name}", f"vsa import {format} {source}", "fixable"),
         folder / "imports" / str(id), partial(imports.discard_import, import_id=id))
        for id, format, source, name in begun
    ]  # fmt: skip
    work += (
        (Finding("abandoned run", f"run {run.id}", run.reason or run.state, "fixable"),
         run_folder(folder, run.id), partial(_delete, Run, run.id))
        for run in unfinished_runs
    )  # fmt: skip
    work += (
        (Finding("abandoned checkpoint", f"checkpoint {made.id}", made.reason or made.state, "fixable"),
         checkpoint_folder(folder, made.id), partial(_delete, Checkpoint, made.id))
        for made in unfinished_checkpoints
    )  # fmt: skip
    for finding, directory, change in work:
        if not _is_claimed(directory):
            yield _Fixable(finding, partial(_remove, database, change, directory))
    for regions in proposed:
        finding = Finding("abandoned region set", f"region set {regions.name}", regions.state, "fixable")
        yield _Fixable(finding, partial(_remove, database, partial(_delete, RegionSet, regions.id), None))


def _remove(database: Database, change: Callable[[Session], None], directory: Path | None) -> None:
    with nullcontext() if directory is None else claim(directory, str(directory)), database.write() as session:
        change(session)
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)


def _delete(table: type[RegionSet | Checkpoint | Run], id: int, session: Session) -> None:
    session.delete(session.get_one(table, id))


def _is_claimed(directory: Path) -> bool:
    """Whether another process is at work on it."""
    if not directory.is_dir():
        return False
    try:
        with claim(directory, ""):
            return False
    except UserError:
        return True


def _leftovers(database: Database, folder: Path) -> list[_Fixable]:
    """Folders of rows that are gone, and batch files that a finished run no longer needs."""
    found: list[_Fixable] = []
    with database.read() as session:
        kept = {
            "runs": set(session.scalars(select(Run.id))),
            "checkpoints": set(session.scalars(select(Checkpoint.id))),
        }
        finished = session.scalars(select(Run.id).where(Run.state == "finished")).all()
    for name, ids in kept.items():
        for path in sorted((folder / name).glob("[0-9]*")):
            if path.name.isdigit() and int(path.name) not in ids:
                finding = Finding("leftover folder", str(path), f"no row of {name} has that number", "fixable")
                found.append(_Fixable(finding, partial(shutil.rmtree, path)))
    for run_id in finished:
        directory = run_folder(folder, run_id)
        if leftover_parts(directory):
            finding = Finding("leftover files", str(directory / "parts"), "the run has finished", "fixable")
            found.append(_Fixable(finding, partial(remove_parts, directory)))
    return found
