from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision.models import get_model

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.plugins.torchvision_detectors import FasterRcnn, RetinaNet
from vsa_toolkit.plugins.torchvision_weights import load_weights

SMALL = "fasterrcnn_mobilenet_v3_large_320_fpn"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A random Faster R-CNN of three classes, and their names."""
    folder = tmp_path_factory.mktemp("detector")
    torch.manual_seed(0)
    network = get_model(SMALL, weights=None, weights_backbone=None, num_classes=4)
    torch.save(network.state_dict(), folder / "three.pth")
    (folder / "names.txt").write_text("dog\ncat\nman\n")
    return folder / "three.pth", folder / "names.txt"


def detector(files: tuple[Path, Path], **options: object) -> FasterRcnn:
    chosen = {"variant": SMALL, "weights": str(files[0]), "labels": files[1], "device": "cpu", **options}
    return FasterRcnn(FasterRcnn.Options.model_validate(chosen))


def photo() -> Image.Image:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (60, 80, 3), generator=generator, dtype=torch.uint8)
    return Image.fromarray(pixels.numpy()).resize((320, 240))


def test_weights_of_a_file_give_the_boxes_that_torchvision_gives(files: tuple[Path, Path]) -> None:
    found = detector(files).propose(photo(), (320, 240), 5)
    network = get_model(
        SMALL, weights=None, weights_backbone=None, num_classes=4, box_score_thresh=0.0, box_nms_thresh=0.5
    )
    network.load_state_dict(torch.load(files[0], weights_only=True))
    pixels = torch.frombuffer(bytearray(photo().tobytes()), dtype=torch.uint8).view(240, 320, 3).permute(2, 0, 1) / 255
    with torch.inference_mode():
        expected = network.eval()([pixels])[0]
    assert len(found) == 5
    for region, box, score, label in zip(found, expected["boxes"], expected["scores"], expected["labels"]):
        x, y, right, bottom = box.tolist()
        assert region.box == pytest.approx((x, y, right - x, bottom - y), abs=1e-3)
        assert region.score == pytest.approx(float(score), abs=1e-5)
        assert region.label == ["dog", "cat", "man"][int(label) - 1]


def test_boxes_of_a_squashed_photo_are_in_its_own_pixels(files: tuple[Path, Path]) -> None:
    for region in detector(files).propose(photo().resize((100, 100)), (320, 240), 5):
        x, y, w, h = region.box
        assert min(x, y) >= 0
        assert max(x + w, y + h) <= 100.001


def test_other_weights_are_another_identity(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("dog\ncat\nwoman\n")
    assert detector(files).digest() == detector(files).digest() != detector(files, labels=other).digest()
    named = FasterRcnn(FasterRcnn.Options())
    assert "COCO_V1 fasterrcnn_resnet50_fpn_v2_coco" in named.digest()


def test_retinanet_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("thing\n")
    with pytest.raises(UserError, match=r"proposer retinanet: 'COCO_V2' is neither .* Did you mean 'COCO_V1'"):
        RetinaNet(RetinaNet.Options(weights="COCO_V2")).digest()
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(DataError, match=r"other\.pth holds no weights of torchvision's retinanet_resnet50_fpn_v2"):
        load_weights("retinanet_resnet50_fpn_v2", str(tmp_path / "other.pth"), "proposer retinanet", 2)


def test_weights_that_cannot_be_fetched_are_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # a place where nobody answers
    with pytest.raises(UserError, match=r"cannot be fetched .*give it with weights=FILE"):
        load_weights(SMALL, "COCO_V1", "proposer faster-rcnn")
