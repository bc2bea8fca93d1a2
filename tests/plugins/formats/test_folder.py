from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.plugins.formats.folder import Folder
from vsa_toolkit.records import ImageBundle, Problem


def make(folder: Path, *names: str, sidecar: str | None = None) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    if sidecar is not None:
        (folder / "sentences.tsv").write_text(sidecar, encoding="utf-8")
    return folder


def read(path: Path) -> tuple[dict[str, ImageBundle], list[Problem]]:
    problems: list[Problem] = []
    return {b.key: b for b in Folder(Folder.Options()).read(path, problems.append)}, problems


def test_photos_are_found_below_with_keys_and_splits_from_their_paths(tmp_path: Path) -> None:
    make(tmp_path, "train/beach/dog.JPG", "dev/cat.png", "test/cow.webp", "other/hen.jpeg", "top.jpg", "notes.txt")
    bundles, _ = read(tmp_path)
    assert {key: b.file.split for key, b in bundles.items() if b.file} == {
        "train/beach/dog": "train",
        "dev/cat": "val",
        "test/cow": "test",
        "other/hen": None,
        "top": None,
    }


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    bundles, _ = read(make(tmp_path, ".thumbs/a.jpg", ".b.jpg", "c.jpg"))
    assert set(bundles) == {"c"}


def test_two_photos_that_differ_in_suffix_only_have_different_keys(tmp_path: Path) -> None:
    bundles, _ = read(make(tmp_path, "dog.jpg", "dog.png"))
    assert set(bundles) == {"dog", "dog.png"}


def test_sentences_come_from_the_sidecar_by_path_or_key_in_its_order(tmp_path: Path) -> None:
    make(tmp_path, "a/dog.jpg", "b.jpg", sidecar="a/dog.jpg\tA dog .\nb\tB .\na/dog\tIt runs .\n\n")
    bundles, problems = read(tmp_path)
    assert [(s.number, s.text) for s in bundles["a/dog"].sentences] == [(0, "A dog ."), (1, "It runs .")]
    assert [s.text for s in bundles["b"].sentences] == ["B ."]
    assert problems == []


def test_bad_lines_and_sentences_of_missing_photos_are_named(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", sidecar="a.jpg\tfine .\nno tab\nz.jpg\tnowhere .\n")
    _, problems = read(tmp_path)
    assert [(p.kind, p.where) for p in problems] == [
        ("malformed lines", "sentences.tsv, line 2"),
        ("sentences of photos that do not exist", "sentences.tsv, line 3"),
    ]


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no photo"):
        read(make(tmp_path, "notes.txt"))
    with pytest.raises(DataError, match="is no folder"):
        read(tmp_path / "notes.txt")
