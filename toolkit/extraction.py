"""Computing features: photos are decoded in worker threads while the network runs on those before them."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import pooling
from .backend import Progress
from .encoder import Encoder
from .errors import DataError
from .photos import decode_photo, read_photo
from .records import Box, Image
from .shards import FeatureShards

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

WORKERS = 2
SHARD_BYTES = 64_000_000
SHARD_SECONDS = 60.0
"""A shard is written when either is reached: what a killed extraction loses at most."""


@dataclass(frozen=True)
class Missing:
    """The boxes of one photo whose vectors are wanted, and the keys (boxes, 32) to keep them under."""

    image: Image
    boxes: Sequence[Box]
    keys: np.ndarray


@dataclass(frozen=True)
class _Decoded:
    wanted: Missing
    inputs: list[Tensor]  # (3, S, S) each: the whole photo, or its crops; stacked by who runs the network, see _decode
    boxes: Tensor  # (boxes, 4) relative to the photo


def compute(
    shards: FeatureShards,
    encoder: Encoder,
    work: Sequence[Missing],
    mode: str,
    batch_size: int,
    workers: int,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> int:
    """Compute and keep the vectors of `work`; how many were kept. Stops early when `cancelled` says so."""
    begun, done = time.monotonic(), 0
    progress(0, len(work))
    # On a CPU one input at a time is twice as fast: its maps fit into memory that the process already has.
    together = 1 if encoder.device.type == "cpu" else batch_size
    with closing(_decode(encoder, work, mode, batch_size, workers)) as photos, _Writer(shards) as writer:
        for batch in _batches(photos, batch_size):
            for photo, vectors in zip(batch, _vectors(encoder, batch, mode, together), strict=True):
                writer.add(photo.wanted.keys, vectors)
            done += len(batch)
            progress(done, len(work), photos_per_second=done / (time.monotonic() - begun))
            if cancelled():
                break
    return writer.written


def photo_vectors(encoder: Encoder, image: Image, photo: Photo, boxes: Sequence[Box], mode: str) -> Tensor:
    """(boxes, dimension) float16 of a photo that may be in no dataset; `image` is for messages. Nothing is kept."""
    wanted = Missing(image, boxes, np.empty((len(boxes), 0), np.uint8))
    prepared = _prepared(encoder, wanted, photo, _input_size(encoder, mode))
    return torch.from_numpy(_vectors(encoder, [prepared], mode, max(len(boxes), 1))[0])


def read_imported(image: Image) -> bytes:
    """The bytes of an image's file, which must be those that were imported."""
    data = read_photo(image.file)
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise DataError(
            f"photo {image.file} is not the file that was imported: put that one back, or import this one as a new"
            " dataset."
        )
    return data


class _Writer:
    """Collects vectors and writes them in shards; what was collected is written also when the work is cut short."""

    def __init__(self, shards: FeatureShards) -> None:
        self._shards = shards
        self._keys: list[np.ndarray] = []
        self._vectors: list[np.ndarray] = []
        self._since = time.monotonic()
        self.written = 0

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        self._keys.append(keys)
        self._vectors.append(vectors)
        full = sum(part.nbytes for part in self._vectors) >= SHARD_BYTES
        if full or time.monotonic() - self._since >= SHARD_SECONDS:
            self._flush()

    def _flush(self) -> None:
        keys, vectors = self._keys, self._vectors
        self._keys, self._vectors, self._since = [], [], time.monotonic()
        if keys:
            self._shards.write(np.concatenate(keys), np.concatenate(vectors))
            self.written += sum(len(part) for part in keys)


def _decode(
    encoder: Encoder, work: Sequence[Missing], mode: str, batch_size: int, workers: int
) -> Generator[_Decoded, None, None]:
    """Photos in order, decoded ahead by at most two batches of network inputs.

    The threads that decode call no torch operator that would use several threads: each of them would keep OpenMP
    threads of its own, and with more of these than cores those of the network sleep at every operator: it took a
    third longer.
    """
    per_photo = max(len(wanted.boxes) for wanted in work) if mode == "crop" else 1
    input_size = _input_size(encoder, mode)
    ahead = max(workers, 2 * batch_size // per_photo)
    rest = iter(work)
    with ThreadPoolExecutor(workers, thread_name_prefix="vsa-decode") as pool:
        waiting: deque[Future[_Decoded]] = deque(
            pool.submit(_decode_one, encoder, wanted, input_size) for wanted in islice(rest, ahead)
        )
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_decode_one, encoder, wanted, input_size) for wanted in islice(rest, 1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _input_size(encoder: Encoder, mode: str) -> int | None:
    """The side of what the encoder takes, where regions are cut out for it; else None."""
    if mode != "crop":
        return None
    from PIL import Image as PIL

    return encoder.preprocess(PIL.new("RGB", (1, 1))).shape[-1]


def _decode_one(encoder: Encoder, wanted: Missing, input_size: int | None) -> _Decoded:
    photo = decode_photo(read_imported(wanted.image), wanted.image.file)
    return _prepared(encoder, wanted, photo, input_size)


def _prepared(encoder: Encoder, wanted: Missing, photo: Photo, input_size: int | None) -> _Decoded:
    size = torch.tensor([photo.width, photo.height] * 2, dtype=torch.float64)
    boxes = (torch.tensor(wanted.boxes, dtype=torch.float64) / size).float()
    if input_size is None:
        return _Decoded(wanted, [encoder.preprocess(photo)], boxes)
    crops = [encoder.preprocess(pooling.crop(photo, box, input_size)) for box in wanted.boxes]
    return _Decoded(wanted, crops, boxes)


def _batches(photos: Iterator[_Decoded], batch_size: int) -> Iterator[list[_Decoded]]:
    """Groups of photos with at least `batch_size` network inputs together."""
    batch: list[_Decoded] = []
    for photo in photos:
        batch.append(photo)
        if sum(len(part.inputs) for part in batch) >= batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


@torch.inference_mode()
def _vectors(encoder: Encoder, batch: Sequence[_Decoded], mode: str, batch_size: int) -> list[np.ndarray]:
    """The vectors (boxes, dimension) float16 of each photo of a batch."""
    inputs = [one for photo in batch for one in photo.inputs]
    pooled: list[Tensor] = []
    for start in range(0, len(inputs), batch_size):
        maps = encoder.feature_map(torch.stack(inputs[start : start + batch_size]).to(encoder.device))
        if mode == "roi-align":
            pooled += [pooling.roi_align(m, photo.boxes) for m, photo in zip(maps, batch[start:], strict=False)]
        else:
            pooled.append(maps.mean((2, 3)))
    vectors = torch.cat(pooled).half().cpu()
    if not torch.isfinite(vectors).all():
        raise DataError(f"encoder {encoder.name} gave features that are not finite, or too large for float16.")
    ends = np.cumsum([len(photo.wanted.boxes) for photo in batch])
    return np.split(vectors.numpy(), ends[:-1])
