"""Exports out of a real workspace, with a small made-up format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace, create_workspace, open_workspace
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.exporting import run_export
from vsa_toolkit.format import Export, Format, Report, exported_path
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import (
    GroundingSpan,
    ImageBundle,
    ImageFile,
    Problem,
    RegionBox,
    RegionPhrase,
    SentenceText,
)
from vsa_toolkit.store import Selection

SPLITS = ("train", "train", "test")


class Photos(Format):
    name = "photos"

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        for number, split in enumerate(SPLITS):
            yield ImageBundle(
                str(number),
                ImageFile(str(number), Path(f"pictures/{number}.png"), split),
                sentences=(SentenceText(0, "a dog and a ball"),),
                regions=(RegionBox("a", (1, 2, 10, 12), "dog"), RegionBox("b", (20, 2, 10.5, 12), "ball")),
                groundings=(GroundingSpan(0, 0, 5, ("a",), chain="7"),),
                phrases=(
                    RegionPhrase("a", "a dog", "ann"), RegionPhrase("a", "brown", "bob", "accepted"),
                    RegionPhrase("b", "a ball", "bob", "rejected"),
                ),
            )  # fmt: skip


class Lines(Format):
    """A line of JSON an image: what it was given."""

    name = "lines"
    holds = frozenset({"sentences", "regions", "phrases"})

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        raise NotImplementedError

    def write(self, path: Path, export: Export) -> None:
        with path.open("w") as file:
            for bundle in export.images:
                said = {r.key: [p.text for p in bundle.phrases if p.region == r.key] for r in bundle.regions}
                file.write(json.dumps({"key": bundle.key, "said": said}) + "\n")


class Folder(Lines):
    name = "folder-lines"
    writes_folder = True

    def write(self, path: Path, export: Export) -> None:
        path.mkdir()
        super().write(path / "lines.jsonl", export)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "workspace"
    with create_workspace(folder) as made:
        (folder / "photos" / "pictures").mkdir(parents=True)
        for number in range(len(SPLITS)):
            Pillow.new("RGB", (40, 30), (number, 0, 0)).save(folder / "photos" / "pictures" / f"{number}.png")
        run_import(made.store, Photos(Photos.Options()), folder / "photos")
    return folder


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(template, tmp_path / "workspace")
    with open_workspace(tmp_path / "workspace") as made:
        yield made


def lines(workspace: Workspace, path: Path, **chosen: Any) -> dict[str, dict[str, list[str]]]:
    """What is exported: each image's regions with their phrases."""
    run_export(workspace.store, Lines(Lines.Options()), path, Selection("photos", **chosen), overwrite=True)
    return {line["key"]: line["said"] for line in map(json.loads, path.read_text().splitlines())}


def test_submitted_and_accepted_phrases_are_exported_with_their_boxes(workspace: Workspace, tmp_path: Path) -> None:
    """A box whose only phrase was rejected goes with it."""
    found = lines(workspace, tmp_path / "out")
    assert found == {key: {"a": ["a dog", "brown"]} for key in "012"}


def test_splits_annotators_and_states_can_be_chosen(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert lines(workspace, out, split="test") == {"2": {"a": ["a dog", "brown"]}}
    assert lines(workspace, out, annotators=("ann",))["0"] == {"a": ["a dog"]}
    assert lines(workspace, out, annotators=("ann", "bob"), states=("rejected",))["0"] == {"b": ["a ball"]}
    assert lines(workspace, out, states=("draft",))["0"] == {}
    assert lines(workspace, out, region_sets=("frame",))["0"].keys() == {"r1"}
    assert lines(workspace, out, campaign="photos")["0"] == {"a": ["a dog", "brown"]}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"split": "tset"}, "has no split 'tset'. Did you mean 'test'?"),
        ({"annotators": ("anne",)}, "there is no annotator 'anne'. Did you mean 'ann'?"),
        ({"region_sets": ("photo",)}, "has no region set 'photo'. Did you mean 'photos'?"),
        ({"campaign": "fotos"}, "has no campaign 'fotos'. Did you mean 'photos'?"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(
    workspace: Workspace, tmp_path: Path, chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as raised:
        lines(workspace, tmp_path / "out", **chosen)
    assert message in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_what_people_draw_is_exported_too_but_not_on_practice_images(workspace: Workspace, tmp_path: Path) -> None:
    from sqlalchemy import update

    from vsa_toolkit.db.models import Assignment

    book = PhraseBook(workspace.database)
    campaign, annotator = book.campaign("photos").id, book.annotator("eve")
    for image in (1, 2):
        at = Place(campaign, annotator, image)
        book.add(at, f"add {image}", "mine", (5.0, 5.0, 10.0, 10.0))
        book.submit(at, f"submit {image}")
    with workspace.database.write() as session:
        session.execute(update(Assignment).where(Assignment.image_id == 2).values(practice=True))
    found = lines(workspace, tmp_path / "out", annotators=("eve",))
    assert [list(said.values()) for said in found.values()] == [[["mine"]], [], []]


def test_what_the_format_cannot_hold_is_counted(workspace: Workspace, tmp_path: Path) -> None:
    summary = run_export(workspace.store, Lines(Lines.Options()), tmp_path / "out", Selection("photos"))
    assert summary.written == {"images": 3, "sentences": 3, "regions": 3, "phrases": 6}
    assert summary.left_out == {"groundings": 3}


def test_what_is_there_is_not_overwritten_unless_it_is_said(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    (tmp_path / "folder").mkdir()
    store, chosen = workspace.store, Selection("photos")
    with pytest.raises(UserError, match="is there already: name another file, or say --overwrite"):
        run_export(store, Lines(Lines.Options()), tmp_path / "out", chosen)
    assert (tmp_path / "out").read_text() == "precious"
    with pytest.raises(UserError, match="is a folder: name a file"):
        run_export(store, Lines(Lines.Options()), tmp_path / "folder", chosen, overwrite=True)
    with pytest.raises(UserError, match="is there already: name a folder that is not"):
        run_export(store, Folder(Folder.Options()), tmp_path / "folder", chosen, overwrite=True)
    with pytest.raises(UserError, match="format 'photos' reads only"):
        run_export(store, Photos(Photos.Options()), tmp_path / "new", chosen)
    run_export(store, Lines(Lines.Options()), tmp_path / "out", chosen, overwrite=True)
    assert (tmp_path / "out").read_text() != "precious"


@pytest.mark.parametrize("kind", [Lines, Folder])
def test_an_export_that_fails_leaves_nothing(
    workspace: Workspace, tmp_path: Path, kind: type[Format], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(value: Any) -> str:
        raise DataError("the disk is full.")

    monkeypatch.setattr(json, "dumps", broken)
    with pytest.raises(DataError, match="the disk is full"):
        run_export(workspace.store, kind(kind.Options()), tmp_path / "new" / "out", Selection("photos"))
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("how", ["link", "copy"])
def test_photos_can_lie_beside_the_labels(workspace: Workspace, tmp_path: Path, how: str) -> None:
    out, photos = tmp_path / "out", workspace.folder / "photos" / "pictures"
    run_export(workspace.store, Folder(Folder.Options()), out, Selection("photos"), photos=how)
    assert sorted(path.name for path in out.iterdir()) == ["0.png", "1.png", "2.png", "lines.jsonl"]
    assert (out / "0.png").read_bytes() == (photos / "0.png").read_bytes()
    assert (out / "0.png").samefile(photos / "0.png") == (how == "link")
    with pytest.raises(UserError, match="is one file: photos have no place in it"):
        run_export(workspace.store, Lines(Lines.Options()), tmp_path / "x", Selection("photos"), photos=how)


def test_a_photo_that_is_gone_is_reported_and_the_rest_exported(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.folder / "photos" / "pictures" / "1.png").unlink()
    summary = run_export(
        workspace.store, Folder(Folder.Options()), tmp_path / "out", Selection("photos"), photos="link"
    )  # fmt: skip
    (found,) = summary.problems
    assert (found.kind, found.count) == ("photos that cannot be copied", 1)
    assert found.examples[0].endswith("1.png: No such file or directory")


def test_a_photo_is_named_from_where_its_key_begins() -> None:
    def path(key: str, stored: str) -> str:
        return exported_path(ImageBundle(key, ImageFile(key, Path(stored))))

    assert path("a", "images/a.jpg") == "a.jpg"
    assert path("train/a", "train/a.jpg") == "train/a.jpg"
    assert path("a.png", "a.png") == "a.png"
    assert path("7", "other.jpg") == "other.jpg"


def test_problems_of_a_writer_are_counted(workspace: Workspace, tmp_path: Path) -> None:
    class Complaining(Lines):
        name = "complaining"

        def write(self, path: Path, export: Export) -> None:
            path.touch()
            for bundle in export.images:
                export.report(Problem("images that it dislikes", bundle.key))

    summary = run_export(workspace.store, Complaining(Complaining.Options()), tmp_path / "out", Selection("photos"))
    assert [(p.kind, p.count, p.examples) for p in summary.problems] == [
        ("images that it dislikes", 3, ["0", "1", "2"])
    ]
