from __future__ import annotations

import json
from pathlib import Path

import pytest

from vsa_toolkit.errors import UserError
from vsa_toolkit.format_head import Head, formats_of, refuse_other_format
from vsa_toolkit.registry import registry

SAMPLES = {
    "coco": '{"info": {}, "images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}',
    "karpathy": '{"images": [{"sentids": [1], "filename": "a.jpg"}]}',
    "visual-genome": '[{"regions": [{"region_id": 1, "phrase": "x"}], "id": 1}]',
    "refcoco": '[{"ref_id": 1, "ann_id": 2, "sentences": []}]',
    "via": '{"_via_settings": {}, "_via_img_metadata": {}}',
    "label-studio": '[{"id": 1, "data": {"image": "a.jpg"}, "annotations": []}]',
    "cvat": "<?xml version='1.0'?>\n<annotations>\n<version>1.1</version>",
    "csv": "image,x,y,width,height,phrase\n",
    "flickr30k": "a.jpg#0\tA dog .\n",
    "vsa-jsonl": '{"vsa":"workspace","schema":1}\n',
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_recognised_by_its_beginning_as_one_format(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text(SAMPLES[name] * 3)
    assert formats_of(Head(tmp_path / "file")) == [name]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["region_descriptions.json", "image_data.json"], ["visual-genome"]), (["metadata.jsonl"], ["imagefolder"]),
        (["instances.json", "refs(unc).p"], ["refcoco"]), (["Annotations", "Sentences"], ["flickr30k-entities"]),
        (["Flickr8k.token.txt", "images"], ["flickr8k"]), (["a.jpg"], []),
    ],
)  # fmt: skip
def test_a_folder_is_recognised_by_the_names_in_it(tmp_path: Path, names: list[str], found: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert formats_of(Head(tmp_path)) == found


def test_a_file_of_another_format_is_refused_and_it_is_said_what_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(SAMPLES["via"])
    with pytest.raises(UserError) as raised:
        refuse_other_format(registry().get("formats", "coco"), path)
    assert str(raised.value) == f"{path} is not of the format 'coco': this looks like via (vsa import via {path})."


def test_a_file_that_nothing_recognises_is_left_to_its_format_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"hello": 1}))
    refuse_other_format(registry().get("formats", "coco"), tmp_path / "a.json")


def test_a_file_is_not_taken_for_a_folder_of_photos(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(SAMPLES["coco"])
    with pytest.raises(UserError, match="this looks like coco"):
        refuse_other_format(registry().get("formats", "folder"), tmp_path / "a.json")


def test_only_the_beginning_of_a_file_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"images": [' + b" " * 10_000_000)
    head = Head(tmp_path / "a.json")
    assert len(head.bytes) < 100_000
    assert head.keys == {"images"}
