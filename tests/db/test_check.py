import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from sqlalchemy import select, text, update

from vsa_toolkit.claim import claim
from vsa_toolkit.db.check import check_workspace
from vsa_toolkit.db.finding import Finding
from vsa_toolkit.db.models import Image, Import, Region
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.store import RunBatch

from .conftest import postgresql_only, sqlite_only


def check(workspace: Workspace, fix: bool = False) -> list[Finding]:
    return check_workspace(workspace.database, workspace.folder, fix=fix)


def kinds(workspace: Workspace, fix: bool = False) -> list[tuple[str, str]]:
    return [(finding.kind, finding.state) for finding in check(workspace, fix)]


def finished_run(workspace: Workspace) -> Path:
    store = workspace.store
    made = store.create_checkpoint("brnn", "made", "frame", "encoder", {}, {})
    store.finish_checkpoint(made.id, "abc", {})
    split = store.read_split("made", "test", "frame")
    run = store.create_run(store.read_checkpoint(made.id), split, {}, {})
    store.save_batch(run.id, RunBatch([split.images[0].id], scores=np.zeros((1, 2), np.float32)))
    store.finish_run(run.id, split, {})
    return run.folder


def test_photos_that_are_the_same_file_are_a_note_that_fixing_leaves(filled: Workspace) -> None:
    photos = filled.folder / "photos"
    same = (photos / "photo0.png").read_bytes()
    (photos / "photo3.png").write_bytes(same)
    with filled.database.write() as session:
        first = select(Image.sha256).where(Image.key == "photo0").scalar_subquery()
        session.execute(update(Image).where(Image.key == "photo3").values(sha256=first))
    (finding,) = check(filled, fix=True)
    assert (finding.kind, finding.state) == ("duplicate photo", "note")
    assert (finding.where, finding.detail) == ("dataset made, image photo0", "the same file as photo3")


def test_a_photo_that_cannot_be_read_is_named(filled: Workspace) -> None:
    (filled.folder / "photos" / "photo0.png").unlink()
    (filled.folder / "photos" / "photo0.png").mkdir()
    (finding,) = check(filled)
    assert (finding.kind, finding.state) == ("photo unreadable", "open")


def test_a_good_workspace_has_no_findings(filled: Workspace) -> None:
    finished_run(filled)
    assert check(filled) == []


def test_missing_and_changed_photos_are_named(filled: Workspace) -> None:
    photos = filled.folder / "photos"
    (photos / "photo0.png").unlink()
    Pillow.new("RGB", (40, 30), "white").save(photos / "photo1.png")
    missing, changed = check(filled)
    assert (missing.kind, changed.kind) == ("photo missing", "photo changed")
    assert missing.where.endswith("photo0.png")
    assert "photo1" in changed.detail
    assert kinds(filled, fix=True) == [("photo missing", "open"), ("photo changed", "open")]


def test_boxes_outside_their_photo_are_named(filled: Workspace) -> None:
    with filled.database.write() as session:
        session.execute(update(Region).where(Region.id == 1).values(x=30.0))
    (finding,) = check(filled)
    assert (finding.kind, finding.where) == ("box outside its photo", "image photo0, region 1")


@sqlite_only  # the other never lets one come to be
def test_orphans_are_named(filled: Workspace) -> None:
    connection = filled.database.engine.raw_connection()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DELETE FROM images WHERE key = 'photo5'")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.close()
    found = {finding.where for finding in check(filled)}
    assert any(where.startswith("sentences, row") for where in found)


def test_an_abandoned_import_is_removed_whole(filled: Workspace) -> None:
    with filled.database.write() as session:
        session.execute(update(Import).values(state="running"))
    (filled.folder / "imports" / "1").mkdir(parents=True)
    assert kinds(filled) == [("abandoned import", "fixable")]
    assert kinds(filled, fix=True) == [("abandoned import", "fixed")]
    assert check(filled) == []
    with filled.database.read() as session:
        for table in ("datasets", "images", "sentences", "regions", "groundings", "region_sets"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_abandoned_runs_checkpoints_and_region_sets_are_removed_with_their_files(filled: Workspace) -> None:
    store = filled.store
    made = store.create_checkpoint("brnn", "made", "frame", "encoder", {}, {})
    split = store.read_split("made", "test", "frame")
    run = store.create_run(made, split, {}, {})
    store.save_batch(run.id, RunBatch([split.images[0].id], scores=np.zeros((1, 2), np.float32)))
    (filled.folder / "region_sets" / str(store.create_region_set("made", "grid", "grid", {}))).mkdir(parents=True)
    found = [("abandoned run", "fixed"), ("abandoned checkpoint", "fixed"), ("abandoned region set", "fixed")]
    assert kinds(filled, fix=True) == found
    assert not run.folder.exists()
    assert not made.folder.exists()
    assert check(filled) == []


def test_what_something_else_was_made_from_is_kept(filled: Workspace) -> None:
    finished_run(filled)
    with filled.database.write() as session:
        session.execute(text("UPDATE checkpoints SET state = 'failed'"))
    (finding,) = check(filled, fix=True)
    assert (finding.state, finding.detail) == ("open", "something else was made from it: kept")


def test_leftover_files_are_removed(filled: Workspace) -> None:
    folder = finished_run(filled)
    (folder / "parts").mkdir()
    (folder / "parts" / "scores-1.npy").write_bytes(b"")
    (filled.folder / "runs" / "77").mkdir()
    (filled.folder / "imports" / "1").mkdir(parents=True)  # of an import that was killed after its last commit
    assert kinds(filled, fix=True) == 2 * [("leftover folder", "fixed")] + [("leftover files", "fixed")]
    assert check(filled) == []


def test_half_written_files_of_dead_processes_are_removed(filled: Workspace) -> None:
    folder = finished_run(filled)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for process in (dead.pid, os.getpid()):
        (folder / f".scores.npy.{process}.part").touch()
    assert [(f.kind, Path(f.where).name) for f in check(filled, fix=True)] == [
        ("leftover files", f".scores.npy.{dead.pid}.part")
    ]
    assert (folder / f".scores.npy.{os.getpid()}.part").exists()


def test_regions_that_are_being_proposed_are_left_alone(filled: Workspace) -> None:
    place = filled.folder / "region_sets" / str(filled.store.create_region_set("made", "grid", "grid", {}))
    with claim(place, "the region set"):
        assert check(filled, fix=True) == []
    assert kinds(filled) == [("abandoned region set", "fixable")]


@postgresql_only
def test_what_another_workspace_of_the_database_began_is_left_alone(filled: Workspace) -> None:
    filled.store.create_region_set("made", "grid", "grid", {})
    (finding,) = check(filled, fix=True)
    assert (finding.kind, finding.state) == ("abandoned region set", "open")
    assert "begun in another workspace folder" in finding.detail


def test_lost_and_changed_arrays_are_named(filled: Workspace) -> None:
    folder = finished_run(filled)
    np.save(folder / "scores.npy", np.ones((1, 2), np.float32))
    assert kinds(filled) == [("array changed", "open")]
    (folder / "scores.npy").unlink()
    assert kinds(filled) == [("array missing", "open")]


def test_work_that_a_process_is_at_is_left_alone(filled: Workspace) -> None:
    made = filled.store.create_checkpoint("brnn", "made", "frame", "encoder", {}, {})
    with claim(made.folder, "the checkpoint"):
        assert check(filled, fix=True) == []
    assert kinds(filled) == [("abandoned checkpoint", "fixable")]
