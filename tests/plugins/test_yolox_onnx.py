from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.boxes import clip
from vsa_toolkit.errors import DataError, PluginError, UserError
from vsa_toolkit.photos import open_photo
from vsa_toolkit.plugins.yolox_onnx import YoloxOnnx, suppress

_sides = st.floats(0.01, 1)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1)] * 2, _sides, _sides), min_size=1, max_size=30), st.floats(0.05, 0.95))
def test_suppression_is_that_of_torchvision(boxes: list[tuple[float, ...]], limit: float) -> None:
    corners = np.array(boxes, np.float32)
    corners[:, 2:] += corners[:, :2]
    confidence = torch.arange(len(boxes), 0, -1).float()
    assert suppress(corners, limit) == torchvision.ops.nms(torch.from_numpy(corners), confidence, limit).tolist()


def test_without_a_model_it_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="VSA_YOLOX_MODEL"):
        YoloxOnnx(YoloxOnnx.Options())
    with pytest.raises(UserError, match="does not exist"):
        YoloxOnnx(YoloxOnnx.Options(model=tmp_path / "no.onnx"))


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"nothing of that kind")
    pytest.importorskip("onnxruntime")
    with pytest.raises(DataError, match=r"bad\.onnx is no ONNX file"):
        YoloxOnnx(YoloxOnnx.Options(model=tmp_path / "bad.onnx"))


def test_without_onnxruntime_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.onnx").write_bytes(b"")
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PluginError, match=r'pip install "vsa-toolkit\[yolox\]"'):
        YoloxOnnx(YoloxOnnx.Options(model=tmp_path / "a.onnx"))


@pytest.fixture(scope="module")
def model() -> Path:
    import os

    folder = os.environ.get("VSA_TEST_DATA")
    if not folder:
        pytest.skip("VSA_TEST_DATA is not set: no detector to test with")
    pytest.importorskip("onnxruntime")
    return Path(folder) / "detectors" / "yolox_nano.onnx"


def test_real_detections_come_first_then_the_grid_all_inside(model: Path, real_data: Path) -> None:
    proposer = YoloxOnnx(YoloxOnnx.Options(model=model, threads=1))
    photo = open_photo(real_data / "flickr8k" / "images" / "1000268201_693b08cb0e.jpg")
    regions = proposer.propose(photo, (375, 500), 19)
    assert len(regions) == 19
    found, grid = regions[:14], regions[14:]
    assert found[0].label == "person"
    scores = [region.score or 0 for region in found]
    assert min(scores) > 0
    assert scores == sorted(scores, reverse=True)
    assert all(region.label is None and region.score is None for region in grid)
    assert all(clip(region.box, photo.size) == pytest.approx(region.box) for region in regions)


def test_the_aspect_of_the_frame_changes_what_the_detector_sees(model: Path, real_data: Path) -> None:
    proposer = YoloxOnnx(YoloxOnnx.Options(model=model, threads=1, grid=0))
    photo = open_photo(real_data / "flickr8k" / "images" / "1000268201_693b08cb0e.jpg")
    upright, level = (proposer.propose(photo, frame, 5) for frame in ((375, 500), (500, 375)))
    assert upright[0].score != level[0].score


def test_unlikely_boxes_are_left_out_above_a_score(model: Path, real_data: Path) -> None:
    proposer = YoloxOnnx(YoloxOnnx.Options(model=model, threads=1, score=0.5, grid=2))
    photo = open_photo(real_data / "flickr8k" / "images" / "1000268201_693b08cb0e.jpg")
    regions = proposer.propose(photo, (375, 500), 19)
    assert 2 < len(regions) < 19
    assert all(region.score is None or region.score >= 0.5 for region in regions)


def test_labels_of_another_number_are_refused_and_change_the_digest(model: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("cat\ndog\n")
    with pytest.raises(UserError, match="knows 80 classes, the labels name 2"):
        YoloxOnnx(YoloxOnnx.Options(model=model, labels=names))
    names.write_text("\n".join(f"class {i}" for i in range(80)))
    renamed = YoloxOnnx(YoloxOnnx.Options(model=model, labels=names))
    assert renamed.digest() != YoloxOnnx(YoloxOnnx.Options(model=model)).digest()
