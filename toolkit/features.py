"""Features: one vector a region, computed once, kept by what it was made from.

The key of a vector is the sha256 of the photo's bytes, the box and the spec (the encoder's own, how regions are pooled,
types, code version). Datasets that share a photo share its features; one more box costs one more vector.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import pooling
from .backend import Progress
from .encoder import Encoder
from .errors import DataError, UserError
from .extraction import WORKERS, Missing, compute
from .records import Image, Region
from .shards import FeatureShards, count_vectors

CODE_VERSION = 1
MODES = ("roi-align", "crop", "frame")


def _quiet(done: int, total: int | None, **figures: Any) -> None:
    return None


def extract(
    folder: Path,
    encoder: Encoder,
    images: Sequence[Image],
    regions: Sequence[Region],
    *,
    mode: str = "roi-align",
    batch_size: int = 32,
    workers: int = WORKERS,
    progress: Progress = _quiet,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Compute the vectors that the workspace at `folder` does not have yet; how many those were.

    `mode`: "roi-align" pools regions from the photo's feature map, "crop" runs the encoder on each region cut out,
    "frame" averages the whole map and takes the frame regions only. `workers` threads decode photos ahead. What was
    computed is kept in shards as it goes: an interrupted extraction goes on where it stopped.

    Raises:
        DataError: a photo is missing, damaged or not the one that was imported; a shard is damaged.
        VsaError: the disk is full.
    """
    shards = open_shards(folder, encoder, mode)
    rows, regions = _rows(images, regions, mode)
    keys = feature_keys(encoder, images, rows, regions, mode)
    missing = np.flatnonzero(shards.find(keys) < 0)
    _, once = np.unique(keys[missing].view("V32").ravel(), return_index=True)  # photos may be the same bytes
    missing = missing[np.sort(once)]
    if not len(missing):
        return 0
    if not encoder.computes:
        first = images[int(rows[missing[0]])]
        raise DataError(
            f"{len(missing):,} of {len(keys):,} regions have no vector in the features {encoder.spec()['name']!r}; the"
            f" first is of image {first.key}: import features that have them all."
        )
    by_image: dict[int, list[int]] = {}
    for index in missing.tolist():
        by_image.setdefault(int(rows[index]), []).append(index)
    work = [
        Missing(images[row], [regions[index].box for index in indices], keys[indices])
        for row, indices in by_image.items()
    ]
    return compute(shards, encoder, work, mode, batch_size, workers, progress, cancelled)


def gather(
    folder: Path,
    encoder: Encoder,
    images: Sequence[Image],
    regions: Sequence[Region],
    *,
    mode: str = "roi-align",
    columns: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The vectors of regions that are grouped by image in the order of `images`.

    Returns (features (images, R, columns) float16, counts (images,) int64); R is the most regions that an image has,
    rows beyond an image's count are zero. `columns` above the encoder's dimension leaves room for more, zero as well.

    Raises:
        DataError: a vector was not extracted yet, or a shard is damaged.
    """
    shards = open_shards(folder, encoder, mode)
    rows, regions = _rows(images, regions, mode)
    places = shards.find(feature_keys(encoder, images, rows, regions, mode))
    if (absent := int((places < 0).sum())) > 0:
        raise DataError(f"{absent:,} of {len(places):,} regions have no features yet: run vsa features extract.")
    counts = np.bincount(rows, minlength=len(images)).astype(np.int64)
    most = int(counts.max(initial=0))
    inside = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    features = np.zeros((len(images) * most, columns or encoder.dimension), np.float16)
    shards.read(places, features, rows * most + inside)
    return torch.from_numpy(features).view(len(images), most, features.shape[1]), torch.from_numpy(counts)


def feature_spec(encoder: Encoder, mode: str) -> dict[str, Any]:
    """Everything beside photo and box that decides a vector, as `spec.json` keeps it."""
    if mode not in MODES:
        raise UserError(f"there is no feature mode {mode!r}: {', '.join(MODES)} are known.")
    if not encoder.computes:
        return {"encoder": encoder.name, **encoder.spec(), "stored": "float16", "version": CODE_VERSION}
    spec: dict[str, Any] = {
        "encoder": encoder.name,
        **encoder.spec(),
        "mode": mode,
        "computed": str(encoder.dtype).removeprefix("torch."),
        "stored": "float16",
        "version": CODE_VERSION,
    }
    if mode == "roi-align":
        spec["samples"] = pooling.SAMPLES
    if mode == "crop":
        spec["context"] = pooling.CONTEXT
    return spec


def feature_keys(
    encoder: Encoder, images: Sequence[Image], rows: np.ndarray, regions: Sequence[Region], mode: str
) -> np.ndarray:
    """(regions, 32) uint8; `rows[i]` is the row of region i's image in `images`."""
    spec = _digest(feature_spec(encoder, mode))
    starts = [spec + bytes.fromhex(image.sha256) for image in images]
    boxes = np.array([region.box for region in regions], "<f8").reshape(-1, 4) + 0.0  # + 0.0: −0 and 0 are one box
    keys = b"".join(
        hashlib.sha256(starts[row] + box.tobytes()).digest() for row, box in zip(rows.tolist(), boxes, strict=True)
    )
    return np.frombuffer(keys, np.uint8).reshape(-1, 32)


def open_shards(folder: Path, encoder: Encoder, mode: str) -> FeatureShards:
    """The shards of a spec in the workspace at `folder`."""
    spec = feature_spec(encoder, mode)
    return FeatureShards(folder / "features" / _digest(spec).hex()[:16], encoder.dimension, spec)


def list_features(folder: Path) -> list[dict[str, Any]]:
    """What a workspace has: for each spec its folder, encoder, mode, options, vectors and bytes."""
    rows = []
    for path in sorted(folder.glob("features/*/spec.json")):
        try:
            spec = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{path} is damaged ({error}): remove the folder {path.parent}.") from error
        vectors, size = count_vectors(path.parent)
        rows.append({"folder": path.parent, "spec": spec, "vectors": vectors, "bytes": size})
    return rows


def _rows(images: Sequence[Image], regions: Sequence[Region], mode: str) -> tuple[np.ndarray, Sequence[Region]]:
    """The row of each region's image in `images`; in the mode "frame" only of the frame regions."""
    if mode == "frame":
        regions = [region for region in regions if region.is_frame]
    row_of = {image.id: row for row, image in enumerate(images)}
    rows = np.array([row_of[region.image_id] for region in regions], np.int64)
    if (np.diff(rows) < 0).any():
        raise ValueError("regions must be grouped by image, in the order of the images")
    return rows, regions


def _digest(spec: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).digest()
