from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from vsa_toolkit.db.check import check_workspace
from vsa_toolkit.db.models import Dataset, Image
from vsa_toolkit.db.moved_photos import Photo, choose
from vsa_toolkit.db.relink import Relinked, relink
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError
from vsa_toolkit.importing import run_import

from .conftest import SPLITS, Made


def find(workspace: Workspace, folder: Path, **options: bool) -> dict[str, Relinked]:
    return {found.image: found for found in relink(workspace.database, workspace.folder, folder, **options)}


def paths(workspace: Workspace) -> tuple[str, list[str]]:
    with workspace.database.read() as session:
        root = session.scalars(select(Dataset.root)).one()
        return root, list(session.scalars(select(Image.path).order_by(Image.id)))


def is_well(workspace: Workspace) -> bool:
    return check_workspace(workspace.database, workspace.folder) == []


def test_photos_in_their_places_are_left_alone(filled: Workspace, tmp_path: Path) -> None:
    before = paths(filled)
    assert find(filled, tmp_path) == {}
    assert paths(filled) == before


def test_a_dataset_that_was_moved_keeps_its_paths_below_the_new_root(filled: Workspace, tmp_path: Path) -> None:
    new = tmp_path / "elsewhere" / "deep" / "photos"
    new.parent.mkdir(parents=True)
    (filled.folder / "photos").rename(new)
    found = find(filled, tmp_path / "elsewhere")
    assert len(found) == len(SPLITS)
    assert paths(filled) == (str(new), [f"photo{number}.png" for number in range(len(SPLITS))])
    assert is_well(filled)
    assert run_import(filled.store, Made(Made.Options()), new).nothing_new  # it is the same dataset to an import


def test_a_renamed_photo_is_found_by_its_content(filled: Workspace) -> None:
    photos = filled.folder / "photos"
    (photos / "photo2.png").rename(photos / "dog.png")
    found = find(filled, filled.folder)
    assert {image: (f.now, f.how) for image, f in found.items()} == {
        "photo2": (photos / "dog.png", "found by its content")
    }
    assert paths(filled)[1][2] == "dog.png"
    assert is_well(filled)


def test_photos_that_are_moved_and_renamed_at_once_are_all_found(filled: Workspace, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    for number in range(len(SPLITS)):
        (filled.folder / "photos" / f"photo{number}.png").rename(new / f"{9 - number}.png")
    assert len(find(filled, tmp_path)) == len(SPLITS)
    assert is_well(filled)


def test_a_photo_of_an_older_vsa_is_found_without_its_size(filled: Workspace) -> None:
    photos = filled.folder / "photos"
    (photos / "photo2.png").rename(photos / "dog.png")
    with filled.database.write() as session:
        session.execute(update(Image).values(bytes=None))
    assert find(filled, filled.folder)["photo2"].now == photos / "dog.png"
    with filled.database.read() as session:
        known = session.scalars(select(Image.bytes).where(Image.key == "photo2")).one()
    assert known == (photos / "dog.png").stat().st_size


def test_a_dry_run_tells_the_same_and_changes_nothing(filled: Workspace, tmp_path: Path) -> None:
    (filled.folder / "photos").rename(tmp_path / "new")
    (tmp_path / "new" / "photo2.png").rename(tmp_path / "new" / "dog.png")
    before = paths(filled)
    told = find(filled, tmp_path, dry_run=True)
    assert paths(filled) == before
    assert find(filled, tmp_path) == told
    assert is_well(filled)


def test_of_two_files_with_its_content_the_one_with_the_likeliest_path_is_taken(filled: Workspace) -> None:
    photos = filled.folder / "photos"
    for place in ("a", "b"):
        (photos / place).mkdir()
    shutil.copy(photos / "photo1.png", photos / "a" / "copy.png")
    (photos / "photo1.png").rename(photos / "b" / "photo1.png")
    found = find(filled, photos)["photo1"]
    assert found.now == photos / "b" / "photo1.png"
    assert "2 files have" in found.how


def test_the_file_of_another_image_is_taken_only_where_there_is_no_other(filled: Workspace) -> None:
    """photo1 and photo0 have one content; photo0 is in its place."""
    photos = filled.folder / "photos"
    shutil.copy(photos / "photo0.png", photos / "photo1.png")
    with filled.database.write() as session:
        one = session.execute(select(Image.sha256, Image.bytes).where(Image.key == "photo0")).one()
        session.execute(update(Image).where(Image.key == "photo1").values(sha256=one.sha256, bytes=one.bytes))
    (photos / "photo1.png").rename(photos / "z.png")
    assert find(filled, photos, dry_run=True)["photo1"].now == photos / "z.png"
    (photos / "z.png").unlink()
    found = find(filled, photos)["photo1"]
    assert (found.now, "another image has too" in found.how) == (photos / "photo0.png", True)


def test_a_photo_that_is_nowhere_stays_missing_and_is_named(filled: Workspace) -> None:
    (filled.folder / "photos" / "photo3.png").unlink()
    before = paths(filled)
    found = find(filled, filled.folder)["photo3"]
    assert (found.now, found.how) == (None, "no file has its content")
    assert paths(filled) == before


def test_photos_that_changed_places_are_found_where_all_are_read(filled: Workspace) -> None:
    photos = filled.folder / "photos"
    (photos / "photo0.png").rename(photos / "x.png")
    (photos / "photo1.png").rename(photos / "photo0.png")
    (photos / "x.png").rename(photos / "photo1.png")
    found = find(filled, photos, verify=True)
    assert {image: f.now and f.now.name for image, f in found.items()} == {
        "photo0": "photo1.png", "photo1": "photo0.png",
    }  # fmt: skip
    assert is_well(filled)


def test_another_dataset_below_the_same_folder_does_not_become_the_root(filled: Workspace, tmp_path: Path) -> None:
    """The same names, other photos: nothing there is verified, so the root stays."""
    other = tmp_path / "other"
    other.mkdir()
    for number in range(len(SPLITS)):
        (other / f"photo{number}.png").write_bytes(b"something else")
    shutil.rmtree(filled.folder / "photos")
    before = paths(filled)
    assert all(f.now is None for f in find(filled, tmp_path).values())
    assert paths(filled) == before


def test_a_folder_that_is_not_there_is_refused(filled: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no folder"):
        find(filled, tmp_path / "nowhere")


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 5))
def test_files_that_suffice_are_each_taken_once(photos: int, files: int, used: int) -> None:
    places = [Path(f"/new/{number}.png") for number in range(files)]
    lost = [Photo(number, str(number), Path(f"/old/{number}.png"), "same", 1) for number in range(photos)]
    in_place = set(places[:used])
    taken = [file for _, file, _ in choose(lost, places, in_place)]
    assert len(taken) == photos
    free = [file for file in places if file not in in_place]
    assert len(set(taken) & set(free)) == min(photos, len(free))
