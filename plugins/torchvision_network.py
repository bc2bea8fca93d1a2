"""Any of torchvision's classification networks as an encoder, up to the feature map of a layer."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.errors import UserError, did_you_mean
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions

from .torchvision_weights import load_weights, named_weights, weights_digest

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

CODE_VERSION = 1
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class TorchvisionNetwork(Encoder):
    """The whole photo, warped to size × size, through a torchvision network; the map of `layer` is what is pooled.

    A layer may give (n, d, h, w), or tokens (n, 1 + g², d) as vision transformers do: the class token is left out.
    """

    name = "torchvision"

    class Options(BaseOptions):
        model: str = Field("resnet50", description="Which network, by torchvision's name.")
        weights: str = Field("DEFAULT", description="A name that torchvision knows, or a weights file (.pth).")
        classes: int = Field(1000, ge=1, description="Outputs of the network in a weights file.")
        layer: str | None = Field(None, description="A node of its graph (default: the last one that is a map).")
        size: int = Field(224, ge=32, le=2048, description="The photo is resized to size × size pixels.")

        @field_validator("model")
        @classmethod
        def _known(cls, name: str) -> str:
            from torchvision import models

            known = models.list_models(module=models)
            if name not in known:
                raise ValueError(f"torchvision has no classification network {name!r}{did_you_mean(name, known)}")
            return name

    options: Options

    def __init__(self, options: Options, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(options, device, dtype)
        owner = "encoder torchvision"
        arguments = {"image_size": options.size} if options.model.startswith("vit_") else {}
        network = load_weights(options.model, options.weights, owner, options.classes, arguments)
        self._layer, extractor = _up_to(network, options.layer, options.size)
        self._network = extractor.to(device, dtype).to(memory_format=torch.channels_last)
        self._dimension = self._shape[0]

    @property
    def dimension(self) -> int:
        return self._dimension

    def spec(self) -> dict[str, Any]:
        mean, deviation = self._normalisation
        return {
            "model": self.options.model,
            "weights": self._digest,
            "layer": self._layer,
            "size": self.options.size,
            "resize": "bicubic, whole photo",
            "normalisation": f"(x / 255 - {list(mean)}) / {list(deviation)}",
            "code": CODE_VERSION,
        }

    @cached_property
    def _digest(self) -> str:
        return weights_digest(self.options.model, self.options.weights, "encoder torchvision")

    @cached_property
    def _normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        known = named_weights(self.options.model, self.options.weights)
        if known is None:
            return IMAGENET
        seen = known.transforms()
        return tuple(seen.mean), tuple(seen.std)

    @cached_property
    def _shape(self) -> tuple[int, ...]:
        blank = torch.zeros(1, 3, self.options.size, self.options.size, dtype=torch.uint8, device=self.device)
        return tuple(self.feature_map(blank).shape[1:])

    def preprocess(self, photo: Photo) -> Tensor:
        from PIL.Image import Resampling

        size = self.options.size
        pixels = np.array(photo.resize((size, size), Resampling.BICUBIC))
        return torch.from_numpy(pixels).permute(2, 0, 1)

    @torch.inference_mode()
    def feature_map(self, batch: Tensor) -> Tensor:
        mean, deviation = (torch.tensor(v, device=batch.device)[:, None, None] for v in self._normalisation)
        pixels = ((batch.float() / 255 - mean) / deviation).to(self.dtype)
        return _as_map(self._network(pixels.contiguous(memory_format=torch.channels_last))["map"])


def _up_to(network: nn.Module, layer: str | None, size: int) -> tuple[str, nn.Module]:
    """The name of the layer and the network that ends there."""
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that training and evaluation differ is of no interest here
        nodes = get_graph_node_names(network)[1]
        if layer is None:
            layer = _last_map(network, nodes, size)
        try:
            return layer, create_feature_extractor(network, return_nodes={layer: "map"}).eval()
        except ValueError as error:
            raise UserError(f"encoder torchvision: there is no layer {layer!r}{did_you_mean(layer, nodes)}") from error


@torch.inference_mode()
def _last_map(network: nn.Module, nodes: list[str], size: int) -> str:
    from torchvision.models.feature_extraction import create_feature_extractor

    everything = create_feature_extractor(network, return_nodes={name: name for name in nodes})
    found = everything.eval()(torch.zeros(1, 3, size, size))
    # An adaptive pooling before the classifier may well be a map, but one that was stretched.
    maps = [name for name in nodes if "pool" not in name and isinstance(found[name], Tensor) and _is_map(found[name])]
    if not maps:
        raise UserError("encoder torchvision: this network has no layer that is a map: name one with layer=NAME.")
    return maps[-1]


def _is_map(value: Tensor) -> bool:
    if value.dim() == 4:
        return min(value.shape[2:]) > 1
    side = round((value.shape[1] - 1) ** 0.5) if value.dim() == 3 else 0
    return side > 1 and side * side == value.shape[1] - 1


def _as_map(value: Tensor) -> Tensor:
    if value.dim() == 4:
        return value
    if not _is_map(value):
        raise UserError(f"encoder torchvision: the layer gives {tuple(value.shape)}, which is no map: name another.")
    side = round((value.shape[1] - 1) ** 0.5)
    return value[:, 1:].transpose(1, 2).reshape(len(value), -1, side, side)


@hookimpl
def vsa_encoders(register: Callable[[type[Encoder]], None]) -> None:
    register(TorchvisionNetwork)
