from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format
from vsa_toolkit.records import ImageBundle, ImageFile, Problem, SentenceText

from .conftest import Read

LINES = "b.jpg#0\tA dog .\na.jpg#1\tTwo men\nb.jpg#1\tA ball\na.jpg#0\tSome men\n"


def test_lines_come_together_by_photo_and_number(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.token").write_text(LINES)
    images, problems = read("flickr30k", tmp_path / "a.token", split="train")
    assert problems == []
    assert [(i.key, [(s.number, s.text) for s in i.sentences]) for i in images] == [
        ("b", [(0, "A dog ."), (1, "A ball")]), ("a", [(0, "Some men"), (1, "Two men")])
    ]  # fmt: skip
    assert images[0].file == ImageFile("b", Path("b.jpg"), "train")


def test_malformed_and_doubled_lines_are_named(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.token").write_text(f"{LINES}\nno tab\nc.jpg\tno number\nb.jpg#0\tagain\n")
    images, problems = read("flickr30k", tmp_path / "a.token")
    assert len(images) == 2
    assert [(p.kind, p.where) for p in problems] == [
        ("malformed lines", "a.token, line 6"), ("malformed lines", "a.token, line 7"),
        ("sentences given twice", "a.token, line 8"),
    ]  # fmt: skip


def test_a_file_without_such_a_line_and_one_in_latin_1_are_refused(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.token").write_text("hello\n")
    with pytest.raises(DataError, match="it is no token file"):
        read("flickr30k", tmp_path / "a.token")
    (tmp_path / "a.token").write_bytes(b"a.jpg#0\tA dog\nb.jpg#0\tA caf\xe9\n")
    with pytest.raises(DataError, match=r"a\.token, line 2 is not UTF-8: save the file as UTF-8"):
        read("flickr30k", tmp_path / "a.token")
    (tmp_path / "a.token").write_text(LINES, encoding="utf-16")
    with pytest.raises(DataError, match="is UTF-16 or UTF-32"):
        read("flickr30k", tmp_path / "a.token")


def test_a_photo_whose_name_would_break_the_line_is_left_out(tmp_path: Path, make: Callable[..., Format]) -> None:
    problems: list[Problem] = []
    image = ImageBundle("a#1", ImageFile("a#1", Path("a#1.jpg")), sentences=(SentenceText(0, "A\nlong  line"),))
    good = ImageBundle("b", ImageFile("b", Path("b.jpg")), sentences=image.sentences)
    make("flickr30k").write(
        tmp_path / "a.token", Export("x", tmp_path, tmp_path / "a.token", [image, good], problems.append)
    )
    assert (tmp_path / "a.token").read_text() == "b.jpg#0\tA long line\n"
    assert [p.where for p in problems] == ["a#1.jpg"]
