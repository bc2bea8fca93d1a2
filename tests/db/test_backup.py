from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vsa_toolkit.claim import claim
from vsa_toolkit.db import migrate
from vsa_toolkit.db.backup import DATABASE, MANIFEST, backup_before_upgrade, write_backup
from vsa_toolkit.db.check import check_workspace
from vsa_toolkit.db.restore import restore_backup
from vsa_toolkit.db.workspace import Workspace, create_workspace, open_database, open_workspace
from vsa_toolkit.errors import DataError, UserError, VsaError
from vsa_toolkit.importing import run_import
from vsa_toolkit.store import RunBatch

from .conftest import Made, sqlite_only, write_photos
from .test_portable import contents


@pytest.fixture
def with_run(filled: Workspace) -> Workspace:
    """A workspace with a checkpoint, a finished run and the files of both."""
    store = filled.store
    made = store.create_checkpoint("brnn", "made", "frame", "encoder", {}, {})
    (made.folder / "weights.safetensors").write_bytes(os.urandom(5000))
    store.finish_checkpoint(made.id, "abc", {})
    split = store.read_split("made", "test", "frame")
    run = store.create_run(store.read_checkpoint(made.id), split, {}, {})
    store.save_batch(run.id, RunBatch([split.images[0].id], scores=np.ones((1, 2), np.float32)))
    store.finish_run(run.id, split, {})
    return filled


def save(workspace: Workspace, file: Path, **options: bool) -> Path:
    return write_backup(workspace.database, workspace.folder, file, **options).file


def test_a_backup_gives_back_rows_and_arrays(with_run: Workspace, tmp_path: Path) -> None:
    file = save(with_run, tmp_path / "saved.zip")
    restored = restore_backup(file, tmp_path / "new")
    assert not restored.is_older
    shutil.copytree(with_run.folder / "photos", tmp_path / "new" / "photos")  # photos are not in it
    with open_workspace(tmp_path / "new") as new:
        assert contents(new.database.engine) == contents(with_run.database.engine)
        assert check_workspace(new.database, new.folder) == []
        assert (new.store.read_run_array(1, "scores") == 1).all()
        weights = "checkpoints/1/weights.safetensors"
        assert (new.folder / weights).read_bytes() == (with_run.folder / weights).read_bytes()


def test_a_backup_of_either_engine_is_restored_to_a_server(with_run: Workspace, new_url: str, tmp_path: Path) -> None:
    file = save(with_run, tmp_path / "saved.zip")
    restore_backup(file, tmp_path / "new", new_url)
    assert not (tmp_path / "new" / "vsa.db").exists()
    with open_workspace(tmp_path / "new") as new:
        assert new.settings == {"database": new_url}
        assert contents(new.database.engine) == contents(with_run.database.engine)


def test_a_backup_holds_no_photo_no_claim_and_nothing_half_written(with_run: Workspace, tmp_path: Path) -> None:
    folder = with_run.folder
    (folder / "runs" / "1" / ".scores.npy.17.part").write_bytes(b"half")
    (folder / "checkpoints" / "1" / "weights.part").write_bytes(b"half")
    (folder / "checkpoints" / "1" / ".claim").touch()
    with zipfile.ZipFile(save(with_run, tmp_path / "saved.zip")) as archive:
        assert sorted(archive.namelist()) == [
            "checkpoints/1/weights.safetensors", "runs/1/scores.npy", MANIFEST, DATABASE,
        ]  # fmt: skip
        assert archive.testzip() is None


def test_the_rows_alone_can_be_saved(with_run: Workspace, tmp_path: Path) -> None:
    with zipfile.ZipFile(save(with_run, tmp_path / "saved.zip", arrays=False)) as archive:
        assert sorted(archive.namelist()) == [MANIFEST, DATABASE]


def test_no_file_is_ever_replaced(filled: Workspace, tmp_path: Path) -> None:
    (tmp_path / "saved.zip").write_text("mine")
    with pytest.raises(UserError, match=r"saved\.zip exists: a backup never replaces a file"):
        save(filled, tmp_path / "saved.zip")
    assert (tmp_path / "saved.zip").read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(filled: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere is no folder"):
        save(filled, tmp_path / "nowhere" / "saved.zip")


def test_what_a_killed_backup_left_is_cleared_by_the_same_command(filled: Workspace, tmp_path: Path) -> None:
    left = tmp_path / ".saved.zip.part"
    left.mkdir()
    for name in (".claim", "vsa.db", "vsa.db-wal", "archive"):
        (left / name).write_bytes(b"half of something")
    save(filled, tmp_path / "saved.zip")
    assert not left.exists()


def test_two_backups_to_one_file_at_once_are_refused(filled: Workspace, tmp_path: Path) -> None:
    with (
        claim(tmp_path / ".saved.zip.part", "the other"),
        pytest.raises(UserError, match="is being worked on by another process"),
    ):
        save(filled, tmp_path / "saved.zip")


FULL_DISK = """
import resource, sys
from pathlib import Path
from vsa_toolkit.db.backup import write_backup
from vsa_toolkit.db.restore import restore_backup
from vsa_toolkit.db.workspace import open_workspace
from vsa_toolkit.errors import VsaError
what, limit, source, target = sys.argv[1:]
try:
    if what == "backup":
        with open_workspace(source) as workspace:
            workspace.store.list_datasets()
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
            write_backup(workspace.database, workspace.folder, Path(target))
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
        restore_backup(Path(source), Path(target))
except VsaError as error:
    print(error)
"""


@sqlite_only
@pytest.mark.parametrize("limit", [40_000, 600_000])  # in the database, in the arrays
def test_a_disk_that_takes_no_more_leaves_nothing_and_is_one_sentence(
    with_run: Workspace, tmp_path: Path, limit: int
) -> None:
    (with_run.folder / "features" / "x").mkdir(parents=True)
    (with_run.folder / "features" / "x" / "big.shard").write_bytes(os.urandom(900_000))

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", FULL_DISK, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    target = tmp_path / "target"
    target.mkdir()
    said = run("backup", str(limit), str(with_run.folder), str(target / "saved.zip"))
    assert "cannot be" in said or "is full" in said
    assert list(target.iterdir()) == []
    file = save(with_run, tmp_path / "whole.zip")
    said = run("restore", str(limit), str(file), str(target / "new"))
    assert "nothing was kept" in said
    assert list(target.iterdir()) == []


def test_a_disk_without_room_for_a_restore_is_told_before_it_is_filled(
    filled: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = save(filled, tmp_path / "saved.zip")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10, 5, 5))  # type: ignore[attr-defined]
    with pytest.raises(VsaError, match=r"the disk of .* is full"):
        restore_backup(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


# What is wrong with an archive -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    with create_workspace(folder / "workspace") as made:
        run_import(made.store, Made(Made.Options()), write_photos(folder / "photos"))
        (made.folder / "runs" / "1").mkdir(parents=True)
        np.save(made.folder / "runs" / "1" / "scores.npy", np.ones((1, 2), np.float32))
        return save(made, folder / "saved.zip")


def altered(change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Callable[[Path], None]:
    """Write the archive again with other contents, the list of files changed along or not."""

    def alter(file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist() if name != MANIFEST}
            manifest = json.loads(archive.read(MANIFEST))
        change(members, manifest)
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
            archive.writestr(MANIFEST, json.dumps(manifest))

    return alter


def _rename(name: str) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    def change(members: dict[str, bytes], manifest: dict[str, Any]) -> None:
        members[name] = members.pop("runs/1/scores.npy")
        manifest["files"][name] = manifest["files"].pop("runs/1/scores.npy")

    return change


def _truncate(share: float) -> Callable[[Path], None]:
    return lambda file: os.truncate(file, int(file.stat().st_size * share))


def _flip(file: Path) -> None:
    """One byte in the middle of the database's pages."""
    data = bytearray(file.read_bytes())
    data[len(data) // 4] ^= 0xFF
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncate(0), "is no backup of vsa, or it is cut off"),
        (_truncate(0.5), "is no backup of vsa, or it is cut off"),
        (_truncate(0.999), "is no backup of vsa, or it is cut off"),
        (_flip, "is damaged"),
        (lambda file: file.write_text("a letter"), "is no backup of vsa"),
        (altered(lambda m, _: m.update({"runs/1/scores.npy": b"other"})), "is not what was saved"),
        (altered(lambda m, _: m.update({"runs/1/scores.npy": bytes(10**6)})), "is not what was saved"),
        (altered(lambda m, _: m.update({"runs/1/more.npy": b"more"})), "its files are not those that it lists"),
        (altered(lambda m, _: m.pop("runs/1/scores.npy") and None), "its files are not those that it lists"),
        (altered(_rename("../outside.npy")), "would lie outside the workspace"),
        (altered(_rename("runs/../../outside.npy")), "would lie outside the workspace"),
        (altered(_rename("/tmp/outside.npy")), "would lie outside the workspace"),
        (altered(_rename("runs\\..\\outside.npy")), "would lie outside the workspace"),
        (altered(_rename("vsa.toml")), "would lie outside the workspace"),
        (altered(lambda _, manifest: manifest.update(schema=99)), "was made by a newer vsa"),
        (altered(lambda _, manifest: manifest.update(database="9999")), r"newer vsa \(version 9999\)"),
        (altered(lambda _, manifest: manifest.update(files=3)), "its list of files cannot be read"),
        (altered(lambda m, n: m.pop(DATABASE) and n["files"].pop(DATABASE) and None), "no database in it"),
    ],
)
def test_an_archive_that_is_not_as_it_was_written_is_refused_and_leaves_nothing(
    archive: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    file = shutil.copy(archive, tmp_path / "saved.zip")
    damage(file)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(DataError, match=message):
        restore_backup(file, target / "new")
    assert list(target.iterdir()) == []
    assert not (tmp_path / "outside.npy").exists()


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"saved\.zip does not exist"):
        restore_backup(tmp_path / "saved.zip", tmp_path / "new")


def test_a_folder_with_something_in_it_is_left_alone(filled: Workspace, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "saved.zip")
    (tmp_path / "new").mkdir()
    restore_backup(file, tmp_path / "new")  # an empty one will do
    with pytest.raises(UserError, match="is not empty"):
        restore_backup(file, tmp_path / "new")


def test_a_server_that_has_rows_already_is_left_alone(filled: Workspace, new_url: str, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "saved.zip")
    restore_backup(file, tmp_path / "one", new_url)
    with pytest.raises(DataError, match="is not empty"):
        restore_backup(file, tmp_path / "two", new_url)
    assert not (tmp_path / "two").exists()


# Before a migration ------------------------------------------------------------------------------------------


def test_the_rows_are_saved_before_a_migration_and_can_be_had_back(filled: Workspace, tmp_path: Path) -> None:
    engine = filled.database.engine
    migrate.downgrade(engine, migrate.known_versions()[0])
    with engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT id, key, sha256 FROM images ORDER BY id").fetchall()
    saved = backup_before_upgrade(filled.database, filled.folder)
    migrate.upgrade(engine)
    restored = restore_backup(saved.file, tmp_path / "old")
    assert restored.is_older
    with pytest.raises(DataError, match="run `vsa db upgrade`"):
        open_workspace(tmp_path / "old")
    with open_database(tmp_path / "old") as old:
        assert migrate.current(old.engine) == migrate.known_versions()[0]
        with old.engine.connect() as connection:
            again = connection.exec_driver_sql("SELECT id, key, sha256 FROM images ORDER BY id").fetchall()
        assert again == before
        migrate.upgrade(old.engine)
    open_workspace(tmp_path / "old").close()
