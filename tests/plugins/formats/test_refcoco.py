from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.errors import DataError, UserError

from .conftest import Read

# As REFER's files have them, cut down.
INSTANCES = {
    "images": [{"id": 98304, "file_name": "COCO_train2014_000000098304.jpg", "width": 640, "height": 424}],
    "annotations": [
        {"id": 3007, "image_id": 98304, "bbox": [267.52, 229.75, 49.0, 49.0], "category_id": 18, "iscrowd": 0},
        {"id": 3008, "image_id": 98304, "bbox": [1, 2, 30, 40], "category_id": 18, "segmentation": [], "iscrowd": 0},
    ],
    "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}],
}  # fmt: skip
REFS = [
    {"sent_ids": [0, 1], "file_name": "COCO_train2014_000000098304_3007.jpg", "ann_id": 3007, "ref_id": 0,
     "image_id": 98304, "split": "testA", "category_id": 18,
     "sentences": [{"tokens": ["right"], "raw": "Right!", "sent_id": 0, "sent": "right"},
                   {"tokens": ["right"], "sent_id": 1, "sent": "right"}]},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "instances.json").write_text(json.dumps(INSTANCES))
    return tmp_path


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_refs_come_from_a_pickle_of_any_protocol(folder: Path, read: Read, protocol: int) -> None:
    (folder / "refs(unc).p").write_bytes(pickle.dumps(REFS, protocol))
    (image,), problems = read("refcoco", folder)
    assert problems == []
    assert image.file
    assert (image.key, image.file.split) == ("COCO_train2014_000000098304", "testA")
    assert [(r.key, r.label) for r in image.regions] == [("3007", "dog"), ("3008", "dog")]
    assert [(p.region, p.text) for p in image.phrases] == [("3007", "Right!"), ("3007", "right")]


def test_refs_as_json_are_the_same(folder: Path, read: Read) -> None:
    (folder / "refs.json").write_text(json.dumps(REFS))
    from_json = read("refcoco", folder)
    (folder / "refs.json").unlink()
    (folder / "refs(unc).p").write_bytes(pickle.dumps(REFS, 2))
    assert read("refcoco", folder) == from_json


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("owned",))


def test_a_pickle_that_would_run_a_program_is_not_opened(
    folder: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "refs(evil).p").write_bytes(pickle.dumps([*REFS, Evil()]))
    with pytest.raises(DataError, match=r"it names (posix|nt|os)\.mkdir.*not opened, for safety"):
        read("refcoco", folder)
    assert not (folder / "owned").exists()


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps(REFS)[:-10], b"\x80\x02\x8a\xff", pickle.dumps({})])
def test_a_damaged_pickle_is_one_sentence(folder: Path, read: Read, content: bytes) -> None:
    (folder / "refs(unc).p").write_bytes(content)
    with pytest.raises(DataError, match=r"refs\(unc\)\.p is no"):
        read("refcoco", folder)


def test_several_files_of_refs_must_be_chosen_from(folder: Path, read: Read) -> None:
    for name in ("refs(unc).p", "refs(google).p"):
        (folder / name).write_bytes(pickle.dumps(REFS))
    with pytest.raises(UserError, match=r"refs\(google\)\.p, refs\(unc\)\.p\): say which with -o refs=NAME"):
        read("refcoco", folder)
    assert len(read("refcoco", folder, refs="refs(unc).p")[0]) == 1


def test_refs_that_lead_nowhere_and_splits_that_differ_are_named(folder: Path, read: Read) -> None:
    refs = [*REFS, {**REFS[0], "ann_id": 5}, {**REFS[0], "split": "val"}, {"ann_id": 3007}, 3]
    (folder / "refs.json").write_text(json.dumps(refs))
    (image,), problems = read("refcoco", folder)
    assert image.file
    assert image.file.split == "testA"
    assert [(p.kind, p.where) for p in problems] == [
        ("refs that cannot be read", "refs.json, line 1, item 4"),
        ("refs that cannot be read", "refs.json, line 1, item 5"),
        ("refs to boxes that are not there", "refs.json, line 1, item 2"),
        ("images with refs in several splits", "refs.json, line 1, item 3"),
    ]  # fmt: skip


def test_refs_without_their_boxes_are_refused(tmp_path: Path, read: Read) -> None:
    (tmp_path / "refs.json").write_text(json.dumps(REFS))
    with pytest.raises(DataError, match=r"instances\.json does not exist: the boxes of refs\.json are in it"):
        read("refcoco", tmp_path)
