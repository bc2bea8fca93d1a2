from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.plugins.formats.flickr8k import Flickr8k
from vsa_toolkit.records import ImageBundle, Problem


def make_source(folder: Path, tokens: str, photos: str = "images", **splits: str) -> Path:
    (folder / photos).mkdir(parents=True)
    for name in ("a_1.jpg", "b_2.jpg", "c_3.jpg"):
        (folder / photos / name).write_bytes(b"")
    (folder / "Flickr8k.token.txt").write_text(tokens, encoding="utf-8")
    for split in ("train", "dev", "test"):
        (folder / f"Flickr_8k.{split}Images.txt").write_text(splits.get(split, ""), encoding="utf-8")
    return folder


def read(path: Path) -> tuple[dict[str, ImageBundle], list[Problem]]:
    problems: list[Problem] = []
    source = Flickr8k(Flickr8k.Options())
    return {bundle.key: bundle for bundle in source.read(path, problems.append)}, problems


def kinds(problems: list[Problem]) -> Counter[str]:
    return Counter(problem.kind for problem in problems)


def test_sentences_are_in_the_order_of_their_numbers_and_dev_is_val(tmp_path: Path) -> None:
    tokens = "a_1.jpg#1\tsecond .\na_1.jpg#0\tfirst .\nb_2.jpg#0\tonly one .\nc_3.jpg#0\tx .\n"
    bundles, problems = read(make_source(tmp_path, tokens, train="a_1.jpg\n", dev="b_2.jpg\n", test="c_3.jpg\n"))
    assert [(s.number, s.text) for s in bundles["a_1"].sentences] == [(0, "first ."), (1, "second .")]
    assert [bundles[key].file.split for key in ("a_1", "b_2", "c_3")] == ["train", "val", "test"]  # type: ignore[union-attr]
    assert problems == []


@pytest.mark.parametrize("folder", ["images", "Flicker8k_Dataset", "Flickr8k_Dataset"])
def test_photos_are_found_under_each_name_that_the_folder_has_had(tmp_path: Path, folder: str) -> None:
    bundles, _ = read(make_source(tmp_path, "a_1.jpg#0\tx .\n", photos=folder))
    assert bundles["a_1"].file is not None
    assert bundles["a_1"].file.path == Path(folder) / "a_1.jpg"


def test_a_malformed_line_is_named_by_file_and_line_and_the_rest_is_read(tmp_path: Path) -> None:
    bundles, problems = read(make_source(tmp_path, "a_1.jpg#0\tfine .\nno tab here\nb_2.jpg\tno number\nb_2.jpg#0\t\n"))
    lines = [problem.where for problem in problems if problem.kind == "malformed lines"]
    assert lines == [f"Flickr8k.token.txt, line {number}" for number in (2, 3, 4)]
    assert [s.text for s in bundles["a_1"].sentences] == ["fine ."]


def test_a_sentence_given_twice_is_reported_and_the_first_kept(tmp_path: Path) -> None:
    bundles, problems = read(make_source(tmp_path, "a_1.jpg#0\tfirst .\na_1.jpg#0\tagain .\n"))
    assert kinds(problems)["sentences given twice"] == 1
    assert [s.text for s in bundles["a_1"].sentences] == ["first ."]


def test_sentences_of_a_photo_that_does_not_exist_are_reported(tmp_path: Path) -> None:
    bundles, problems = read(make_source(tmp_path, "gone_9.jpg.1#0\tx .\n", train="gone_9.jpg\n"))
    assert set(bundles) == {"a_1", "b_2", "c_3"}
    assert [p.where for p in problems if p.kind == "photos that do not exist"] == ["gone_9.jpg.1"]
    assert [p.where for p in problems if p.kind == "split entries without a photo"] == [
        "Flickr_8k.trainImages.txt, line 1"
    ]


def test_a_photo_in_two_splits_is_refused(tmp_path: Path) -> None:
    source = make_source(tmp_path, "a_1.jpg#0\tx .\n", train="a_1.jpg\n", test="b_2.jpg\na_1.jpg\n")
    with pytest.raises(DataError, match=r"testImages.txt, line 2: a_1.jpg is in the split train too"):
        read(source)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    source = make_source(tmp_path, "")
    (source / "Flickr8k.token.txt").write_bytes(b"a_1.jpg#0\tfine .\nb_2.jpg#0\tcaf\xe9 .\n")
    with pytest.raises(DataError, match=r"Flickr8k.token.txt, line 2 is not UTF-8"):
        read(source)


def test_a_folder_without_photos_or_sentences_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no folder of photos"):
        read(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match=r"Flickr8k.token.txt does not exist"):
        read(tmp_path)


def test_the_real_flickr8k_is_read_whole(real_data: Path) -> None:
    bundles, problems = read(real_data / "flickr8k")
    assert Counter(b.file.split for b in bundles.values() if b.file) == {
        "train": 6000,
        "val": 1000,
        "test": 1000,
        None: 91,
    }
    assert all(len(bundle.sentences) == 5 for bundle in bundles.values())
    assert kinds(problems) == {"photos in no split": 91, "photos that do not exist": 2}
    # one photo, which the file names in two ways
    assert {p.where for p in problems if p.kind == "photos that do not exist"} == {
        "2258277193_586949ec62.jpg",
        "2258277193_586949ec62.jpg.1",
    }
