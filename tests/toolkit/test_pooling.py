from __future__ import annotations

import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vsa_toolkit import pooling

_starts = st.floats(0, 0.9)


@settings(deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.lists(st.tuples(_starts, _starts, st.floats(0.001, 1), st.floats(0.001, 1)), min_size=1, max_size=8),
    st.integers(0, 1000),
)
def test_it_is_the_mean_of_torchvisions_roi_align(h: int, w: int, boxes: list[tuple[float, ...]], seed: int) -> None:
    features = torch.rand(5, h, w, generator=torch.Generator().manual_seed(seed))
    xywh = torch.tensor(boxes)
    corners = torch.cat([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], dim=1) * torch.tensor([w, h, w, h])
    expected = torchvision.ops.roi_align(features[None], [corners], 7, sampling_ratio=2, aligned=True).mean((2, 3))
    torch.testing.assert_close(pooling.roi_align(features, xywh), expected, rtol=1e-4, atol=1e-5)


def test_a_constant_map_gives_its_constant_for_boxes_inside() -> None:
    boxes = torch.tensor([[0, 0, 1, 1], [0.2, 0.3, 0.01, 0.5], [0.9, 0.9, 0.1, 0.1]])
    pooled = pooling.roi_align(torch.full((2, 6, 9), 3.0), boxes)
    torch.testing.assert_close(pooled, torch.full((3, 2), 3.0))


def test_a_crop_shows_its_surroundings_and_grey_beyond_the_photo() -> None:
    photo = Image.new("RGB", (100, 100), "white")
    photo.paste("red", (40, 40, 60, 60))
    inner = pooling.crop(photo, (40, 40, 20, 20), 96)
    assert inner.size == (30, 30)  # 20 · 96 / (96 − 2 · 16): 16 pixels a side once it is warped to 96
    assert inner.getpixel((0, 0)) == (255, 255, 255)
    assert inner.getpixel((15, 15)) == (255, 0, 0)
    corner = pooling.crop(photo, (0, 0, 20, 20), 96)
    assert corner.getpixel((0, 0)) == pooling.BEYOND


def test_the_smallest_region_still_gives_a_crop() -> None:
    assert min(pooling.crop(Image.new("RGB", (10, 10)), (9.9, 9.9, 0.05, 0.05), 96).size) >= 1
