from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image as Pillow

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.errors import DataError, UserError, VsaError
from vsa_toolkit.features import extract, feature_keys, gather, list_features
from vsa_toolkit.options import Options
from vsa_toolkit.records import Box, Image, Region

FRAME = (0.0, 0.0, 32.0, 32.0)
BOXES = [FRAME, (0.0, 0.0, 16.0, 16.0), (8.0, 4.0, 20.0, 24.0)]


class MeanColour(Encoder):
    """The mean colour of each cell of 4 × 4 pixels; counts the pictures that it was shown."""

    name = "mean-colour"
    shown = 0

    def __init__(self, version: int = 1) -> None:
        super().__init__(Options(), torch.device("cpu"), torch.float32)
        self.version = version

    @property
    def dimension(self) -> int:
        return 3

    def spec(self) -> dict[str, Any]:
        return {"code": self.version}

    def preprocess(self, photo: Pillow.Image) -> torch.Tensor:
        return torch.from_numpy(np.array(photo.resize((64, 64)))).permute(2, 0, 1)

    def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
        self.shown += len(batch)
        return F.avg_pool2d(batch.float() / 255, 4)


def make_images(folder: Path, count: int) -> list[Image]:
    images = []
    for number in range(count):
        path = folder / f"{number}.png"
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Pillow.fromarray(pixels).save(path)
        images.append(Image(number + 10, str(number), path, hashlib.sha256(path.read_bytes()).hexdigest(), 32, 32))
    return images


def regions_of(images: list[Image], boxes: list[Box] = BOXES) -> list[Region]:
    return [
        Region(1000 * image.id + place, image.id, box, is_frame=place == 0)
        for image in images
        for place, box in enumerate(boxes)
    ]


def test_each_region_gets_the_vector_of_its_pixels_in_its_place(tmp_path: Path) -> None:
    images = make_images(tmp_path, 5)
    regions = regions_of(images)[:-2]  # the last image has its frame only
    assert extract(tmp_path, MeanColour(), images, regions, batch_size=2) == len(regions)
    features, counts = gather(tmp_path, MeanColour(), images, regions)
    assert features.shape == (5, 3, 3)
    assert features.dtype == torch.float16
    assert counts.tolist() == [3, 3, 3, 3, 1]
    assert (features[4, 1:] == 0).all()
    for row, image in enumerate(images):
        pixels = np.asarray(Pillow.open(image.file)) / 255
        np.testing.assert_allclose(features[row, 0].numpy(), pixels.mean((0, 1)), atol=0.02)
    quarter = np.asarray(Pillow.open(images[2].file))[:16, :16] / 255
    np.testing.assert_allclose(features[2, 1].numpy(), quarter.mean((0, 1)), atol=0.05)


def test_one_more_box_costs_one_more_vector_and_nothing_is_computed_twice(tmp_path: Path) -> None:
    images, encoder = make_images(tmp_path, 4), MeanColour()
    assert extract(tmp_path, encoder, images, regions_of(images)) == 12
    assert encoder.shown == 4
    assert extract(tmp_path, encoder, images, regions_of(images)) == 0
    assert encoder.shown == 4
    more = regions_of(images[:1], [*BOXES, (1.0, 1.0, 5.0, 5.0)])
    assert extract(tmp_path, encoder, images, more) == 1
    assert encoder.shown == 5
    assert list_features(tmp_path)[0]["vectors"] == 13


def test_photos_with_the_same_bytes_share_their_vectors(tmp_path: Path) -> None:
    (image,) = make_images(tmp_path, 1)
    twin = Image(99, "twin", image.file, image.sha256, 32, 32)
    regions = regions_of([image, twin])
    assert extract(tmp_path, MeanColour(), [image, twin], regions) == 3
    features, _ = gather(tmp_path, MeanColour(), [image, twin], regions)
    assert torch.equal(features[0], features[1])


def test_another_spec_mode_box_or_photo_has_another_key(tmp_path: Path) -> None:
    images = make_images(tmp_path, 2)
    rows = np.array([0])

    def key(encoder: Encoder, image: Image, box: Box, mode: str) -> bytes:
        return feature_keys(encoder, [image], rows, [Region(1, image.id, box)], mode).tobytes()

    one = key(MeanColour(), images[0], FRAME, "roi-align")
    assert one == key(MeanColour(), images[0], FRAME, "roi-align")
    others = {
        key(MeanColour(2), images[0], FRAME, "roi-align"),
        key(MeanColour(), images[1], FRAME, "roi-align"),
        key(MeanColour(), images[0], (0.0, 0.0, 32.0, 31.0), "roi-align"),
        key(MeanColour(), images[0], FRAME, "crop"),
    }
    assert len(others | {one}) == 5
    assert key(MeanColour(), images[0], (-0.0, 0.0, 32.0, 32.0), "roi-align") == one


def test_a_frame_is_the_same_whether_pooled_as_a_region_or_as_the_whole(tmp_path: Path) -> None:
    images = make_images(tmp_path, 2)
    regions = regions_of(images)
    for mode in ("roi-align", "frame"):
        extract(tmp_path, MeanColour(), images, regions, mode=mode)
    whole, counts = gather(tmp_path, MeanColour(), images, regions, mode="frame")
    pooled, _ = gather(tmp_path, MeanColour(), images, regions)
    assert counts.tolist() == [1, 1]
    assert whole.shape == (2, 1, 3)
    torch.testing.assert_close(whole[:, 0], pooled[:, 0], atol=0.01, rtol=0.05)


def test_crops_are_encoded_one_by_one(tmp_path: Path) -> None:
    images, encoder = make_images(tmp_path, 3), MeanColour()
    Pillow.new("RGB", (32, 32), "red").save(images[1].file)
    digest = hashlib.sha256(images[1].file.read_bytes()).hexdigest()
    images[1] = Image(11, "red", images[1].file, digest, 32, 32)
    inner = [(8.0, 8.0, 10.0, 10.0)] * 1
    assert extract(tmp_path, encoder, images, regions_of(images, inner), mode="crop", batch_size=2) == 3
    features, _ = gather(tmp_path, encoder, images, regions_of(images, inner), mode="crop")
    assert encoder.shown == 3
    torch.testing.assert_close(features[1, 0], torch.tensor([1, 0, 0]).half())


def test_room_is_left_for_more_columns(tmp_path: Path) -> None:
    images = make_images(tmp_path, 1)
    extract(tmp_path, MeanColour(), images, regions_of(images))
    features, _ = gather(tmp_path, MeanColour(), images, regions_of(images), columns=5)
    assert features.shape == (1, 3, 5)
    assert (features[..., 3:] == 0).all()


def test_a_cancelled_extraction_keeps_what_it_did_and_goes_on(tmp_path: Path) -> None:
    images = make_images(tmp_path, 6)
    regions = regions_of(images)
    first = extract(tmp_path, MeanColour(), images, regions, batch_size=2, cancelled=lambda: True)
    assert first == 6
    with pytest.raises(DataError, match=r"12 of 18 regions have no features yet: run vsa features extract"):
        gather(tmp_path, MeanColour(), images, regions)
    assert extract(tmp_path, MeanColour(), images, regions, batch_size=2) == 12


def test_an_interrupt_keeps_what_was_done(tmp_path: Path) -> None:
    images = make_images(tmp_path, 6)

    def interrupt(done: int, total: int | None, **_: Any) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(tmp_path, MeanColour(), images, regions_of(images), batch_size=2, progress=interrupt)
    assert extract(tmp_path, MeanColour(), images, regions_of(images)) == 6


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), r"3\.png does not exist"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), r"3\.png is not the file that was imported"),
    ],
)
def test_a_photo_that_is_gone_or_changed_is_named_and_those_before_it_are_kept(
    tmp_path: Path, spoil: Any, message: str
) -> None:
    images = make_images(tmp_path, 5)
    spoil(images[3].file)
    with pytest.raises(DataError, match=message):
        extract(tmp_path, MeanColour(), images, regions_of(images), batch_size=1)
    assert list_features(tmp_path)[0]["vectors"] == 9


def test_a_truncated_photo_that_was_imported_so_is_named(tmp_path: Path) -> None:
    (image,) = make_images(tmp_path, 1)
    data = image.file.read_bytes()[:200]
    image.file.write_bytes(data)
    cut = Image(1, "cut", image.file, hashlib.sha256(data).hexdigest(), 32, 32)
    with pytest.raises(DataError, match=r"0\.png is damaged"):
        extract(tmp_path, MeanColour(), [cut], regions_of([cut]))


def test_a_full_disk_stops_with_one_sentence_and_the_same_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = make_images(tmp_path, 3)
    with monkeypatch.context() as full:

        def no_space(_: int) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(os, "fsync", no_space)
        with pytest.raises(VsaError, match="is full: free some space"):
            extract(tmp_path, MeanColour(), images, regions_of(images))
    assert extract(tmp_path, MeanColour(), images, regions_of(images)) == 9


def test_features_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    class Infinite(MeanColour):
        def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
            return super().feature_map(batch) * 1e6

    images = make_images(tmp_path, 1)
    with pytest.raises(DataError, match="not finite, or too large for float16"):
        extract(tmp_path, Infinite(), images, regions_of(images))


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="roi-align, crop, frame are known"):
        extract(tmp_path, MeanColour(), [], [], mode="middle")


def test_progress_counts_photos_and_says_how_fast(tmp_path: Path) -> None:
    images, seen = make_images(tmp_path, 5), []
    extract(
        tmp_path,
        MeanColour(),
        images,
        regions_of(images),
        batch_size=2,
        progress=lambda done, total, **figures: seen.append((done, total, figures.get("photos_per_second"))),
    )
    assert [(done, total) for done, total, _ in seen] == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert all(rate > 0 for _, _, rate in seen[1:])
