"""Numbers that are no box, the whole way from a file to a workspace: the item is named, the rest comes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format
from vsa_toolkit.importing import run_import

from .conftest import write_photo

FILE = """{"images": [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 50}], "annotations": [
{"id": 1, "image_id": 1, "bbox": [1, 2, 30, 40]},
{"id": 2, "image_id": 1, "bbox": [NaN, 2, 30, 40]},
{"id": 3, "image_id": 1, "bbox": [1, 2, -30, 40]},
{"id": 4, "image_id": 1, "bbox": [1, 2, 0, 40]},
{"id": 5, "image_id": 1, "bbox": [1, 2, Infinity, 40]},
{"id": 6, "image_id": 1, "bbox": [500, 2, 30, 40]},
{"id": 7, "image_id": 1, "bbox": [1e308, 2, 1e308, 40]}]}
"""


def test_boxes_that_are_none_are_named_and_the_others_come(
    workspace: Workspace, make: Callable[..., Format], tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(FILE)
    write_photo(tmp_path / "1.jpg", (100, 50), 1)
    summary = run_import(workspace.store, make("coco"), tmp_path / "a.json", "numbers")
    assert workspace.regions("numbers").column("key") == ["1"]
    found = {problem.kind: problem for problem in summary.problems}
    assert {kind: problem.count for kind, problem in found.items()} == {
        "boxes that are empty": 2, "boxes outside their photo": 2, "boxes with a number that is not finite": 2
    }  # fmt: skip
    assert found["boxes that are empty"].examples[0] == (
        "1, box 3: box (1, 2, -30, 40) is empty: width and height must be above 0"
    )
    assert "1, box 2: box (nan, 2.0, 30.0, 40.0) has a number that is not finite" in (
        found["boxes with a number that is not finite"].examples
    )


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_leaves_nothing(
    workspace: Workspace, make: Callable[..., Format], tmp_path: Path, cut: float
) -> None:
    (tmp_path / "a.json").write_text(FILE[: int(cut * len(FILE.rstrip()))])
    write_photo(tmp_path / "1.jpg", (100, 50), 1)
    with pytest.raises(DataError, match=r"a\.json is truncated: it ends in .*, line \d\. Get the file again\."):
        run_import(workspace.store, make("coco"), tmp_path / "a.json", "truncated")
    assert "truncated" not in workspace.store.list_datasets()


def test_a_small_archive_that_would_grow_without_end_is_refused(make: Callable[..., Format], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Annotations/1.xml", b"0" * 20_000_000)
        archive.writestr("Sentences/1.txt", b"A dog .\n")
    assert (tmp_path / "a.zip").stat().st_size < 30_000
    with pytest.raises(DataError, match="is larger than any annotation of Flickr30k Entities"):
        list(make("flickr30k-entities").read(tmp_path / "a.zip", print))
