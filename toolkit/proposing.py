"""A proposer over a dataset: photos decoded ahead in a thread, boxes saved in short batches, resumable."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .backend import Progress
from .boxes import clip
from .claim import claim
from .errors import DataError, PluginError, UserError
from .extraction import read_imported
from .photos import decode_photo
from .proposer import Proposer
from .records import Image, RegionBox
from .store import Store

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

BATCH = 100  # images a transaction
AHEAD = 16  # photos decoded before they are needed


@dataclass(frozen=True)
class Proposed:
    """What `propose` did: the region set's name, images and boxes that are new in it."""

    name: str
    images: int
    regions: int


def _quiet(done: int, total: int | None, **figures: Any) -> None:
    return None


def propose(
    store: Store,
    dataset: str | None,
    proposer: Proposer,
    k: int,
    *,
    name: str | None = None,
    progress: Progress = _quiet,
    cancelled: Callable[[], bool] = lambda: False,
) -> Proposed:
    """Up to `k` boxes on every image that the region set does not have yet; the set's default name is `PROPOSER-kK`.

    An interrupted set goes on where it stopped; a finished one takes the images that came since. Meanwhile the set is
    claimed, `region_sets/<id>` below the workspace's folder, so that nobody takes it for abandoned.

    Raises:
        UserError: no such dataset, a set of that name was made in another way, or another process is making it.
        DataError: a photo is missing, damaged or changed; the images before it are saved.
    """
    if k < 1:
        raise UserError(f"k must be at least 1, not {k}.")
    dataset = store.dataset_name(dataset)
    name = name or f"{proposer.name}-k{k}"
    region_set = store.create_region_set(dataset, name, proposer.name, provenance(proposer, k))
    place = store.folder / "region_sets" / str(region_set)
    with claim(place, f"region set {name!r}"):
        images, regions = _propose(store, region_set, proposer, k, progress, cancelled)
        shutil.rmtree(place, ignore_errors=True)
    return Proposed(name, images, regions)


def _propose(
    store: Store, region_set: int, proposer: Proposer, k: int, progress: Progress, cancelled: Callable[[], bool]
) -> tuple[int, int]:
    """How many images and boxes are new in the set."""
    images = store.images_without_regions(region_set)
    begun, done, regions = time.monotonic(), 0, 0
    progress(0, len(images))
    batch: list[tuple[int, Sequence[RegionBox]]] = []
    try:
        for image, photo in _decoded(images):
            boxes = _inside(proposer, proposer.propose(photo, image.frame or photo.size, k), photo, k)
            batch.append((image.id, boxes))
            done, regions = done + 1, regions + len(boxes)
            if len(batch) == BATCH:
                store.save_regions(region_set, batch)
                batch = []
                progress(done, len(images), photos_per_second=done / (time.monotonic() - begun))
            if cancelled():
                break
    finally:
        if batch:
            store.save_regions(region_set, batch)
    if done == len(images):
        progress(done, len(images))
        store.finish_region_set(region_set)
    return done, regions


def provenance(proposer: Proposer, k: int) -> dict[str, Any]:
    """What decides the boxes. Of a file only its name is kept: its contents are in the digest, where it lies is no
    matter."""
    values, kept = proposer.options.model_dump(), proposer.options.model_dump(mode="json")  # as the database has them
    options = {name: value.name if isinstance(value, Path) else kept[name] for name, value in values.items()}
    return {"k": k, "options": options, "digest": proposer.digest()}


def _inside(proposer: Proposer, boxes: Sequence[RegionBox], photo: Photo, k: int) -> list[RegionBox]:
    """The boxes clipped into the photo; those with nothing inside it are left out."""
    if len(boxes) > k:
        raise PluginError(f"proposer {proposer.name} gave {len(boxes)} boxes where at most {k} were asked for.")
    kept = []
    for region in boxes:
        try:
            box = clip(region.box, photo.size)
        except DataError:
            continue
        kept.append(RegionBox(region.key, box, region.label, region.score))
    return kept


def _decoded(images: Sequence[Image]) -> Iterator[tuple[Image, Photo]]:
    """Images with their photos, in order, one thread ahead of the detector."""
    rest = iter(images)
    with ThreadPoolExecutor(1, thread_name_prefix="vsa-decode") as pool:
        waiting: deque[tuple[Image, Future[Photo]]] = deque(
            (image, pool.submit(_open, image)) for image in islice(rest, AHEAD)
        )
        try:
            while waiting:
                image, photo = waiting.popleft()
                yield image, photo.result()
                waiting.extend((image, pool.submit(_open, image)) for image in islice(rest, 1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _open(image: Image) -> Photo:
    return decode_photo(read_imported(image), image.file)
