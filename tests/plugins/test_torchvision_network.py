from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from torchvision.models import get_model

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.plugins.torchvision_network import TorchvisionNetwork


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(get_model("resnet18", weights=None, num_classes=7).state_dict(), file)
    return file


def encoder(file: Path | str, dtype: torch.dtype = torch.float32, **options: object) -> TorchvisionNetwork:
    chosen = {"model": "resnet18", "weights": str(file), "classes": 7, "size": 96, **options}
    return TorchvisionNetwork(TorchvisionNetwork.Options.model_validate(chosen), torch.device("cpu"), dtype)


def test_the_last_map_is_what_the_network_pools(weights: Path) -> None:
    made = encoder(weights)
    batch = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    network = get_model("resnet18", weights=None, num_classes=7)
    network.load_state_dict(torch.load(weights, weights_only=True))
    seen = []
    network.avgpool.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        network.eval()((batch / 255 - mean[:, None, None]) / deviation[:, None, None])
    assert made.dimension == 512
    torch.testing.assert_close(made.feature_map(batch), seen[0], rtol=1e-4, atol=1e-4)


def test_any_layer_can_be_named(weights: Path) -> None:
    made = encoder(weights, layer="layer2")
    assert made.dimension == 128
    assert made.spec()["layer"] == "layer2"
    assert made.spec() != encoder(weights).spec()
    with pytest.raises(UserError, match=r"no layer 'layer2.1.reul'. Did you mean 'layer2.1.relu'"):
        encoder(weights, layer="layer2.1.reul")


def test_half_precision_is_the_same_code(weights: Path) -> None:
    batch = torch.randint(0, 256, (1, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    half, full = (encoder(weights, dtype).feature_map(batch) for dtype in (torch.bfloat16, torch.float32))
    assert half.dtype == torch.bfloat16
    assert torch.corrcoef(torch.stack([half.float().flatten(), full.flatten()]))[0, 1] > 0.999


def test_tokens_of_a_vision_transformer_are_a_map_without_the_class_token(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(get_model("vit_b_32", weights=None, image_size=64).state_dict(), tmp_path / "vit.pth")
    chosen = TorchvisionNetwork.Options(model="vit_b_32", weights=str(tmp_path / "vit.pth"), size=64)
    made = TorchvisionNetwork(chosen, torch.device("cpu"), torch.float32)
    assert made.feature_map(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).shape == (2, 768, 2, 2)


def test_a_stretched_pooling_is_no_map(tmp_path: Path) -> None:
    torch.save(get_model("alexnet", weights=None).state_dict(), tmp_path / "alexnet.pth")
    chosen = TorchvisionNetwork.Options(model="alexnet", weights=str(tmp_path / "alexnet.pth"), size=128)
    made = TorchvisionNetwork(chosen, torch.device("cpu"), torch.float32)
    assert made.spec()["layer"].startswith("features")


def test_any_photo_becomes_a_square_of_the_size(weights: Path) -> None:
    assert encoder(weights).preprocess(Image.new("RGB", (300, 50))).shape == (3, 96, 96)


def test_wrong_names_and_files_are_named(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"no classification network 'resnet19'. Did you mean"):
        TorchvisionNetwork.Options(model="resnet19")
    with pytest.raises(UserError, match="'IMAGENET1K_V9' is neither a file nor weights of resnet18"):
        encoder("IMAGENET1K_V9")
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(DataError, match=r"bad\.pth holds no weights of torchvision's resnet18"):
        encoder(tmp_path / "bad.pth")
