from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.records import RegionBox

from .conftest import Read, write_photo

# As the published files have them, cut down.
DATA = [
    {"width": 800, "url": "https://cs.stanford.edu/people/rak248/VG_100K_2/1.jpg", "height": 600, "image_id": 1},
    {"width": 500, "url": "https://cs.stanford.edu/people/rak248/VG_100K/2.jpg", "height": 400, "image_id": 2},
]
DESCRIPTIONS: list[dict[str, Any]] = [
    {
        "regions": [
            {"region_id": 1382, "width": 82, "height": 139, "image_id": 1, "phrase": "the clock is green", "y": 57,
             "x": 421},
            {"region_id": 1383, "width": 182, "height": 213, "image_id": 1, "phrase": "shade is along the street",
             "y": 372, "x": 194},
        ],
        "id": 1,
    },
    {
        "regions": [{"region_id": 9, "width": 10, "height": 20, "image_id": 2, "phrase": "a man", "y": 1, "x": 2}],
        "id": 2,
    },
]  # fmt: skip
OBJECTS = [
    {"image_id": 2, "objects": [
        {"synsets": ["man.n.01"], "h": 50, "object_id": 5, "names": ["man"], "w": 60, "y": 7, "x": 8}]},
    {"image_id": 1, "objects": [
        {"synsets": [], "h": 5, "object_id": 1058549, "names": ["clock", "dial"], "w": 6, "y": 0, "x": 1}]},
]  # fmt: skip


def write(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_descriptions_are_regions_with_phrases_and_objects_regions_with_labels(tmp_path: Path, read: Read) -> None:
    images, problems = read(
        "visual-genome", write(tmp_path, image_data=DATA, region_descriptions=DESCRIPTIONS, objects=OBJECTS)
    )
    assert problems == []
    first, second = images
    assert (first.key, first.frame) == ("VG_100K_2/1", (800, 600))
    assert first.regions == (
        RegionBox("1382", (421, 57, 82, 139)), RegionBox("1383", (194, 372, 182, 213)),
        RegionBox("object 1058549", (1, 0, 6, 5), "clock, dial"),
    )  # fmt: skip
    assert [(p.region, p.text, p.annotator) for p in first.phrases] == [
        ("1382", "the clock is green", None), ("1383", "shade is along the street", None)
    ]  # fmt: skip
    assert [r.key for r in second.regions] == ["9", "object 5"]
    without = read("visual-genome", tmp_path, objects=False)[0]
    assert [r.key for r in without[1].regions] == ["9"]


def test_photos_are_found_in_either_folder_or_together(tmp_path: Path, read: Read) -> None:
    write(tmp_path, image_data=DATA, region_descriptions=DESCRIPTIONS)
    write_photo(tmp_path / "1.jpg", (8, 6), 1)
    write_photo(tmp_path / "VG_100K_2" / "2.jpg", (8, 6), 2)
    images, _ = read("visual-genome", tmp_path)
    assert [image.file.path.as_posix() for image in images if image.file] == ["1.jpg", "VG_100K_2/2.jpg"]


def test_descriptions_alone_can_be_read_and_it_is_said(tmp_path: Path, read: Read) -> None:
    write(tmp_path, region_descriptions=DESCRIPTIONS)
    images, problems = read("visual-genome", tmp_path / "region_descriptions.json")
    assert [(image.key, image.frame) for image in images] == [("1", None), ("2", None)]
    assert [p.kind for p in problems] == ["files that are not there"]


def test_what_is_wrong_is_named_by_image_and_item(tmp_path: Path, read: Read) -> None:
    good = DESCRIPTIONS[0]["regions"][0]
    broken = [
        {"id": 1, "regions": [
            good, {**good, "x": 1}, {**good, "region_id": 2, "y": None}, {**good, "region_id": 3, "phrase": ["a"]}, 7]},
        {"regions": []}, 5,
    ]  # fmt: skip
    write(tmp_path, image_data=[*DATA, {"image_id": "x"}, {**DATA[0], "width": 3}], region_descriptions=broken)
    (image,), problems = read("visual-genome", tmp_path)
    assert [r.key for r in image.regions] == ["1382"]
    assert len(image.phrases) == 2
    assert {(p.kind, p.where.partition(", ")[2], p.detail) for p in problems} == {
        ("images whose data cannot be read", "line 1, item 3", "image_id is 'x', not a number"),
        ("image numbers given twice", "line 1, item 4", "the first 1 is kept"),
        ("region numbers given twice", "region 1382", "the first box is kept"),
        ("region descriptions that cannot be read", "image 1, item 3", "y is missing, not a number"),
        ("region descriptions that cannot be read", "image 1, item 4", "phrase is ['a'], not text"),
        ("region descriptions that cannot be read", "item 5", "the region is 7, not an object"),
        ("images that cannot be read", "line 1, item 2", "image_id is missing, not a number"),
        ("images that cannot be read", "line 1, item 3", "the image is 5, not an object"),
    }


def test_another_array_is_refused(tmp_path: Path, read: Read) -> None:
    write(tmp_path, region_descriptions=[{"id": 1}])
    with pytest.raises(DataError, match="has no image with regions"):
        read("visual-genome", tmp_path)
