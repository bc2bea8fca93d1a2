"""Generated scenes keep what they promise: exact truth, shared looks, unseen pairs, the same again by seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vsa_toolkit.boxes import iou
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.records import ImageBundle, Problem
from vsa_toolkit.registry import registry
from vsa_toolkit.scenes import Counts, unseen_pairs, write_scenes
from vsa_toolkit.scenes.objects import objects
from vsa_toolkit.text import words

COUNTS = Counts(train=24, val=6, test=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("scenes") / "s", COUNTS, seed=3)


@pytest.fixture(scope="module")
def scenes(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "scenes.jsonl").read_text("utf-8").splitlines()]


def test_every_scene_says_that_it_is_simulated(scenes: list[dict[str, Any]]) -> None:
    assert len(scenes) == COUNTS.total
    assert all(scene["simulated"] is True and scene["seed"] == 3 for scene in scenes)


def test_a_scene_has_four_objects_or_more_that_share_looks(scenes: list[dict[str, Any]]) -> None:
    for scene in scenes:
        for what in ("colour", "texture"):
            looks = [thing[what] for thing in scene["objects"]]
            assert len(looks) >= 4
            assert all(looks.count(look) >= 2 for look in looks)


def test_colour_and_kind_together_name_one_object(scenes: list[dict[str, Any]]) -> None:
    for scene in scenes:
        pairs = [(thing["colour"], thing["kind"]) for thing in scene["objects"]]
        assert len(set(pairs)) == len(pairs)


def test_unseen_pairs_are_in_every_test_scene_and_in_no_other(scenes: list[dict[str, Any]]) -> None:
    unseen = unseen_pairs(3)
    for scene in scenes:
        new = [(thing["colour"], thing["kind"]) in unseen for thing in scene["objects"]]
        assert any(new) == (scene["split"] == "test")
        assert new == [thing["unseen"] for thing in scene["objects"]]


def test_training_still_has_most_colours_of_every_kind() -> None:
    unseen = unseen_pairs(0)
    for kind in objects().kinds:
        assert sum(k == kind for _, k in unseen) == 2
    for colour in objects().colours:
        assert sum(c == colour for c, _ in unseen) <= len(objects().kinds) // 2


def test_boxes_lie_inside_the_picture_and_apart(scenes: list[dict[str, Any]]) -> None:
    for scene in scenes:
        boxes = [tuple(thing["box"]) for thing in scene["objects"]]
        for x, y, w, h in boxes:
            assert x >= 0
            assert y >= 0
            assert x + w <= scene["size"][0]
            assert y + h <= scene["size"][1]
            assert min(w, h) > 12
        assert all(iou(a, b) < 0.05 for a, b in combinations(boxes, 2))


def test_an_object_has_its_colour_inside_its_box(folder: Path, scenes: list[dict[str, Any]]) -> None:
    for scene in scenes[:10]:
        with Image.open(folder / scene["file"]) as picture:
            hsv = np.asarray(picture.convert("HSV")).astype(int)
        for thing in scene["objects"]:
            x, y, w, h = (int(v) for v in thing["box"])
            inside = hsv[y : y + h, x : x + w]
            hue = objects().colours[thing["colour"]].numbers[0] / 360 * 255
            off = np.abs((inside[..., 0] - hue + 128) % 256 - 128)
            assert ((off < 14) & (inside[..., 1] > 60)).mean() > 0.08, (scene["key"], thing)


def test_a_phrase_names_the_kind_that_it_is_tied_to(scenes: list[dict[str, Any]]) -> None:
    for scene in scenes:
        kinds = {thing["key"]: objects().kinds[thing["kind"]] for thing in scene["objects"]}
        for sentence in scene["sentences"]:
            for phrase in sentence["phrases"]:
                text = sentence["text"][phrase["start"] : phrase["end"]]
                assert text == text.strip()
                assert phrase["scene"] == (not phrase["objects"])
                for key in phrase["objects"]:
                    last = words(text)[-1]
                    assert any(last.startswith(noun) for noun in kinds[key].nouns), text


def test_what_describers_say_is_true_and_fits_one_object(scenes: list[dict[str, Any]]) -> None:
    known = objects()
    for scene in scenes:
        for sentence in scene["sentences"]:
            for phrase in sentence["phrases"]:
                said = set(words(sentence["text"][phrase["start"] : phrase["end"]]))
                fitting = [thing["key"] for thing in scene["objects"] if _fits(thing, said, known)]
                if phrase["objects"]:
                    assert sorted(phrase["objects"]) == fitting, (sentence["text"], said)


def _fits(thing: dict[str, Any], said: set[str], known: Any) -> bool:
    if not any(said & {noun, noun + "s", noun + "es"} for noun in known.kinds[thing["kind"]].nouns):
        return False
    for table, mine in (
        (known.colours, thing["colour"]),
        (known.textures, thing["texture"]),
        (known.sizes, thing["size"]),
    ):
        told = {name for name, look in table.items() if said & set(look.words)}
        if told and told != {mine}:
            return False
    return True


def test_relations_are_true(scenes: list[dict[str, Any]]) -> None:
    seen = 0
    for scene in scenes:
        boxes = {thing["key"]: thing["box"] for thing in scene["objects"]}
        for sentence in scene["sentences"]:
            for before, after in zip(sentence["phrases"], sentence["phrases"][1:]):
                between = sentence["text"][before["end"] : after["start"]]
                if "left of" in between or "above" in between:
                    axis = 0 if "left of" in between else 1
                    a, b = (boxes[p["objects"][0]] for p in (before, after))
                    assert a[axis] + a[axis + 2] / 2 < b[axis] + b[axis + 2] / 2
                    seen += 1
    assert seen > 10


def test_sentences_come_from_different_describers(scenes: list[dict[str, Any]]) -> None:
    for scene in scenes:
        names = [sentence["describer"] for sentence in scene["sentences"]]
        assert 3 <= len(names) <= 5
        assert len(set(names)) == len(names)
    assert len({s["describer"] for scene in scenes for s in scene["sentences"]}) == 5


def test_the_same_seed_makes_the_same_folder_and_another_seed_another(folder: Path, tmp_path: Path) -> None:
    few = Counts(train=3, val=1, test=1)
    again = write_scenes(tmp_path / "again", few, seed=3)
    other = write_scenes(tmp_path / "other", few, seed=4)
    first = (folder / "scenes.jsonl").read_text("utf-8").splitlines()
    assert (again / "scenes.jsonl").read_text("utf-8").splitlines()[:3] == first[:3]
    assert (other / "scenes.jsonl").read_text("utf-8").splitlines()[:3] != first[:3]
    name = "images/train-0000.jpg"
    assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_finished_folder_is_kept_and_another_set_is_refused(tmp_path: Path) -> None:
    few = Counts(train=2, val=1, test=1)
    folder = write_scenes(tmp_path, few, seed=0)
    (folder / "images" / "train-0000.jpg").write_bytes(b"mine")
    write_scenes(tmp_path, few, seed=0)
    assert (folder / "images" / "train-0000.jpg").read_bytes() == b"mine"
    with pytest.raises(UserError, match="other generated scenes"):
        write_scenes(tmp_path, few, seed=1)


# The format ------------------------------------------------------------------------------------------------


def _read(folder: Path) -> tuple[list[ImageBundle], list[Problem]]:
    format_class = registry().get("formats", "scenes")
    problems: list[Problem] = []
    source: Iterator[ImageBundle] = format_class(format_class.Options()).read(folder, problems.append)
    return list(source), problems


def test_the_format_gives_back_the_whole_truth(folder: Path, scenes: list[dict[str, Any]]) -> None:
    bundles, problems = _read(folder)
    assert not problems
    assert [bundle.key for bundle in bundles] == [scene["key"] for scene in scenes]
    for bundle, scene in zip(bundles, scenes):
        assert [s.text for s in bundle.sentences] == [s["text"] for s in scene["sentences"]]
        assert [list(region.box) for region in bundle.regions] == [thing["box"] for thing in scene["objects"]]
        keys = {region.key for region in bundle.regions}
        for span in bundle.groundings:
            assert set(span.regions) <= keys
            assert bool(span.regions) != span.scene


def test_a_missing_picture_and_a_broken_line_are_left_out_and_named(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path, Counts(train=3, val=1, test=1), seed=0)
    (folder / "images" / "train-0001.jpg").unlink()
    index = folder / "scenes.jsonl"
    index.write_text("{not json\n" + index.read_text("utf-8"), "utf-8")
    bundles, problems = _read(folder)
    assert len(bundles) == 4
    assert [p.where.rpartition(", ")[2] for p in problems] == ["line 1", "line 3"]


def test_a_folder_without_an_index_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no scenes\.jsonl"):
        _read(tmp_path)
