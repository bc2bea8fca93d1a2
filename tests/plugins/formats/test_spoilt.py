"""Real sources spoilt in many ways: whatever a file holds, a reader reports or refuses, and never falls over."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, VsaError
from vsa_toolkit.format import Format
from vsa_toolkit.importing import run_import

from ..format_sources import NAMES, make_source
from .conftest import Read, write_photo

TIMES = 25
VALUES: tuple[Any, ...] = (
    None, True, -1, 1.5, float("nan"), float("inf"), 10**400, "", "x", "a\0b", "\ud800", "../../etc/passwd", "a" * 5000,
    [], {}, [[]], [1, 2, 3, 4], [None] * 4, {"id": 1},
)  # fmt: skip
PIECES = (
    b"NaN", b"-1", b"9" * 500, b"null", b"[", b"}", b",", b'"', b"\0", b"\xff", b"\\ud800", b"<", b"&x;", b"\t", b"\r",
    b"\xff\xfe", b"[" * 3000, b' encoding="x"',
)  # fmt: skip


def spoilt(data: bytes, name: str, dice: random.Random) -> bytes:
    """The content of a file with a value of its JSON, or some bytes of it, replaced, taken out or put in."""
    if name.endswith((".json", ".jsonl")) and dice.random() < 0.6:
        lines = data.decode().splitlines() if name.endswith(".jsonl") else [data.decode()]
        at = dice.randrange(len(lines))
        content = json.loads(lines[at])
        holder, key = dice.choice(list(_places(content)))
        holder[key] = dice.choice(VALUES)
        lines[at] = json.dumps(content)
        return "\n".join(lines).encode()
    start = dice.randrange(len(data))
    end = min(len(data), start + dice.choice((0, 1, 8, len(data))))
    return data[:start] + dice.choice((b"", *PIECES)) + data[end:]


def _import(workspace: Workspace, reader: Format, path: Path, dataset: str | None) -> str | None:
    """Why the source was refused, if it was."""
    try:
        run_import(workspace.store, reader, path, dataset)
    except VsaError as error:
        return str(error)
    return None


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(content.items() if isinstance(content, dict) else enumerate(content)):
        yield content, key
        if isinstance(value, dict | list):
            yield from _places(value)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_holds_its_import_is_done_or_refused_and_leaves_nothing(
    workspace: Workspace, make: Callable[..., Format], tmp_path: Path, name: str
) -> None:
    dice = random.Random(name)
    source = make_source(name, tmp_path / "source")
    for number in range(TIMES):
        folder = tmp_path / f"spoilt-{number}"
        if source.is_dir():
            shutil.copytree(source, folder)
        else:
            folder.mkdir()
            shutil.copy(source, folder)
        for place in range(3):
            write_photo(folder / f"photo {place}.jpg", (640, 480), place)
        texts = [path for path in sorted(folder.rglob("*")) if path.suffix not in (".jpg", ".png") and path.is_file()]
        file = dice.choice(texts or sorted(folder.glob("a_1.jpg")))
        file.write_bytes(spoilt(file.read_bytes() or b"?", file.name, dice))
        reader = make(name)
        dataset = f"{name} {number}" if reader.creates_images else None
        refused = _import(workspace, reader, folder if source.is_dir() else file, dataset)
        assert refused is None or ("\n" not in refused and dataset not in workspace.store.list_datasets())
        shutil.rmtree(folder)


def test_names_that_are_no_names_are_named_by_their_item(tmp_path: Path, read: Read) -> None:
    content = {
        "images": [{"id": 1, "file_name": "1.jpg"}],
        "categories": [{"id": [1], "name": "dog"}, {"id": 2, "name": ["cat"]}],
        "annotations": [{"id": 1, "image_id": 1, "bbox": [1, 2, 3, 4], "category_id": {"id": 1}}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    _, problems = read("coco", tmp_path / "a.json")
    assert [(problem.kind, problem.detail) for problem in problems] == [
        ("categories that cannot be read", "id is [1], not a number or text"),
        ("categories that cannot be read", "name is ['cat'], not text"),
        ("annotations that cannot be read", "category_id is {'id': 1}, not a number or text"),
    ]


@pytest.mark.parametrize("half", ["\ud800", "a\0b"])
def test_text_that_is_no_unicode_leaves_its_image_out_and_says_so(
    workspace: Workspace, make: Callable[..., Format], tmp_path: Path, half: str
) -> None:
    images = [{"filename": name, "split": "train", "sentences": []} for name in (f"{half}.jpg", "b.jpg")]
    (tmp_path / "dataset_a.json").write_text(json.dumps({"images": images}))
    write_photo(tmp_path / "b.jpg", (30, 20), 1)
    dataset = f"half {half!a}"
    summary = run_import(workspace.store, make("karpathy"), tmp_path / "dataset_a.json", dataset)
    assert workspace.images(dataset).column("image") == ["b"]
    (found,) = summary.problems
    assert found.kind == "images with text that no database keeps"
    assert "is not Unicode, or has a NUL" in found.examples[0]
    found.examples[0].encode()  # it can be printed


def test_numbers_that_no_database_keeps_are_named(
    workspace: Workspace, make: Callable[..., Format], tmp_path: Path
) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 10 ** (15 * n), "height": 5} for n in (0, 2)]
    (tmp_path / "captions.json").write_text(json.dumps({"images": images, "annotations": []}))
    (tmp_path / "a.token").write_text("0.jpg#99999999999999999999\ta dog .\n0.jpg#1\ta cat .\n")
    write_photo(tmp_path / "0.jpg", (1, 5), 0)
    write_photo(tmp_path / "2.jpg", (9, 5), 2)
    first = run_import(workspace.store, make("coco"), tmp_path / "captions.json", "large numbers")
    assert [problem.kind for problem in first.problems] == ["images whose stated size is none"]
    second = run_import(workspace.store, make("flickr30k"), tmp_path / "a.token", "large numbers")
    assert [problem.kind for problem in second.problems] == ["sentences whose number is none"]
    assert workspace.sentences(dataset="large numbers").column("text") == ["a cat ."]


@pytest.mark.parametrize("name", ["cvat", "csv", "flickr30k", "via", "coco"])
def test_a_folder_where_a_file_is_due_is_one_sentence(tmp_path: Path, read: Read, name: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read: Is a directory\."):
        read(name, tmp_path)


def test_an_xml_in_an_unknown_encoding_is_one_sentence(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.xml").write_text('<?xml version="1.0" encoding="klingon"?><annotations/>')
    with pytest.raises(DataError, match=r"a\.xml states an encoding that is not known: save it as UTF-8\."):
        read("cvat", tmp_path / "a.xml")
    entities = make_source("flickr30k-entities", tmp_path / "entities")
    file = entities / "Annotations" / "7.xml"
    file.write_text('<?xml version="1.0" encoding="klingon"?>' + file.read_text())
    bundles, problems = read("flickr30k-entities", entities)
    assert [bundle.key for bundle in bundles] == ["8"]
    assert [(p.kind, p.where) for p in problems] == [
        ("annotation files in an encoding that is not known", "Annotations/7.xml")
    ]


def test_a_name_that_is_too_long_for_a_file_is_a_photo_that_does_not_exist(
    workspace: Workspace, make: Callable[..., Format], tmp_path: Path
) -> None:
    (tmp_path / "a.token").write_text(f"{'a' * 5000}.jpg#0\ta dog .\n")
    summary = run_import(workspace.store, make("flickr30k"), tmp_path / "a.token", "too long")
    assert [problem.kind for problem in summary.problems] == ["photos that do not exist"]
