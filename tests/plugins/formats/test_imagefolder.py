from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError

from .conftest import Read


def write(folder: Path, *lines: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "metadata.jsonl").write_text("\n".join(texts))
    return folder


def test_a_folder_as_datasets_loads_it(tmp_path: Path, read: Read) -> None:
    """Lines as in Hugging Face's guide, and ours with phrases."""
    write(
        tmp_path / "data",
        {"file_name": "train/0001.png", "text": "This is a golden retriever"},
        {"file_name": "test/0002.png",
         "objects": {"bbox": [[302.0, 109.0, 73.0, 52.0], [1, 2, 3, 4]], "categories": [0, 1]}},
        {"file_name": "3.png", "split": "val", "sentences": ["One", "Two"],
         "objects": {"bbox": [[1, 2, 3, 4]], "phrases": [["a dog", {"text": "dog", "annotator": "ann"}]]}},
    )  # fmt: skip
    (first, second, third), problems = read("imagefolder", tmp_path / "data")
    assert problems == []
    assert [image.file.split for image in (first, second, third) if image.file] == ["train", "test", "val"]
    assert [s.text for s in first.sentences] == ["This is a golden retriever"]
    assert [(r.key, r.box, r.label) for r in second.regions] == [
        ("0", (302, 109, 73, 52), "0"), ("1", (1, 2, 3, 4), "1")
    ]  # fmt: skip
    assert [(p.region, p.text, p.annotator) for p in third.phrases] == [("0", "a dog", None), ("0", "dog", "ann")]


def test_each_split_may_have_metadata_of_its_own(tmp_path: Path, read: Read) -> None:
    write(tmp_path / "train", {"file_name": "1.png", "text": "a"})
    write(tmp_path / "validation", {"file_name": "2.png", "text": "b"})
    images, _ = read("imagefolder", tmp_path)
    assert [(i.key, i.file.split) for i in images if i.file] == [("train/1", "train"), ("validation/2", "val")]


def test_broken_lines_are_named_and_a_folder_without_metadata_refused(tmp_path: Path, read: Read) -> None:
    objects = {"bbox": [[1, 2, 3, 4], [1, 2, 3, 4]], "id": ["a"]}
    write(
        tmp_path / "data", {"text": "x"}, "{not json", {"file_name": "a.png", "objects": objects}, "[1]",
        {"file_name": "b.png", "objects": {"bbox": [[1, 2, 3]]}}, {"file_name": "c.png", "text": "fine"},
    )  # fmt: skip
    images, problems = read("imagefolder", tmp_path / "data")
    assert [image.key for image in images] == ["c"]
    assert [p.where for p in problems] == [f"metadata.jsonl, line {line}" for line in (1, 2, 3, 4, 5)]
    assert problems[2].detail == "objects has 2 boxes and 1 of id"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty has no metadata\.jsonl, nor have the folders in it"):
        read("imagefolder", tmp_path / "empty")
