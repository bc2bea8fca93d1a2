"""Photos and paths that are not what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pillow

from vsa_toolkit import importing
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.format import Report
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import ImageBundle, ImageFile, SentenceText

from .sources import (
    SIZE,
    Importer,
    Photos,
    photo,
    problems,
    source,
)


def pictures(folder: Path) -> dict[str, Path]:
    """One photo of each strange kind."""
    made = {name: folder / f"{name}.png" for name in ("one-pixel", "16-bit", "grey-16")}
    Pillow.new("RGB", (1, 1), "red").save(made["one-pixel"])
    Pillow.new("I;16", (30, 20), 40_000).save(made["16-bit"])
    Pillow.new("LA", (30, 20), (100, 30)).save(made["grey-16"])
    for name, mode in (("cmyk", "CMYK"), ("turned", "RGB")):
        made[name] = folder / f"{name}.jpg"
        exif = Pillow.Exif()
        exif[0x0112] = 6 if name == "turned" else 1
        Pillow.new(mode, (30, 20)).save(made[name], exif=exif)
    made["animated"] = folder / "animated.gif"
    frames = [Pillow.new("P", (30, 20), n) for n in range(3)]
    frames[0].save(made["animated"], save_all=True, append_images=frames[1:])
    return made


def test_photos_of_every_kind_come_with_the_size_that_people_see(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    made = pictures(tmp_path / "kinds")
    bundles = [ImageBundle(name, ImageFile(name, Path(path.name), "train")) for name, path in made.items()]
    summary = run_import(workspace.store, source(Photos, bundles), tmp_path / "kinds")
    assert summary.problems == ()
    sizes = {image["image"]: (image["width"], image["height"]) for image in workspace.images()}
    assert sizes == dict.fromkeys(made, (30, 20)) | {"one-pixel": (1, 1), "turned": (20, 30)}


def test_boxes_drawn_before_exif_turned_the_photo_are_suspected(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    pictures(tmp_path / "kinds")
    bundle = ImageBundle("turned", ImageFile("turned", Path("turned.jpg")), frame=(30, 20))
    summary = run_import(workspace.store, source(Photos, [bundle]), tmp_path / "kinds")
    (found,) = summary.problems
    assert found.kind == "photos whose boxes may be drawn before EXIF turned them"
    assert found.examples[0].endswith("turned.jpg: 30 × 20 is stated, people see 20 × 30")


def test_a_decompression_bomb_is_refused_by_its_header(
    workspace: Workspace, folder: Path, load: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 500)
    summary = load(photo(0), photo(1))
    (found,) = summary.problems
    assert (found.kind, found.count) == ("photos that are damaged or no photos", 2)
    assert "is refused" in found.examples[0]
    assert "Make it smaller." in found.examples[0]
    assert workspace.store.list_datasets() == []


@pytest.mark.parametrize("path", ["../secret.png", "sub/../../secret.png", "/etc/passwd"])
def test_no_list_can_name_a_photo_outside_its_folder(
    workspace: Workspace, folder: Path, load: Importer, path: str
) -> None:
    (folder.parent / "secret.png").write_bytes((folder / "0_abc.png").read_bytes())
    summary = load(ImageBundle("s", ImageFile("s", Path(path)), sentences=(SentenceText(0, "secret"),)), photo(1))
    (found,) = summary.problems
    assert found.kind == "photos outside of their folder"
    assert found.examples[0].startswith(f"s: {path}: left out")
    assert [image["image"] for image in workspace.images()] == ["1_abc"]


def test_links_that_go_round_in_circles_are_photos_that_do_not_exist(
    workspace: Workspace, folder: Path, load: Importer
) -> None:
    (folder / "0_abc.png").unlink()
    (folder / "0_abc.png").symlink_to("0_abc.png")
    summary = load(photo(0), photo(1))
    assert sum(problems(summary).values()) == 1
    assert "0_abc.png" in summary.problems[0].examples[0]
    (folder / "round").symlink_to(folder)
    assert run_import(workspace.store, source(Photos, [photo(1)]), folder / "round").nothing_new


def test_photos_that_differ_in_their_suffix_alone_are_two_images(workspace: Workspace, folder: Path) -> None:
    Pillow.new("RGB", SIZE, "blue").save(folder / "0_abc.jpg")
    twice = replace(photo(0), file=ImageFile("0_abc", Path("0_abc.jpg"), "train"))
    run_import(workspace.store, source(Photos, [photo(0), twice]), folder)
    assert workspace.images().column("image") == ["0_abc", "0_abc.jpg"]
    assert run_import(workspace.store, source(Photos, [photo(0), twice]), folder).nothing_new


def test_how_fast_and_how_far_is_told(workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unsure(Photos):
        def count(self, path: Path) -> int | None:
            return None

        def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
            self.advance(0.25)
            for number in range(8):
                self.advance((number + 1) / 8)
                yield photo(number)

    told: list[tuple[int, int | None, dict[str, object]]] = []
    monkeypatch.setattr(importing, "BATCH", 2)
    run_import(
        workspace.store, source(Unsure, []), folder,
        progress=lambda done, total, **figures: told.append((done, total, figures)),
    )  # fmt: skip
    assert told[0] == (0, None, {})
    assert told[1] == (0, None, {"read": "25%"})
    assert [(done, total) for done, total, figures in told if "rate" in figures] == [(2, 8), (4, 8), (6, 8), (8, 8)]
