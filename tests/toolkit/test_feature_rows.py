from __future__ import annotations

import json
from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.feature_rows import FeatureRow, read_rows


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_an_image_a_line(tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, "keys.txt", "b.jpg\n\na.jpg\n")) == [FeatureRow("b.jpg"), FeatureRow("a.jpg")]


def test_boxes_in_a_table_an_empty_one_is_the_frame(tmp_path: Path) -> None:
    table = "image,x,y,width,height\na.jpg,,,,\na.jpg,1,2,3.5,4\n"
    expected = [FeatureRow("a.jpg"), FeatureRow("a.jpg", (1, 2, 3.5, 4))]
    assert read_rows(written(tmp_path, "rows.csv", table)) == expected
    assert read_rows(written(tmp_path, "rows.tsv", table.replace(",", "\t"))) == expected


def test_karpathys_images_stand_in_the_order_of_their_imgid(tmp_path: Path) -> None:
    images = [{"imgid": 1, "filename": "b.jpg"}, {"imgid": 0, "filename": "a.jpg"}]
    file = written(tmp_path, "dataset_flickr8k.json", json.dumps({"images": images}))
    assert [row.image for row in read_rows(file)] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.csv", "image,x,y,width,height\na,1,2,3,\n", r"rows\.csv, line 2: 1, 2, 3,  is no box"),
        ("rows.csv", "image,x,y,width,height\na,1,2,0,5\n", "line 2: a box of 0 × 5 pixels holds nothing"),
        ("rows.csv", "image,x,y,width,height\na,1,2,nan,5\n", "line 2: a box of nan × 5"),
        ("rows.csv", "key,x\na,1\n", "line 1: it has no column 'image'"),
        ("rows.json", "{}", r"no dataset_\*\.json of Karpathy"),
        ("rows.json", '{"images": [{"imgid": 1, "filename": "a"}]}', "imgids are not 0, 1, 2"),
        ("rows.txt", "\n", "names no rows"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_rows(written(tmp_path, name, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_rows(tmp_path / "none.txt")
