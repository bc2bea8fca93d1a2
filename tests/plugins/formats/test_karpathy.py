from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format

from .conftest import Read

IMAGES = [
    {"sentids": [0, 1], "imgid": 0, "split": "train", "filename": "2513260012.jpg",
     "sentences": [{"tokens": ["a", "dog"], "raw": "A dog .", "imgid": 0, "sentid": 0},
                   {"tokens": ["two", "dogs"], "imgid": 0, "sentid": 1}]},
    {"filepath": "val2014", "sentids": [], "filename": "COCO_val2014_1.jpg", "imgid": 1, "split": "restval",
     "sentences": [], "cocoid": 1},
]  # fmt: skip


def write(path: Path, images: object = IMAGES) -> Path:
    path.write_text(json.dumps({"images": images, "dataset": "flickr8k"}))
    return path


def test_photos_splits_and_sentences_as_they_are(tmp_path: Path, read: Read) -> None:
    (first, second), problems = read("karpathy", write(tmp_path / "dataset_flickr8k.json"))
    assert problems == []
    assert (first.key, [s.text for s in first.sentences]) == ("2513260012", ["A dog .", "two dogs"])
    assert first.file
    assert second.file
    assert (first.file.split, second.file.split, second.file.path.as_posix()) == (
        "train", "restval", "val2014/COCO_val2014_1.jpg"
    )  # fmt: skip


def test_restval_can_go_where_most_papers_put_it(tmp_path: Path, read: Read) -> None:
    (_, second), _ = read("karpathy", write(tmp_path / "a.json"), restval="train")
    assert second.file
    assert second.file.split == "train"


def test_the_dataset_is_what_the_files_name_says(make: Callable[..., Format]) -> None:
    assert make("karpathy").dataset_name(Path("x/dataset_flickr30k.json")) == "flickr30k"


def test_broken_images_are_named_and_a_file_without_any_refused(tmp_path: Path, read: Read) -> None:
    images, problems = read(
        "karpathy", write(tmp_path / "a.json", [*IMAGES, {"sentences": []}, {"filename": "x", "sentences": 5}])
    )
    assert len(images) == 2
    assert [(p.where, p.detail) for p in problems] == [
        ("a.json, line 1, item 3 of images", "filename is missing, not text"),
        ("a.json, line 1, item 4 of images", "sentences is 5, not a list"),
    ]
    with pytest.raises(DataError, match=r"a\.json has no images"):
        read("karpathy", write(tmp_path / "a.json", []))
