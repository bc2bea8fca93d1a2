"""A small source for each format, made in a folder: as its own `write` makes it where it has one."""

from __future__ import annotations

from pathlib import Path

from vsa_toolkit.format import Export, Format
from vsa_toolkit.records import ImageBundle, ImageFile, Problem, RegionBox, RegionPhrase, SentenceText
from vsa_toolkit.registry import registry
from vsa_toolkit.scenes import Counts, write_scenes

from .formats.bundles import FRAME

WRITTEN = {
    "coco": "labels.json", "csv": "labels.csv", "cvat": "labels.xml", "flickr30k": "labels.token",
    "imagefolder": "folder", "karpathy": "dataset_made.json", "label-studio": "tasks.json", "refcoco": "folder",
    "via": "project.json", "visual-genome": "folder",
}  # fmt: skip
"""Each two-way format, and what an export is called. Flickr30k Entities adds to images, and has a test of its own."""
BY_HAND = ("flickr8k", "flickr30k-entities", "folder", "scenes")
NAMES = (*WRITTEN, *BY_HAND)


def make_source(name: str, folder: Path) -> Path:
    """The path of a source of format `name` with two or three images."""
    folder.mkdir(parents=True, exist_ok=True)
    if name in WRITTEN:
        kind: type[Format] = registry().get("formats", name)
        path, problems = folder / WRITTEN[name], list[Problem]()
        export = Export("made up", folder, path, [_image(n) for n in range(3)], problems.append)
        kind(kind.Options()).write(path, export)
        return path
    {"flickr8k": _flickr8k, "flickr30k-entities": _entities, "folder": _folder, "scenes": _scenes}[name](folder)
    return folder


def _image(number: int) -> ImageBundle:
    key = f"photo {number}"
    file = ImageFile(key, Path(f"{key}.jpg"), ("train", "val", "test")[number])
    return ImageBundle(
        key,
        file,
        frame=FRAME,
        size=FRAME,
        sentences=(SentenceText(0, f"a dog and {number} cats"), SentenceText(1, "a grüner Hund 犬")),
        regions=(RegionBox("1", (10.0, 20.0, 100.0, 50.0), "dog"), RegionBox("2", (0.0, 0.0, 64.0, 48.0), "cat")),
        phrases=(RegionPhrase("1", "a brown dog", "ann", "submitted"),),
    )


def _flickr8k(folder: Path) -> None:
    _folder(folder / "images")
    names = ("a_1.jpg", "b_2.jpg")
    (folder / "Flickr8k.token.txt").write_text("".join(f"{name}#0\ta dog .\n" for name in names), encoding="utf-8")
    for split, name in (("train", names[0]), ("dev", names[1]), ("test", "")):
        (folder / f"Flickr_8k.{split}Images.txt").write_text(name and f"{name}\n", encoding="utf-8")


def _folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a_1.jpg", "b_2.jpg"):
        (folder / name).write_bytes(b"")


def _entities(folder: Path) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>100</xmax><ymax>80</ymax></bndbox>"
    for id_ in ("7", "8"):
        files = {
            f"Annotations/{id_}.xml": "<annotation><size><width>100</width><height>80</height></size>"
            f"<object><name>18</name>{box}</object></annotation>",
            f"Sentences/{id_}.txt": "[/EN#18/people A child] near [/EN#0/notvisual it] .\n",
        }
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")


def _scenes(folder: Path) -> None:
    write_scenes(folder, Counts(train=1, val=1, test=1), seed=0)
