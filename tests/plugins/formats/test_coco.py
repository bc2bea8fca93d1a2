from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.plugins.formats.coco import split_in_name

from .conftest import Read

IMAGE = {"id": 9, "file_name": "000000000009.jpg", "width": 640, "height": 480, "license": 3}


def coco(path: Path, annotations: list[dict[str, Any]], images: list[dict[str, Any]] | None = None) -> Path:
    file = {
        "annotations": annotations,  # before the images that they are of
        "images": images if images is not None else [IMAGE],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}],
    }
    path.write_text(json.dumps(file))
    return path


def test_captions_and_instances_are_told_apart_by_their_annotations(tmp_path: Path, read: Read) -> None:
    path = coco(
        tmp_path / "a.json",
        [
            {"id": 1, "image_id": 9, "caption": "A dog."},
            {"id": 2, "image_id": 9, "bbox": [1.5, 2, 30, 40], "category_id": 18, "segmentation": [[1, 2, 3, 4, 5, 6]]},
            {"id": 3, "image_id": 9, "bbox": [5, 6, 7, 8], "category_id": 18, "caption": "its ear", "annotator": "ann"},
            {"id": 4, "image_id": 9, "caption": "Two dogs."},
        ],
    )
    (image,), problems = read("coco", path)
    assert (image.key, image.frame) == ("000000000009", (640, 480))
    assert [s.text for s in image.sentences] == ["A dog.", "Two dogs."]
    assert [(r.key, r.box, r.label) for r in image.regions] == [
        ("2", (1.5, 2, 30, 40), "dog"), ("3", (5, 6, 7, 8), "dog")
    ]  # fmt: skip
    assert [(p.region, p.text, p.annotator) for p in image.phrases] == [("3", "its ear", "ann")]
    assert [p.kind for p in problems] == ["outlines that are not kept"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("captions_val2017.json", "val"), ("instances_train2014.json", "train"), ("test.json", "test"),
        ("annotations.json", None), ("protest2017.json", None),
    ],
)  # fmt: skip
def test_the_split_is_what_the_name_says(name: str, split: str | None) -> None:
    assert split_in_name(Path(name)) == split


def test_what_is_wrong_with_one_item_is_named_and_the_rest_is_read(tmp_path: Path, read: Read) -> None:
    path = coco(
        tmp_path / "a.json",
        [
            {"id": 1, "image_id": 9, "bbox": [1, 2, 3]}, {"id": 2, "image_id": 9, "bbox": ["x", 2, 3, 4]},
            {"id": 3, "image_id": 9, "bbox": [1, 2, 3, 4], "category_id": 99}, {"id": 4, "image_id": 9},
            {"id": 5, "image_id": 77, "caption": "of no image"}, {"id": 6, "caption": "of none"}, "nothing",
            {"id": 3, "image_id": 9, "bbox": [9, 9, 9, 9]},
        ],
        [
            IMAGE, {**IMAGE, "file_name": "other.jpg"}, {"id": 10},
            {"id": 11, "file_name": "a.jpg", "width": -5, "height": 5},
        ],
    )  # fmt: skip
    (image,), problems = read("coco", path)
    assert [r.key for r in image.regions] == ["3"]
    found = [(p.kind, p.where.partition(", ")[2], p.detail) for p in problems]
    assert ("annotations that cannot be read", "line 1, item 1 of annotations", "bbox has 3 numbers, not 4") in found
    assert ("annotations that cannot be read", "line 1, item 2 of annotations", "bbox is 'x', not a number") in found
    assert (
        "annotations that cannot be read",
        "line 1, item 6 of annotations",
        "image_id is missing, not a number",
    ) in found
    assert (
        "annotations that cannot be read",
        "line 1, item 7 of annotations",
        "the annotation is 'nothing', not an object",
    ) in found
    assert ("annotations without a caption or a box", "line 1, item 4 of annotations", "") in found
    assert ("annotations of images that the file does not list", "image 77", "its 1 annotations are left out") in found
    assert ("annotation ids given twice", "line 1, item 8 of annotations", "3: the first box is kept") in found
    assert (
        "images that cannot be read",
        "line 1, item 4 of images",
        "width and height are -5 and 5: both must be above 0",
    ) in found
    kinds = {p.kind for p in problems}
    assert {"image ids given twice", "annotations of categories that the file does not list"} <= kinds


def test_a_file_without_images_is_refused(tmp_path: Path, read: Read) -> None:
    (tmp_path / "results.json").write_text(json.dumps([{"image_id": 9, "caption": "A dog."}]))
    with pytest.raises(DataError, match=r"results\.json lists no images: it is no COCO file"):
        read("coco", tmp_path / "results.json")
