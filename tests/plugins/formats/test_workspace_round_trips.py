"""Import, export, import: the same records, for every two-way format, on made-up images and on the real files."""

from __future__ import annotations

import shutil
import tarfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.exporting import ExportSummary, run_export
from vsa_toolkit.format import Export, Format
from vsa_toolkit.importing import run_import
from vsa_toolkit.records import (
    GroundingSpan,
    ImageBundle,
    ImageFile,
    RegionBox,
    RegionPhrase,
    SentenceText,
    Size,
)
from vsa_toolkit.store import Selection

from .conftest import write_photo
from .test_round_trips import NAMES

Make = Callable[..., Format]
FRAME = (640, 480)

IMAGES = [
    ImageBundle(
        "train/a dog",
        ImageFile("train/a dog", Path("train/a dog.png"), "train"),
        frame=FRAME,
        sentences=(SentenceText(0, "A dog runs ."), SentenceText(1, 'Two "men", and a ball; ümläuts')),
        regions=(
            RegionBox("1", (10.0, 20.0, 300.0, 200.0), "dog", 0.5),
            RegionBox("2", (10.25, 20.5, 30.125, 200.1), "a, b"),
            RegionBox("x", (600.0, 400.0, 40.0, 80.0)),
        ),
        phrases=(
            RegionPhrase("1", "a dog", "ann"), RegionPhrase("1", "a dog", "bob"), RegionPhrase("1", "a dog", "bob"),
            RegionPhrase("2", "ein <Hund> & 'Ball'", "ann", "accepted"), RegionPhrase("2", "brown fur", "ann", "draft"),
        ),
        size=FRAME,
    ),
    ImageBundle(
        "val/7", ImageFile("val/7", Path("val/7.png"), "val"), frame=FRAME, sentences=(SentenceText(0, "Fog"),),
        size=FRAME,
    ),
    ImageBundle(
        "val/8", ImageFile("val/8", Path("val/8.png"), "val"), frame=FRAME, sentences=(SentenceText(0, "A cat"),),
        regions=(RegionBox("1", (0.0, 0.0, 640.0, 480.0), "cat"),), size=FRAME,
    ),
]  # fmt: skip
EVERYTHING = ("draft", "submitted", "accepted", "rejected")


def records(workspace: Workspace, dataset: str) -> list[dict[str, Any]]:
    """What of a dataset must be the same, image by image, whatever it was called and in whatever order it came."""
    return sorted(
        (
            {
                "key": bundle.key,
                "split": bundle.file.split if bundle.file else None,
                "frame": bundle.frame,
                "sentences": bundle.sentences,
                "regions": Counter(replace(region, key="") for region in bundle.regions),
                "raw": Counter(bundle.raw_boxes.values()),
                "phrases": Counter(
                    (next(r.box for r in bundle.regions if r.key == p.region), replace(p, region=""))
                    for p in bundle.phrases
                ),
            }
            for bundle in workspace.store.read_selected(Selection(dataset, states=EVERYTHING))
        ),
        key=lambda image: str(image["key"]),
    )


@pytest.mark.parametrize("size", [FRAME, (64, 48)], ids=["photos as they were", "resized photos"])
@pytest.mark.parametrize("name", NAMES)
def test_import_export_import_gives_the_same_records(
    workspace: Workspace, make: Make, tmp_path: Path, name: str, size: Size
) -> None:
    for number, image in enumerate(IMAGES):
        assert image.file
        write_photo(tmp_path / "photos" / image.file.path, size, number)
    source = tmp_path / "source" / NAMES[name]
    source.parent.mkdir()
    make(name).write(source, Export("made up", tmp_path, source, IMAGES, lambda problem: None))
    first, second = f"{name} {size[0]} a", f"{name} {size[0]} b"
    run_import(workspace.store, make(name, images=tmp_path / "photos"), source, first)
    before = records(workspace, first)
    assert len(before) == len(IMAGES)

    exported = tmp_path / NAMES[name]
    done = run_export(workspace.store, make(name), exported, Selection(first, states=EVERYTHING))
    assert (done.left_out, done.problems) == ({}, ())
    summary = run_import(workspace.store, make(name, images=tmp_path / "photos"), exported, second)
    assert summary.problems == ()
    assert records(workspace, second) == before

    again = run_import(workspace.store, make(name, images=tmp_path / "photos"), exported, second)
    assert again.nothing_new


def test_entities_come_back_from_resized_photos_with_their_integers(
    workspace: Workspace, make: Make, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    write_photo(photos / "train" / "7_abc.png", (224, 224), 0)
    (photos / "sentences.tsv").write_text("train/7_abc\tA child near it .\ntrain/7_abc\tTwo men [sic]\n")
    run_import(workspace.store, make("folder"), photos, "resized")
    regions = tuple(RegionBox(str(n), (0.0, 0.0, 1.0, 1.0)) for n in range(3))
    raw = {"0": (1, 1, 333, 500), "1": (7, 13, 100, 101), "2": (333, 499, 333, 500)}
    source = ImageBundle(
        "7", frame=(333, 500), size=(333, 500), regions=regions, raw_boxes=raw,
        sentences=(SentenceText(0, "A child near it ."), SentenceText(1, "Two men [sic]")),
        groundings=(
            GroundingSpan(0, 0, 7, ("0", "1"), "18", ("people",)), GroundingSpan(0, 13, 15, (), "0", ("notvisual",)),
            GroundingSpan(1, 0, 7, ("1", "2"), "19", ("people", "other"), scene=True),
        ),
    )  # fmt: skip
    entities = make("flickr30k-entities")
    entities.write(tmp_path / "source", Export("x", tmp_path, tmp_path / "source", [source], lambda problem: None))
    run_import(workspace.store, entities, tmp_path / "source", "resized")
    run_export(workspace.store, entities, tmp_path / "exported", Selection("resized"))
    files = [
        {p.relative_to(root): p.read_bytes() for p in root.rglob("*.*")}
        for root in (tmp_path / "source", tmp_path / "exported")
    ]
    assert files[0] == files[1]


# The real files


@pytest.fixture(scope="module")
def few_photos(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flickr8k with every twentieth photo."""
    folder = tmp_path_factory.mktemp("flickr8k")
    (folder / "images").mkdir()
    for file in (real_data / "flickr8k").glob("Flickr*.txt"):
        shutil.copy(file, folder)
    for path in sorted((real_data / "flickr8k" / "images").iterdir())[::20]:
        (folder / "images" / path.name).symlink_to(path)
    return folder


def export(workspace: Workspace, target: Format, path: Path, dataset: str) -> ExportSummary:
    return run_export(workspace.store, target, path, Selection(dataset))


def test_flickr8ks_token_file_comes_back(workspace: Workspace, make: Make, few_photos: Path, tmp_path: Path) -> None:
    run_import(workspace.store, make("flickr8k"), few_photos)
    export(workspace, make("flickr30k"), tmp_path / "a.token", "flickr8k")
    original = (few_photos / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines()
    there = {path.name for path in (few_photos / "images").iterdir()}
    expected = [" ".join(line.split()) for line in original if line.partition("#")[0] in there]
    found = [" ".join(line.split()) for line in (tmp_path / "a.token").read_text(encoding="utf-8").splitlines()]
    assert sorted(found) == sorted(expected)
    run_import(workspace.store, make("flickr30k", images=few_photos / "images"), tmp_path / "a.token", "tokens")
    sentences = [[(s["image"], s["number"], s["text"]) for s in workspace.sentences(d)] for d in ("flickr8k", "tokens")]
    assert sentences[1] == [(image, number, " ".join(text.split())) for image, number, text in sentences[0]]


def test_the_real_entities_come_back_from_photos_of_224_pixels(
    workspace: Workspace, make: Make, few_photos: Path, real_data: Path, tmp_path: Path
) -> None:
    run_import(workspace.store, make("flickr8k"), few_photos)
    with tarfile.open(real_data / "flickr30k_entities" / "flickr30k_entities.tar.xz") as archive:
        ids = {path.name.partition("_")[0] for path in (few_photos / "images").iterdir()}
        archive.extractall(
            tmp_path, [m for m in archive.getmembers() if Path(m.name).stem in ids and m.isfile()], filter="data"
        )
    entities = make("flickr30k-entities")
    run_import(workspace.store, entities, tmp_path, "flickr8k")
    export(workspace, entities, tmp_path / "out", "flickr8k")
    before, after = (
        {bundle.key: bundle for bundle in entities.read(path, lambda problem: None)}
        for path in (tmp_path, tmp_path / "out")
    )
    assert before.keys() == after.keys() != set()
    for key, bundle in before.items():
        assert after[key].frame == bundle.frame
        assert sorted(after[key].raw_boxes.values()) == sorted(bundle.raw_boxes.values()), key
        chains = [
            {
                (g.chain, g.no_box, g.scene, tuple(sorted(b.raw_boxes[r] for r in g.regions)), g.categories)
                for g in b.groundings
            }
            for b in (bundle, after[key])
        ]
        assert chains[1] <= chains[0], key


def test_cocos_val2017_captions_come_back(workspace: Workspace, make: Make, real_data: Path, tmp_path: Path) -> None:
    source = real_data / "coco" / "captions_val2017.json"
    write_photo(tmp_path / "one.jpg", (8, 8), 1)
    names = [bundle.file.path for bundle in make("coco").read(source, print) if bundle.file]
    (tmp_path / "photos").mkdir()
    for name in names:
        (tmp_path / "photos" / name).hardlink_to(tmp_path / "one.jpg")
    summary = run_import(workspace.store, make("coco", images=tmp_path / "photos"), source, "coco a")
    assert (summary.added["images"], summary.added["sentences"]) == (5000, 25014)
    export(workspace, make("coco"), tmp_path / "captions.json", "coco a")
    run_import(workspace.store, make("coco", images=tmp_path / "photos"), tmp_path / "captions.json", "coco b")
    first, second = (
        [(s["image"], s["split"], s["number"], s["text"]) for s in workspace.sentences(name)]
        for name in ("coco a", "coco b")
    )
    assert first == second
    assert {split for _, split, _, _ in first} == {"val"}
