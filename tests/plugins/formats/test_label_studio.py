from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError

from .conftest import Read, write_photo


def result(kind: str, key: str = "Dx_aB91", **value: Any) -> dict[str, Any]:
    return {
        "id": key, "type": kind, "from_name": "f", "to_name": "image", "original_width": 600, "original_height": 400,
        "image_rotation": 0, "value": value,
    }  # fmt: skip


BOX = {"x": 10, "y": 25, "width": 50, "height": 12.5, "rotation": 0}


def task(*annotations: dict[str, Any], image: str = "/data/upload/1/0a1b2c3d-dog.jpg") -> dict[str, Any]:
    return {"id": 1, "data": {"image": image}, "annotations": list(annotations), "predictions": []}


def write(path: Path, *tasks: Any) -> Path:
    path.write_text(json.dumps(tasks))
    return path


def test_rectangles_their_texts_and_texts_on_the_image(tmp_path: Path, read: Read) -> None:
    first = {
        "completed_by": {"id": 3, "email": "ann@example.org"}, "ground_truth": True,
        "result": [
            result("rectanglelabels", **BOX, rectanglelabels=["Dog"]),
            result("textarea", **BOX, text=["a brown dog", "a dog"]),
            {"id": "s", "type": "textarea", "value": {"text": ["A dog on a lawn"]}},
            {"id": "c", "type": "choices", "value": {"choices": ["good"]}},
        ],
    }  # fmt: skip
    second = {
        "completed_by": 7,
        "result": [result("rectangle", "other", **BOX), result("textarea", "other", **BOX, text=["x"])],
    }
    (image,), problems = read("label-studio", write(tmp_path / "a.json", task(first, second)))
    assert problems == []
    assert (image.key, image.frame, [s.text for s in image.sentences]) == ("dog", (600, 400), ["A dog on a lawn"])
    assert [(r.key, r.box, r.label) for r in image.regions] == [
        ("Dx_aB91", (60, 100, 300, 50), "Dog"), ("other", (60, 100, 300, 50), None)
    ]  # fmt: skip
    assert [(p.region, p.text, p.annotator, p.state) for p in image.phrases] == [
        ("Dx_aB91", "a brown dog", "ann@example.org", "accepted"), ("Dx_aB91", "a dog", "ann@example.org", "accepted"),
        ("other", "x", "user 7", "submitted"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/data/upload/1/0a1b2c3d-dog.jpg", "dog.jpg"), ("/data/local-files/?d=train/a%20dog.jpg", "train/a dog.jpg"),
        ("s3://bucket/x/dog.jpg", "dog.jpg"), ("https://example.org/a/dog%20b.jpg?x=1", "dog b.jpg"),
        ("photos/dog.jpg", "photos/dog.jpg"),
    ],
)  # fmt: skip
def test_a_photo_is_found_from_its_address(tmp_path: Path, read: Read, address: str, path: str) -> None:
    (image,), _ = read("label-studio", write(tmp_path / "a.json", task(image=address)))
    assert image.file
    assert image.file.path.as_posix() == path


def test_an_uploaded_photo_keeps_its_prefix_where_it_lies_so(tmp_path: Path, read: Read) -> None:
    write_photo(tmp_path / "0a1b2c3d-dog.jpg", (6, 4), 1)
    (image,), _ = read("label-studio", write(tmp_path / "a.json", task()), images=tmp_path)
    assert image.key == "0a1b2c3d-dog"


def test_of_a_turned_rectangle_the_box_around_it_is_kept(tmp_path: Path, read: Read) -> None:
    turned = result("rectangle", x=50, y=50, width=10, height=10, rotation=90)
    (image,), problems = read("label-studio", write(tmp_path / "a.json", task({"result": [turned]})))
    assert image.regions[0].box == pytest.approx((300 - 40, 200, 40, 60))
    assert [p.kind for p in problems] == ["turned rectangles"]


def test_what_cannot_be_read_is_named(tmp_path: Path, read: Read) -> None:
    results = [
        result("rectangle", x=1, y=2, width=3), result("rectangle", **{**BOX, "x": "left"}),
        {"id": "n", "type": "rectangle", "value": BOX}, result("rectangle", **BOX),
        result("rectangle", **{**BOX, "x": 1}),
        result("textarea", **BOX, text=[5]),
    ]  # fmt: skip
    path = write(tmp_path / "a.json", task({"result": results}, {"was_cancelled": True}), {"data": {}}, 3)
    (image,), problems = read("label-studio", path)
    assert [r.key for r in image.regions] == ["Dx_aB91"]
    assert [(p.where.partition(", ")[2], p.detail) for p in problems] == [
        ("line 1, item 1, result 1", "height is missing, not a number"),
        ("line 1, item 1, result 2", "x is 'left', not a number"),
        (
            "line 1, item 1, result 3",
            "original_width and original_height are missing, of which the box is a percentage",
        ),
        ("line 1, item 1, result 5", "region Dx_aB91 has another box before, which is kept"),
        ("line 1, item 1, result 6", "5 is no text"), ("line 1, item 1", ""),
        ("line 1, item 2", "image is missing, not text"),
        ("line 1, item 3", "the task is 3, not an object"),
    ]  # fmt: skip


def test_a_file_that_is_no_list_of_tasks_is_refused(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.json").write_text('{"tasks": [1]}')
    with pytest.raises(DataError, match="is no list of tasks: export from Label Studio as JSON"):
        read("label-studio", tmp_path / "a.json")
