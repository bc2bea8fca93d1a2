"""What an export is given, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from vsa_toolkit.db import exports
from vsa_toolkit.db.models import Image, Import
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.records import GroundingSpan, ImageFile, RegionBox, SentenceText
from vsa_toolkit.store import Selection


def test_an_image_comes_with_all_that_its_source_said(filled: Workspace) -> None:
    bundles = list(filled.store.read_selected(Selection("made", split="test")))
    assert filled.store.count_selected(Selection("made", split="test")) == 1
    (bundle,) = bundles
    assert isinstance(bundle.file, ImageFile)
    assert (bundle.key, bundle.file.path.name, bundle.frame, bundle.size) == ("photo5", "photo5.png", None, (40, 30))
    assert bundle.sentences == (SentenceText(0, "a red dog number 5"), SentenceText(1, "something else"))
    assert bundle.regions == (RegionBox("1", (1, 2, 10, 12)), RegionBox("2", (20, 2, 10.5, 12)))
    assert bundle.raw_boxes == {"1": (2, 3, 11, 14)}
    assert bundle.groundings == (GroundingSpan(0, 2, 9, ("1", "2"), "7", ("animals",)),)
    assert filled.store.dataset_root("made") == filled.folder / "photos"


def test_boxes_are_in_the_frame_that_their_source_drew_them_in(filled: Workspace) -> None:
    with filled.database.write() as session:
        session.execute(update(Image).values(frame_width=120, frame_height=60))
    bundle = next(iter(filled.store.read_selected(Selection("made"))))
    assert bundle.frame == (120, 60)
    assert bundle.regions[0].box == (3, 4, 30, 24)


def test_pieces_of_any_size_give_the_same(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(filled.store.read_selected(Selection("made")))
    monkeypatch.setattr(exports, "IMAGES", 2)
    assert list(filled.store.read_selected(Selection("made"))) == whole
    assert len(whole) == 6


def test_an_export_sees_one_moment(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others do meanwhile is not half in it."""
    monkeypatch.setattr(exports, "IMAGES", 2)
    bundles = iter(filled.store.read_selected(Selection("made")))
    seen = [next(bundles)]
    with filled.database.write() as session:
        session.execute(update(Image).values(split="changed"))
    seen += bundles
    assert [bundle.file.split for bundle in seen if bundle.file] == ["train"] * 4 + ["val", "test"]


def test_nothing_is_seen_of_an_unfinished_import(filled: Workspace) -> None:
    second = filled.store.begin_import("made", "more", filled.folder, filled.folder / "photos", {})
    with filled.database.write() as session:
        session.execute(update(Image).where(Image.key == "photo0").values(import_id=second))
        assert session.get_one(Import, second).state == "running"
    assert filled.store.count_selected(Selection("made")) == 5
