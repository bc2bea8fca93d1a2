"""`vsa db check`: do photos, rows and files agree? What can be made again by the same command may be removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from vsa_toolkit.records import Image as ImageRecord

from .abandoned import abandoned_work, leftover_files
from .datasets import FINISHED, dataset_names, dataset_row, read_images
from .engine import Database, broken_references
from .finding import Finding, Fixable
from .folders import sha256_of_file
from .models import Dataset, Image, Region, RegionSet, Run
from .releases import changed_releases
from .runs import run_folder

Progress = Callable[..., None]
EDGE = 0.01  # pixels that rounding may take a box over the edge of its photo
HASHERS = 4  # threads: a disk that seeks is kept busy, and digests take turns with it
PHOTOS = 100  # between two reports of progress


def check_workspace(
    database: Database, folder: Path, fix: bool = False, progress: Progress = lambda done, total: None
) -> list[Finding]:
    """All findings; with `fix` the fixable ones are mended."""
    findings = list(_photos(database, folder, progress))
    findings += _duplicates(database)
    findings += _boxes(database)
    findings += _references(database)
    findings += _run_files(database, folder)
    findings += changed_releases(database, folder)
    for found in (*abandoned_work(database, folder), *leftover_files(database, folder)):
        if isinstance(found, Fixable):
            findings.append(_mended(found) if fix else found.finding)
        else:
            findings.append(found)
    return findings


def _mended(fixable: Fixable) -> Finding:
    try:
        fixable.fix()
    except IntegrityError:
        return replace(fixable.finding, state="open", detail="something else was made from it: kept")
    return replace(fixable.finding, state="fixed")


def _photos(database: Database, folder: Path, progress: Progress) -> Iterator[Finding]:
    """Photos whose file is gone or holds other bytes than when it was imported."""
    with database.read() as session:
        images = [
            image
            for name in dataset_names(session)
            for image in read_images(session, dataset_row(session, name), folder)
        ]
    with ThreadPoolExecutor(HASHERS, thread_name_prefix="vsa-check") as pool:
        for start in range(0, len(images), PHOTOS):
            part = images[start : start + PHOTOS]
            yield from filter(None, pool.map(_photo, part))
            progress(start + len(part), len(images))


def _photo(image: ImageRecord) -> Finding | None:
    try:
        if sha256_of_file(image.file) == image.sha256:
            return None
    except FileNotFoundError:
        way_out = "put the file back, or vsa db relink DIR where it went"
        return Finding("photo missing", str(image.file), f"image {image.key}: {way_out}")
    except OSError as error:
        return Finding("photo unreadable", str(image.file), f"image {image.key}: {error.strerror or error}")
    return Finding("photo changed", str(image.file), f"image {image.key} was another file when imported")


def _duplicates(database: Database) -> list[Finding]:
    """Photos of one dataset that are byte for byte the same: some datasets have them."""
    visible = Image.import_id.in_(FINISHED)
    twice = (
        select(Image.dataset_id, Image.sha256)
        .where(visible)
        .group_by(Image.dataset_id, Image.sha256)
        .having(func.count() > 1)
        .subquery()
    )
    chosen = (
        select(Dataset.name, Image.sha256, Image.key)
        .join(twice, (twice.c.dataset_id == Image.dataset_id) & (twice.c.sha256 == Image.sha256))
        .join(Dataset, Dataset.id == Image.dataset_id)
        .where(visible)
        .order_by(Image.dataset_id, Image.id)
    )
    groups: dict[tuple[str, str], list[str]] = {}
    with database.read() as session:
        for name, sha256, key in session.execute(chosen):
            groups.setdefault((name, sha256), []).append(key)
    return [
        Finding(
            "duplicate photo", f"dataset {name}, image {keys[0]}", f"the same file as {', '.join(keys[1:])}", "note"
        )
        for (name, _), keys in groups.items()
    ]


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
