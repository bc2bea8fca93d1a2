"""Regions from selective search (Uijlings et al. 2013), as OpenCV's ximgproc has it: no class, nothing trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from vsa_toolkit.errors import PluginError
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.records import RegionBox, Size

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

NEEDS = 'proposer selective-search needs one package more: pip install "vsa-toolkit[selective-search]".'
WHOLE = 0.95  # of the photo's area: larger boxes are the frame again
SMALLEST = 0.002


class SelectiveSearch(Proposer):
    """Of the hierarchy's boxes the largest `k` that no larger one overlaps by more than `nms` (IoU).

    OpenCV ranks its boxes at random, as the paper does for thousands of them; with few, the largest first cover far
    more of what people describe, and the same photo always gives the same boxes.
    """

    name = "selective-search"

    class Options(BaseOptions):
        quality: Literal["fast", "full"] = Field("fast", description="The paper's fast or quality mode (~5 × slower).")
        size: int = Field(320, ge=32, le=2000, description="The photo's longer side is resized to this many pixels.")
        nms: float = Field(0.5, gt=0, le=1, description="Of two boxes with a larger IoU the smaller goes.")

    options: Options

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._cv2 = _opencv()

    def digest(self) -> str:
        return f"opencv {self._cv2.__version__}"

    def propose(self, photo: Photo, frame: Size, k: int) -> list[RegionBox]:
        from PIL.Image import Resampling

        scale = self.options.size / max(frame)
        seen = photo.resize((max(1, round(frame[0] * scale)), max(1, round(frame[1] * scale))), Resampling.BICUBIC)
        boxes = self._hierarchy(np.asarray(seen)) / (*seen.size, *seen.size)
        kept = largest_apart(boxes, self.options.nms)[:k]
        return [
            RegionBox(f"selective-search-{i}", tuple((box * (*photo.size, *photo.size)).tolist()))
            for i, box in enumerate(kept)
        ]

    def _hierarchy(self, pixels: np.ndarray) -> np.ndarray:
        """(boxes, 4) xywh float in pixels of `pixels` (h, w, 3) RGB; none where the photo is too small to segment."""
        if min(pixels.shape[:2]) < 4:
            return np.zeros((0, 4))
        search = self._cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(np.ascontiguousarray(pixels[:, :, ::-1]))
        if self.options.quality == "fast":
            search.switchToSelectiveSearchFast()
        else:
            search.switchToSelectiveSearchQuality()
        return np.asarray(search.process(), dtype=float).reshape(-1, 4)


def largest_apart(boxes: np.ndarray, nms: float) -> np.ndarray:
    """(boxes, 4) xywh relative to the photo → those kept, the largest first; of equals the upper left first."""
    import torch
    from torchvision.ops import nms as suppress

    area = boxes[:, 2] * boxes[:, 3]
    boxes, area = boxes[(area >= SMALLEST) & (area <= WHOLE)], area[(area >= SMALLEST) & (area <= WHOLE)]
    order = np.lexsort((boxes[:, 3], boxes[:, 2], boxes[:, 0], boxes[:, 1], -area))
    boxes = boxes[order]
    corners = torch.from_numpy(np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]))
    # Places as scores: suppression keeps the order, ties included.
    kept = suppress(corners, torch.arange(len(boxes), 0, -1, dtype=corners.dtype), nms)
    return np.asarray(boxes[kept.numpy()])


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise PluginError(NEEDS) from error
    if not hasattr(cv2, "ximgproc"):
        raise PluginError(f"this OpenCV has no ximgproc, which is in its contrib edition: {NEEDS}")
    return cv2


@hookimpl
def vsa_proposers(register: Callable[[type[Proposer]], None]) -> None:
    register(SelectiveSearch)
