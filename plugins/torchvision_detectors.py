"""Regions from torchvision's detectors: Faster R-CNN (Ren et al. 2015) and RetinaNet (Lin et al. 2017).

Weights are named (`weights=COCO_V1`, fetched once by torchvision where there is a network) or a local file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from vsa_toolkit.errors import UserError
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.records import RegionBox, Size

from .torchvision_weights import chosen_device, load_weights, named_weights, weights_digest

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

BACKGROUND = ("__background__", "N/A")


class DetectorOptions(BaseOptions):
    """What both detectors are told."""

    weights: str = Field("COCO_V1", description="A name that torchvision knows, or a weights file (.pth).")
    labels: Path | None = Field(None, description="Class names, one a line, of a weights file that is not of COCO.")
    score: float = Field(0.0, ge=0, le=1, description="Less confident boxes are left out.")
    nms: float = Field(
        0.5, gt=0, le=1, description="Of two boxes of a class that overlap more the less confident goes."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where to compute.")
    dtype: Literal["float32", "float16", "bfloat16"] = Field("float32", description="Of the network on a GPU.")


class TorchvisionDetector(Proposer):
    """The `k` most confident boxes. The photo is seen in its own aspect (`frame`), with the labels of its weights."""

    options: DetectorOptions
    score_argument: ClassVar[str]
    nms_argument: ClassVar[str]
    most_argument: ClassVar[str]

    def __init__(self, options: DetectorOptions) -> None:
        super().__init__(options)
        self._device = chosen_device(options.device, f"proposer {self.name}")
        self._network: nn.Module | None = None
        self._most = 0
        self._names = _class_names(self.variant, options)

    @property
    def variant(self) -> str:
        """torchvision's name of the builder."""
        return str(self.options.variant)  # type: ignore[attr-defined]

    def digest(self) -> str:
        return self._digest

    @cached_property
    def _digest(self) -> str:
        labels = hashlib.sha256("\n".join(self._names).encode()).hexdigest()[:12]
        return f"{self.variant} {weights_digest(self.variant, self.options.weights, f'proposer {self.name}')} {labels}"

    @torch.inference_mode()
    def propose(self, photo: Photo, frame: Size, k: int) -> list[RegionBox]:
        from PIL.Image import Resampling
        from torchvision.transforms.functional import pil_to_tensor

        seen = photo if photo.size == tuple(frame) else photo.resize(frame, Resampling.BICUBIC)
        pixels = (pil_to_tensor(seen).float() / 255).to(self._device)
        with torch.autocast(self._device.type, getattr(torch, self.options.dtype), self._reduced()):
            found = self._built(k)([pixels])[0]
        return self._boxes(found, photo.size, frame, k)

    def _reduced(self) -> bool:
        return self.options.dtype != "float32" and self._device.type == "cuda"

    def _built(self, k: int) -> nn.Module:
        if self._network is None or self._most < k:
            arguments = {
                self.score_argument: self.options.score,
                self.nms_argument: self.options.nms,
                self.most_argument: max(k, 100),
            }
            network = load_weights(
                self.variant, self.options.weights, f"proposer {self.name}", len(self._names), arguments
            )
            self._network, self._most = network.to(self._device), max(k, 100)
        return self._network

    def _boxes(self, found: dict[str, Tensor], size: Size, frame: Size, k: int) -> list[RegionBox]:
        scale = (size[0] / frame[0], size[1] / frame[1]) * 2
        boxes = []
        order = found["scores"].argsort(descending=True, stable=True)[:k].tolist()
        for i, row in enumerate(order):
            x1, y1, x2, y2 = (value * by for value, by in zip(found["boxes"][row].tolist(), scale, strict=True))
            label = self._names[int(found["labels"][row])]
            boxes.append(
                RegionBox(
                    f"{self.name}-{i}",
                    (x1, y1, x2 - x1, y2 - y1),
                    None if label in BACKGROUND else label,
                    float(found["scores"][row]),
                )
            )
        return boxes


class FasterRcnn(TorchvisionDetector):
    """Faster R-CNN, the detector family that the paper took its regions from."""

    name = "faster-rcnn"
    score_argument, nms_argument, most_argument = "box_score_thresh", "box_nms_thresh", "box_detections_per_img"

    class Options(DetectorOptions):
        variant: Literal[
            "fasterrcnn_resnet50_fpn_v2",
            "fasterrcnn_resnet50_fpn",
            "fasterrcnn_mobilenet_v3_large_fpn",
            "fasterrcnn_mobilenet_v3_large_320_fpn",
        ] = Field("fasterrcnn_resnet50_fpn_v2", description="Which network, by torchvision's name.")


class RetinaNet(TorchvisionDetector):
    """RetinaNet: one stage, many boxes of low confidence."""

    name = "retinanet"
    score_argument, nms_argument, most_argument = "score_thresh", "nms_thresh", "detections_per_img"

    class Options(DetectorOptions):
        variant: Literal["retinanet_resnet50_fpn_v2", "retinanet_resnet50_fpn"] = Field(
            "retinanet_resnet50_fpn_v2", description="Which network, by torchvision's name."
        )


def _class_names(variant: str, options: DetectorOptions) -> list[str]:
    """The names of the classes, the background first; those of COCO where nothing else is said."""
    if options.labels is not None:
        try:
            lines = options.labels.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"class names {options.labels} cannot be read: {error}.") from error
        return [BACKGROUND[0], *(line.strip() for line in lines if line.strip())]
    known: Any = named_weights(variant, "COCO_V1")
    return list(known.meta["categories"])


@hookimpl
def vsa_proposers(register: Callable[[type[Proposer]], None]) -> None:
    register(FasterRcnn)
    register(RetinaNet)
