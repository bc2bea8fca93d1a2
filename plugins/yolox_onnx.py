"""Regions from a YOLOX object detector (Ge et al. 2021, arXiv:2107.08430) in an ONNX file, under onnxruntime.

Any YOLOX of the usual export will do: one input [1, 3, H, W] (BGR, 0 to 255, letterboxed into the top left), one output
[1, cells, 5 + classes] with strides 8, 16 and 32, objectness and class scores after their sigmoid.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cached_property
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from vsa_toolkit.errors import DataError, PluginError, UserError
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.records import RegionBox, Size

from .grid import coarse_to_fine

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

MODEL_VARIABLE = "VSA_YOLOX_MODEL"
STRIDES = (8, 16, 32)
GREY = 114  # what YOLOX was trained to see beside a letterboxed photo
SMALLEST = 0.01  # of the photo's side: smaller boxes hold nothing to describe
CANDIDATES = 400  # the best boxes that enter non-maximum suppression
Array = np.ndarray[Any, np.dtype[np.float32]]


class YoloxOnnx(Proposer):
    """The `k` most confident boxes after non-maximum suppression over all classes together; with `grid` = n, the last n
    of the k are the grid proposer's first, so that what is no COCO object can be found too."""

    name = "yolox-onnx"

    class Options(BaseOptions):
        model: Path | None = Field(
            default_factory=lambda: Path(os.environ[MODEL_VARIABLE]) if os.environ.get(MODEL_VARIABLE) else None,
            description=f"The ONNX file (default: the environment variable {MODEL_VARIABLE}).",
        )
        labels: Path | None = Field(None, description="Class names, one a line (default: the 80 of COCO).")
        grid: int = Field(5, ge=0, description="How many of the k boxes are grid boxes.")
        nms: float = Field(0.5, gt=0, le=1, description="Of two boxes with a larger IoU the less confident goes.")
        score: float = Field(0.0, ge=0, le=1, description="Less confident boxes are left out.")
        threads: int = Field(0, ge=0, description="Threads of onnxruntime; 0: one a core.")

    options: Options

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._model = _model_file(options.model)
        self._session = _session(self._model, options.threads)
        self._input = self._session.get_inputs()[0]
        height, width = self._input.shape[2:] if len(self._input.shape) == 4 else (None, None)
        if not isinstance(height, int) or not isinstance(width, int):
            raise DataError(f"{self._model} is no YOLOX of fixed input size: its input has shape {self._input.shape}.")
        self._height, self._width = height, width
        self._labels = _read_labels(options.labels)
        self._grids, self._strides = _cells(height, width)
        shape = self._session.get_outputs()[0].shape
        if len(shape) != 3 or shape[1] != len(self._strides):
            raise DataError(
                f"{self._model} is no YOLOX: for {width} × {height} pixels it should give {len(self._strides)} cells,"
                f" its output has shape {shape}."
            )
        if shape[2] != 5 + len(self._labels):
            raise UserError(
                f"{self._model} knows {shape[2] - 5} classes, the labels name {len(self._labels)}: give its own names"
                " with -o labels=FILE."
            )

    def digest(self) -> str:
        return self._digest

    @cached_property
    def _digest(self) -> str:
        names = "\n".join(self._labels).encode()
        return hashlib.sha256(hashlib.sha256(self._model.read_bytes()).digest() + names).hexdigest()

    def propose(self, photo: Photo, frame: Size, k: int) -> list[RegionBox]:
        width, height = photo.size
        from_grid = min(self.options.grid, k)
        corners, classes, scores = self._detect(photo, frame)
        found = [
            RegionBox(
                f"yolox-{index}",
                (x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height),
                label=self._labels[label],
                score=score,
            )
            for index, ((x0, y0, x1, y1), label, score) in enumerate(
                zip(corners[: k - from_grid].tolist(), classes.tolist(), scores.tolist(), strict=False)
            )
        ]
        return found + [
            RegionBox(f"grid-{index}", (x * width, y * height, w * width, h * height))
            for index, (x, y, w, h) in enumerate(islice(coarse_to_fine(1 / 3), from_grid))
        ]

    def _detect(self, photo: Photo, frame: Size) -> tuple[Array, Array, Array]:
        """Corners (n, 4) relative to the photo (0 to 1), classes (n,) and scores (n,), the most confident first."""
        canvas, used = self._letterbox(photo, frame)
        output = self._session.run(None, {self._input.name: canvas})[0][0]
        centres = (output[:, :2] + self._grids) * self._strides
        sizes = np.exp(output[:, 2:4]) * self._strides
        corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1) / np.array(used * 2)
        corners = corners.clip(0, 1)
        confidence = output[:, 4:5] * output[:, 5:]
        classes, scores = confidence.argmax(1), confidence.max(1)
        large = ((corners[:, 2:] - corners[:, :2]) > SMALLEST).all(1) & (scores >= self.options.score)
        order = np.flatnonzero(large)[np.argsort(-scores[large], kind="stable")][:CANDIDATES]
        kept = order[suppress(corners[order], self.options.nms)]
        return corners[kept], classes[kept], scores[kept]

    def _letterbox(self, photo: Photo, frame: Size) -> tuple[Array, tuple[int, int]]:
        """The photo in the aspect of its frame, as large as fits, top left; and the pixels it takes (width, height)."""
        from PIL.Image import Resampling

        ratio = min(self._width / frame[0], self._height / frame[1])
        width, height = max(1, round(frame[0] * ratio)), max(1, round(frame[1] * ratio))
        canvas = np.full((self._height, self._width, 3), GREY, np.float32)
        canvas[:height, :width] = np.asarray(photo.resize((width, height), Resampling.BILINEAR))[:, :, ::-1]
        return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None]), (width, height)


def suppress(corners: Array, limit: float) -> list[int]:
    """Greedy non-maximum suppression: rows that stay, of corners (n, 4) sorted by confidence."""
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    open_rows, kept = np.arange(len(corners)), []
    while len(open_rows):
        best, rest = open_rows[0], open_rows[1:]
        kept.append(int(best))
        sides = np.minimum(corners[best, 2:], corners[rest, 2:]) - np.maximum(corners[best, :2], corners[rest, :2])
        shared = sides.clip(min=0).prod(1)
        open_rows = rest[shared <= limit * (areas[best] + areas[rest] - shared)]
    return kept


def _cells(height: int, width: int) -> tuple[Array, Array]:
    """Grid positions (cells, 2) and strides (cells, 1) of an input's output cells."""
    grids, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        grids.append(np.stack([columns, rows], axis=-1).reshape(-1, 2))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _model_file(path: Path | None) -> Path:
    if path is None:
        raise UserError(f"proposer yolox-onnx needs a model: -o model=FILE.onnx, or the variable {MODEL_VARIABLE}.")
    if not path.is_file():
        raise UserError(f"proposer yolox-onnx: model file {path} does not exist.")
    return path


def _session(model: Path, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise PluginError('proposer yolox-onnx needs onnxruntime: pip install "vsa-toolkit[yolox]".') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise DataError(f"{model} is no ONNX file that onnxruntime can load ({error}).") from error


def _read_labels(path: Path | None) -> list[str]:
    if path is None:
        text = (resources.files("vsa_toolkit.plugins") / "coco.txt").read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"labels file {path} cannot be read: {error}.") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


@hookimpl
def vsa_proposers(register: Callable[[type[Proposer]], None]) -> None:
    register(YoloxOnnx)
