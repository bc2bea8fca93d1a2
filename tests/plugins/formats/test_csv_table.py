from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vsa_toolkit.box_convention import CORNERS, XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format

from .conftest import Read


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_line_is_a_phrase_a_box_or_a_sentence(tmp_path: Path, read: Read) -> None:
    path = write(
        tmp_path / "a.csv",
        "image,x,y,width,height,phrase,annotator,label,sentence,split",
        "b/dog.jpg,1,2,30.5,40,a dog,ann,dog,,train",
        "cat.jpg,,,,,,,,A cat.,",
        'b/dog.jpg,1,2,30.5,40,"a big, brown dog",bob,,,',
        "b/dog.jpg,5,6,7,8,,,ball,,",
    )
    (dog, cat), problems = read("csv", path)
    assert problems == []
    assert dog.file
    assert (dog.key, dog.file.split, [s.text for s in cat.sentences]) == ("b/dog", "train", ["A cat."])
    assert [(r.key, r.box, r.label) for r in dog.regions] == [
        ("1 2 30.5 40", (1, 2, 30.5, 40), "dog"), ("5 6 7 8", (5, 6, 7, 8), "ball")
    ]  # fmt: skip
    assert [(p.region, p.text, p.annotator) for p in dog.phrases] == [
        ("1 2 30.5 40", "a dog", "ann"), ("1 2 30.5 40", "a big, brown dog", "bob")
    ]  # fmt: skip


def test_the_columns_say_what_the_numbers_mean(tmp_path: Path, read: Read, make: Callable[..., Format]) -> None:
    corners = write(tmp_path / "a.tsv", "File Name\txmin\tymin\txmax\tymax\tclass", "a.jpg\t10\t20\t30\t50\tdog")
    (image,), _ = read("csv", corners)
    assert (image.regions[0].box, image.regions[0].label) == ((10, 20, 20, 30), "dog")
    assert make("csv").box_convention(corners) is CORNERS
    sizes = write(tmp_path / "b.csv", "image,x,y,w,h,text", "a.jpg,10,20,30,50,a dog")
    assert make("csv").box_convention(sizes) is XYWH
    assert read("csv", sizes)[0][0].phrases[0].text == "a dog"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("images,x,y,width,height", r"a\.csv, line 1: no column is named image\. Did you mean 'images'\?"),
        ("image;x;y;width;height", r"separated by something else \(-o delimiter=';'\)"),
        ("image,x,y,width", "a box needs x, y, width, height; height is missing"),
        ("image,x,y,width,height,x1,y1,x2,y2", "has both x y width height and x1 y1 x2 y2: leave one out"),
        ("", "no column is named image"),
    ],
)
def test_a_header_that_does_not_say_enough_is_refused(tmp_path: Path, read: Read, header: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read("csv", write(tmp_path / "a.csv", header, "a.jpg,1,2,3,4"))


def test_another_delimiter_can_be_said(tmp_path: Path, read: Read) -> None:
    (image,), _ = read("csv", write(tmp_path / "a.csv", "image;sentence", "a.jpg;Sea, and sun"), delimiter=";")
    assert [s.text for s in image.sentences] == ["Sea, and sun"]


def test_lines_that_cannot_be_read_are_named(tmp_path: Path, read: Read) -> None:
    path = write(
        tmp_path / "a.csv", "image,x,y,width,height,phrase,region", "a.jpg,1,2,3,4,fine,7", "a.jpg,1,2,3",
        ",1,2,3,4,x,",
        "a.jpg,,,,,a phrase,", 'a.jpg,"1,5",2,3,4,x,', "a.jpg,9,9,3,4,x,7", "a.jpg,nan,-1,-3,4,x,8",
    )  # fmt: skip
    (image,), problems = read("csv", path)
    assert [r.key for r in image.regions] == ["7", "8"]  # what is no box in a photo is found when it meets its photo
    assert [(p.where, p.detail) for p in problems] == [
        ("a.csv, line 3", "4 fields, the header has 7"), ("a.csv, line 4", ""),
        ("a.csv, line 5", "it has a phrase or a label and no box"), ("a.csv, line 6", "x is '1,5', not a number"),
        ("a.csv, line 7", "region 7 has another box on an earlier line, which is kept"),
    ]  # fmt: skip


def test_quotes_that_do_not_close_and_other_encodings_are_refused(tmp_path: Path, read: Read) -> None:
    with pytest.raises(DataError, match=r"a\.csv, line \d+: .*Is the quoting right\?"):
        read("csv", write(tmp_path / "a.csv", "image,sentence", 'a.jpg,"A dog'))
    (tmp_path / "a.csv").write_bytes(b"image,sentence\na.jpg,caf\xe9\n")
    with pytest.raises(DataError, match=r"a\.csv, about line \d, is not UTF-8"):
        read("csv", tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("image,sentence\na.jpg,x\n", encoding="utf-16")
    with pytest.raises(DataError, match="is UTF-16 or UTF-32"):
        read("csv", tmp_path / "a.csv")
