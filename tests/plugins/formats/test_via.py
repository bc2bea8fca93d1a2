from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError

from .conftest import Read


def region(shape: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"shape_attributes": shape, "region_attributes": attributes}


RECT = {"name": "rect", "x": 82, "y": 105, "width": 356, "height": 207}
FILES = {
    "adutta_swan.jpg174758": {
        "filename": "adutta_swan.jpg", "size": 174758, "file_attributes": {"sentences": "A swan\nIt swims"},
        "regions": [
            region(RECT, phrase="a white swan", label="bird", type={"swan": True}),
            region({"name": "circle", "cx": 50, "cy": 60, "r": 10}, phrase=""),
            region({"name": "ellipse", "cx": 50, "cy": 60, "rx": 10, "ry": 20, "theta": 0}),
            region({"name": "polygon", "all_points_x": [1, 9, 5], "all_points_y": [2, 2, 7]}),
        ],
    },
    "empty.jpg5": {"filename": "empty.jpg", "size": 5, "regions": [], "file_attributes": {}},
}  # fmt: skip
PROJECT = {
    "_via_settings": {"ui": {}, "core": {}, "project": {"name": "swans"}},
    "_via_img_metadata": FILES,
    "_via_attributes": {"region": {"phrase": {"type": "text"}}, "file": {}},
    "_via_data_format_version": "2.0.10",
    "_via_image_id_list": list(FILES),
}


@pytest.mark.parametrize("content", [PROJECT, FILES], ids=["project", "annotations"])
def test_a_project_and_its_annotations_are_read_alike(tmp_path: Path, read: Read, content: dict[str, Any]) -> None:
    (tmp_path / "via.json").write_text(json.dumps(content))
    (swan, empty), problems = read("via", tmp_path / "via.json", annotator="ann")
    assert (swan.key, [s.text for s in swan.sentences]) == ("adutta_swan", ["A swan", "It swims"])
    assert [(r.key, r.box, r.label) for r in swan.regions] == [
        ("0", (82, 105, 356, 207), "bird"), ("1", (40, 50, 20, 20), None), ("2", (40, 40, 20, 40), None),
        ("3", (1, 2, 8, 5), None),
    ]  # fmt: skip
    assert [(p.region, p.text, p.annotator) for p in swan.phrases] == [("0", "a white swan", "ann")]
    assert empty.regions == ()
    assert [p.detail for p in problems] == [
        "the box around the circle is kept", "the box around the ellipse is kept", "the box around the polygon is kept"
    ]  # fmt: skip


def test_the_attributes_may_have_other_names(tmp_path: Path, read: Read) -> None:
    file = {
        "filename": "a.jpg",
        "size": 1,
        "file_attributes": {"caption": "Sea"},
        "regions": [region(RECT, name="dog")],
    }
    (tmp_path / "via.json").write_text(json.dumps({"a.jpg1": file}))
    (image,), _ = read("via", tmp_path / "via.json", phrase="name", sentences="caption")
    assert ([p.text for p in image.phrases], [s.text for s in image.sentences]) == (["dog"], ["Sea"])


def test_broken_shapes_are_named_and_other_files_refused(tmp_path: Path, read: Read) -> None:
    regions = [
        region({"name": "point", "cx": 1, "cy": 2}), region({"name": "rect", "x": 1}), region(RECT, region="a"),
        region({**RECT, "x": 1}, region="a"), 5,
    ]  # fmt: skip
    (tmp_path / "via.json").write_text(
        json.dumps({"a.jpg1": {"filename": "a.jpg", "regions": regions, "file_attributes": {}}, "b": {"size": 3}})
    )
    (image,), problems = read("via", tmp_path / "via.json")
    assert [r.key for r in image.regions] == ["a"]
    assert [(p.where, p.detail) for p in problems] == [
        ("via.json, a.jpg, region 1", "a point has no box"),
        ("via.json, a.jpg, region 2", "y is missing, not a number"),
        ("via.json, a.jpg, region 4", "region a has another box before, which is kept"),
        ("via.json, a.jpg, region 5", "the region is 5, not an object"),
        ("via.json, line 1, b 'size'", "filename is missing, not text"),
    ]  # fmt: skip
    (tmp_path / "via.json").write_text('{"_via_settings": {"ui": 1}}')
    with pytest.raises(DataError, match="has no files: it is no project or annotation file of VIA 2"):
        read("via", tmp_path / "via.json")
