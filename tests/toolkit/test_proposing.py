from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image as Pillow

from vsa_toolkit import proposing
from vsa_toolkit.errors import DataError, PluginError, UserError
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.proposing import propose
from vsa_toolkit.records import Image, RegionBox, Size
from vsa_toolkit.store import Store


class MemoryStore:
    """What `propose` asks of a store, in a dictionary."""

    def __init__(self, folder: Path, images: list[Image]) -> None:
        self.folder = folder
        self.images = images
        self.regions: dict[int, Sequence[RegionBox]] = {}
        self.batches: list[int] = []
        self.finished = False
        self.made: dict[str, Any] = {}

    def dataset_name(self, name: str | None) -> str:
        return name or "photos"

    def create_region_set(self, dataset: str, name: str, proposer: str, provenance: dict[str, Any]) -> int:
        self.made = {"name": name, "proposer": proposer, **provenance}
        return 1

    def images_without_regions(self, region_set_id: int) -> list[Image]:
        return [image for image in self.images if image.id not in self.regions]

    def save_regions(self, region_set_id: int, batch: Sequence[tuple[int, Sequence[RegionBox]]]) -> None:
        self.regions.update(batch)
        self.batches.append(len(batch))

    def finish_region_set(self, region_set_id: int) -> None:
        self.finished = True


class Corner(Proposer):
    """One box that reaches out of the photo, one outside, one empty; remembers the frames it was told."""

    name = "corner"

    class Options(BaseOptions):
        file: Path = Path("/somewhere/else/weights.bin")

    def __init__(self) -> None:
        super().__init__(self.Options())
        self.frames: list[Size] = []

    def propose(self, photo: Pillow.Image, frame: Size, k: int) -> list[RegionBox]:
        self.frames.append(frame)
        return [
            RegionBox("a", (-5, -5, 10, 10), "thing", 0.5),
            RegionBox("b", (100, 100, 5, 5)),
            RegionBox("c", (1, 1, 0, 5)),
        ]


def make_store(folder: Path, count: int) -> MemoryStore:
    images = []
    for number in range(count):
        path = folder / f"{number}.png"
        Pillow.new("RGB", (20, 10), (number, 0, 0)).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        images.append(Image(number + 1, str(number), path, digest, 20, 10, frame=(40, 60) if number == 0 else None))
    return MemoryStore(folder / "workspace", images)


def run(store: MemoryStore, proposer: Proposer, **options: Any) -> proposing.Proposed:
    return propose(cast(Store, store), None, proposer, options.pop("k", 3), **options)


def test_boxes_are_clipped_into_the_photo_and_what_is_empty_or_outside_is_left_out(tmp_path: Path) -> None:
    store = make_store(tmp_path, 1)
    done = run(store, Corner())
    assert (done.name, done.images, done.regions) == ("corner-k3", 1, 1)
    assert store.regions[1] == [RegionBox("a", (0, 0, 5, 5), "thing", 0.5)]
    assert store.finished


def test_the_proposer_is_told_the_frame_or_the_size_of_the_photo(tmp_path: Path) -> None:
    proposer = Corner()
    run(make_store(tmp_path, 2), proposer)
    assert proposer.frames == [(40, 60), (20, 10)]


def test_it_is_saved_in_batches_and_goes_on_where_it_was_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "BATCH", 4)
    store = make_store(tmp_path, 10)
    proposer = Corner()
    first = run(store, proposer, cancelled=lambda: len(proposer.frames) == 6)
    assert (first.images, store.batches, store.finished) == (6, [4, 2], False)
    second = run(store, proposer)
    assert (second.images, len(store.regions), store.finished) == (4, 10, True)
    assert run(store, proposer).images == 0


def test_a_damaged_photo_is_named_and_those_before_it_are_saved(tmp_path: Path) -> None:
    store = make_store(tmp_path, 5)
    store.images[3].file.write_bytes(b"")
    with pytest.raises(DataError, match=r"3\.png is not the file that was imported"):
        run(store, Corner())
    assert sorted(store.regions) == [1, 2, 3]
    assert not store.finished


def test_a_set_is_claimed_while_it_is_made_and_nothing_of_that_is_left(tmp_path: Path) -> None:
    store = make_store(tmp_path, 1)

    class Other(Corner):
        def propose(self, photo: Pillow.Image, frame: Size, k: int) -> list[RegionBox]:
            with pytest.raises(UserError, match="region set 'corner-k3' is being worked on by another process"):
                run(store, Corner())
            return super().propose(photo, frame, k)

    run(store, Other())
    assert store.finished
    assert not (store.folder / "region_sets" / "1").exists()


def test_where_a_model_file_lies_is_no_part_of_the_sets_identity(tmp_path: Path) -> None:
    store = make_store(tmp_path, 1)
    run(store, Corner(), name="mine")
    assert store.made == {
        "name": "mine",
        "proposer": "corner",
        "k": 3,
        "options": {"file": "weights.bin"},
        "digest": "",
    }


def test_more_boxes_than_asked_for_and_none_asked_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="corner gave 3 boxes where at most 2"):
        run(make_store(tmp_path, 1), Corner(), k=2)
    with pytest.raises(UserError, match="at least 1"):
        run(make_store(tmp_path, 1), Corner(), k=0)
