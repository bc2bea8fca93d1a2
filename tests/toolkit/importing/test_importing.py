"""Imports into a real workspace, with small made-up formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pillow
from sqlalchemy import select

from vsa_toolkit import importing
from vsa_toolkit.db.models import Dataset, Image
from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.format import Report
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import GroundingSpan, ImageBundle, RegionBox, SentenceText

from .sources import (
    SIZE,
    Additions,
    Importer,
    Killed,
    Photos,
    addition,
    photo,
    problems,
    source,
    stopping,
)


def test_photos_become_images_with_a_frame_region(workspace: Workspace, load: Importer) -> None:
    summary = load(photo(0), photo(1, "test"), photo(2, None))
    assert summary.added == {"images": 3, "sentences": 9, "regions": 0, "groundings": 0, "phrases": 0, "frame sizes": 0}
    split = workspace.store.read_split("photos", "train", "frame")
    assert [(i.key, i.width, i.height, i.frame) for i in split.images] == [("0_abc", 40, 30, None)]
    assert [r.box for r in split.regions] == [(0, 0, 40, 30)]
    assert workspace.store.splits("photos") == {None: 1, "test": 1, "train": 1}


def test_a_second_import_changes_nothing_and_says_so(workspace: Workspace, load: Importer) -> None:
    bundles = [photo(n) for n in range(3)]
    assert not load(*bundles).nothing_new
    additions = [addition(n) for n in range(3)]
    assert not load(*additions, adds=True).nothing_new
    before = workspace.store.read_split("photos", "train", "additions")
    assert load(*bundles).nothing_new
    assert load(*additions, adds=True).nothing_new
    assert workspace.store.read_split("photos", "train", "additions") == before


def test_new_photos_of_a_known_source_are_added(load: Importer) -> None:
    load(photo(0))
    assert load(photo(0), photo(1)).added["images"] == 1


def test_boxes_are_scaled_from_the_original_photo_and_it_is_said(workspace: Workspace, load: Importer) -> None:
    load(photo(0))
    summary = load(addition(0), adds=True)
    assert "2 boxes scaled from the original photo to the 40 × 30 file" in summary.notes
    split = workspace.store.read_split("photos", "train", "additions")
    assert [r.box for r in split.regions] == [(0, 0, 40, 30), (10, 10, 10, 10), (0, 0, 40, 30)]
    assert split.images[0].frame == (80, 120)


def test_the_integers_of_the_source_are_kept(workspace: Workspace, load: Importer) -> None:
    from sqlalchemy import select

    from vsa_toolkit.db.models import Region

    load(photo(0))
    load(addition(0), adds=True)
    with workspace.database.read() as session:
        assert session.scalars(select(Region.raw_box).where(Region.key == "1")).one() == [21, 41, 40, 80]


def test_sentences_are_matched_never_doubled(workspace: Workspace, load: Importer) -> None:
    load(photo(0))
    summary = load(addition(0), adds=True)
    split = workspace.store.read_split("photos", "train", "additions")
    assert [s.text for s in split.sentences] == ["A grey dog runs .", "Two men", "the ball"]
    matched = (
        "sentences that the images already had: 2 matched by letters and digits, 1 by smallest edit distance, "
        "0 unmatched and left out"
    )
    assert matched in summary.notes
    texts = {s.id: s.text for s in split.sentences}
    grounded = [(texts[g.sentence_id][g.start : g.end], len(g.boxes), g.no_box) for g in split.groundings]
    assert grounded == [("A grey dog", 1, False), ("Two men", 2, False), ("the ball", 0, True)]


def test_a_box_of_several_chains_is_counted(load: Importer) -> None:
    load(photo(0))
    assert "1 boxes are tied to phrases of several chains" in load(addition(0), adds=True).notes


def test_a_sentence_that_matches_none_is_left_out_with_its_groundings(workspace: Workspace, load: Importer) -> None:
    load(photo(0))
    other = (SentenceText(1, "An aeroplane takes off in the fog over the sea"), SentenceText(2, "Two men"))
    summary = load(addition(0, sentences=other, groundings=addition(0).groundings[:2]), adds=True)
    assert problems(summary) == {
        "sentences that match none of their image's": 1, "groundings of sentences that were left out": 1
    }  # fmt: skip
    assert len(workspace.store.read_split("photos", "train", "frame").sentences) == 3


# Bad input


def test_missing_truncated_and_false_photos_are_left_out_and_named(
    workspace: Workspace, folder: Path, load: Importer
) -> None:
    data = (folder / "1_abc.png").read_bytes()
    (folder / "1_abc.png").write_bytes(data[: len(data) // 2])
    (folder / "2_abc.png").write_text("no photo")
    (folder / "3_abc.png").unlink()
    summary = load(*(photo(n) for n in range(5)))
    assert problems(summary) == {"photos that are damaged or no photos": 2, "photos that do not exist": 1}
    assert "3_abc.png: its 3 sentences are left out" in summary.problems[1].examples[0]
    assert [i.key for i in workspace.store.read_images("photos")] == ["0_abc", "4_abc"]


def test_sentences_for_an_image_that_is_not_there(load: Importer) -> None:
    load(photo(0))
    summary = load(addition(0), addition(99), adds=True)
    assert problems(summary) == {"images that the dataset does not have": 1}
    assert summary.problems[0].examples == ["99: its 3 sentences and 2 boxes are left out"]


def test_boxes_outside_or_empty_are_left_out_and_those_over_the_edge_clipped(
    workspace: Workspace, load: Importer
) -> None:
    load(photo(0))
    regions = (
        RegionBox("in", (0, 0, 8, 8)), RegionBox("empty", (1, 1, 0, 5)), RegionBox("negative", (9, 9, -2, 5)),
        RegionBox("out", (90, 0, 5, 5)), RegionBox("nan", (float("nan"), 0, 5, 5)),
        RegionBox("over", (70, 100, 20, 40)), RegionBox("in", (0, 0, 9, 9)),
    )  # fmt: skip
    groundings = (GroundingSpan(1, 0, 10, ("in", "out"), chain="1"), GroundingSpan(1, 2, 6, ("nowhere",), chain="2"))
    summary = load(addition(0, regions=regions, groundings=groundings), adds=True)
    assert problems(summary) == {
        "boxes that are empty": 2, "boxes outside their photo": 1, "boxes clipped to their photo": 1,
        "boxes with a number that is not finite": 1,
        "boxes given twice": 1, "groundings that name boxes that are not there": 1,
    }  # fmt: skip
    split = workspace.store.read_split("photos", "train", "additions")
    assert [r.box for r in split.regions[1:]] == [(0, 0, 4, 2), (35, 25, 5, 5)]
    assert [len(g.boxes) for g in split.groundings] == [1, 0]


def test_photos_that_are_the_same_file_are_named(folder: Path, load: Importer) -> None:
    (folder / "1_abc.png").write_bytes((folder / "0_abc.png").read_bytes())
    summary = load(photo(0), photo(1), photo(2))
    (same,) = summary.problems
    assert same.examples == ["0_abc = 1_abc: all are kept"]
    assert summary.added["images"] == 3


def test_doubled_images_sentences_and_empty_sentences(workspace: Workspace, load: Importer) -> None:
    strange = (SentenceText(0, "one"), SentenceText(0, "again"), SentenceText(1, "  "), SentenceText(2, "nul \0 here"))
    summary = load(replace(photo(0), sentences=strange), photo(0))
    assert problems(summary) == {
        "images given twice": 1, "sentences whose number is given twice": 1, "sentences without text": 2
    }  # fmt: skip
    assert [s.text for s in workspace.store.read_split("photos", "train", "frame").sentences] == ["one"]


def test_spans_outside_their_sentence_are_left_out(load: Importer) -> None:
    load(photo(0))
    spans = (GroundingSpan(1, 0, 99, ("1",)), GroundingSpan(1, 5, 5, ("1",)), GroundingSpan(1, -1, 3, ("1",)))
    assert problems(load(addition(0, groundings=spans), adds=True)) == {"groundings outside their sentence": 3}


def test_a_changed_photo_or_split_is_reported_and_the_old_kept(
    workspace: Workspace, folder: Path, load: Importer
) -> None:
    load(photo(0), photo(1))
    Pillow.new("RGB", SIZE, "white").save(folder / "0_abc.png")
    summary = load(photo(0), photo(1, "test"))
    assert problems(summary) == {
        "photos that changed since they were imported": 1, "images whose split differs": 1
    }  # fmt: skip
    assert summary.nothing_new
    assert workspace.store.splits("photos") == {"train": 2}


def test_a_path_that_is_not_there_is_wrong_use(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere does not exist"):
        run_import(workspace.store, source(Photos, []), tmp_path / "nowhere")


def test_adding_without_a_dataset_says_to_import_photos_first(load: Importer) -> None:
    with pytest.raises(UserError, match="there is no dataset yet"):
        load(addition(0), adds=True)


def test_other_photos_do_not_go_into_the_same_dataset(workspace: Workspace, tmp_path: Path, load: Importer) -> None:
    load(photo(0))
    (tmp_path / "others").mkdir()
    for dry_run in (True, False):
        with pytest.raises(UserError, match=r"give another name with --dataset\.$"):
            run_import(workspace.store, source(Photos, []), tmp_path / "others", dry_run=dry_run)


def test_a_source_that_is_unusable_leaves_nothing(workspace: Workspace, folder: Path) -> None:
    class Broken(Photos):
        def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
            raise DataError("line 3 is no XML.")
            yield

    with pytest.raises(DataError, match="line 3"):
        run_import(workspace.store, source(Broken, []), folder)
    assert workspace.store.list_datasets() == []
    assert run_import(workspace.store, source(Photos, [photo(0)]), folder).added["images"] == 1


# Interruption


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 7])
def test_a_killed_import_is_unseen_and_the_same_command_finishes_it(
    workspace: Workspace, folder: Path, load: Importer, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    bundles = [photo(n) for n in range(8)]
    additions = [addition(n) for n in range(8)]
    with pytest.raises(Killed):
        run_import(workspace.store, stopping(Photos, bundles, after), folder)
    assert workspace.store.list_datasets() == []
    assert load(*bundles).added["images"] == 8
    with pytest.raises(Killed):
        run_import(workspace.store, stopping(Additions, additions, after), folder)
    seen = workspace.store.read_split("photos", "train", "frame")
    assert (len(seen.sentences), len(seen.groundings), seen.images[0].frame) == (24, 0, None)
    summary = load(*additions, adds=True)
    assert summary.added == {
        "images": 0, "sentences": 0, "regions": 16, "groundings": 24, "phrases": 0, "frame sizes": 8
    }  # fmt: skip
    whole = workspace.store.read_split("photos", "train", "additions")
    assert (len(whole.regions), len(whole.groundings), whole.images[0].frame) == (24, 24, (80, 120))


def test_one_process_at_a_time_imports(workspace: Workspace, folder: Path) -> None:
    class Twice(Photos):
        def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
            with pytest.raises(UserError, match="is being worked on by another process"):
                run_import(workspace.store, source(Twice, []), path)
            yield photo(0)

    assert run_import(workspace.store, source(Twice, []), folder).added["images"] == 1


def test_another_import_waits_for_the_unfinished_one(
    workspace: Workspace, folder: Path, load: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    load(photo(0))
    with pytest.raises(Killed):
        run_import(workspace.store, stopping(Additions, [addition(0)] * 4, 2), folder)
    with pytest.raises(UserError, match=r"run `vsa import additions .* --dataset photos` again, it goes on"):
        load(photo(1))


def test_the_split_does_not_tell_how_it_was_imported(tmp_path: Path, folder: Path) -> None:
    """Interrupted or in one go: the same fingerprint."""
    prints = []
    for name, stops in (("a", ()), ("b", (3, 200))):
        with create_workspace(tmp_path / name) as made:
            for stop in stops:
                try:
                    run_import(made.store, stopping(Photos, [photo(n) for n in range(6)], stop), folder)
                except Killed:
                    continue
            run_import(made.store, source(Photos, [photo(n) for n in range(6)]), folder)
            prints.append(made.store.read_split("photos", "train", "frame").fingerprint)
    assert prints[0] == prints[1]


def test_datasets_inside_the_workspace_move_with_it(tmp_path: Path) -> None:
    with create_workspace(tmp_path / "w") as made:
        photos = tmp_path / "w" / "photos"
        photos.mkdir()
        Pillow.new("RGB", SIZE).save(photos / "0_abc.png")
        run_import(made.store, source(Photos, [photo(0)]), photos)
    (tmp_path / "w").rename(tmp_path / "moved")
    with open_workspace(tmp_path / "moved") as moved:
        assert moved.store.read_images("photos")[0].file.is_file()


@pytest.mark.parametrize("spelling", ["photos", "workspace/../photos", "link"])
def test_a_folder_is_the_same_however_it_is_spelt(workspace: Workspace, folder: Path, spelling: str) -> None:
    (folder.parent / "link").symlink_to(folder)
    photos = source(Photos, [photo(0), photo(1)])
    run_import(workspace.store, photos, folder.parent / "workspace" / ".." / "photos")
    assert run_import(workspace.store, photos, folder.parent / spelling).nothing_new


def test_photos_are_kept_relative_to_their_root_also_where_it_was_given_with_dots(
    workspace: Workspace, folder: Path
) -> None:
    run_import(workspace.store, source(Photos, [photo(0)]), folder / ".." / "photos")
    with workspace.database.read() as session:
        row = session.execute(select(Dataset.root, Image.path).join(Image, Image.dataset_id == Dataset.id)).one()
    assert tuple(row) == (str(folder), "0_abc.png")
