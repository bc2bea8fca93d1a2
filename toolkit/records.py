"""What formats, the database, the runner and backends hand each other: frozen dataclasses, no behaviour.

Boxes are `(x, y, width, height)` in float pixels, origin top left, half-open, in the image as people see it
(EXIF orientation applied). Spans are half-open character offsets into a sentence's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Box = tuple[float, float, float, float]
Size = tuple[int, int]


# What a format reads -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A photo on disk. `path` is absolute or relative to the dataset's root."""

    key: str
    path: Path
    split: str | None = None


@dataclass(frozen=True, slots=True)
class SentenceText:
    """A person's description of a whole image; `number` counts from 0 within the image, as its source does."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class RegionBox:
    """A box in the source's frame; `key` is the source's own id for it, unique within the image."""

    key: str
    box: Box
    label: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class RegionPhrase:
    """A person's words for the region with this key. `annotator` None: the source does not say whose they are.

    `state`: draft, submitted, accepted or rejected. The same words may come several times, from several people whom
    the source does not tell apart. `campaign` is given to exporters only: the effort that collected it.
    """

    region: str
    text: str
    annotator: str | None = None
    state: str = "submitted"
    seconds: float | None = None
    campaign: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class GroundingSpan:
    """A span of sentence `sentence` tied to the regions with these keys (none: `no_box` or `scene` says why)."""

    sentence: int
    start: int
    end: int
    regions: tuple[str, ...]
    chain: str | None = None
    categories: tuple[str, ...] = ()
    no_box: bool = False
    scene: bool = False


@dataclass(frozen=True, slots=True)
class ImageBundle:
    """All that a source says of one image: the unit in which formats stream, importers commit and exporters write.

    `file` is None when the source only adds to an image that the dataset already has (Entities to Flickr8k).
    `frame` is the width and height of the frame in which the boxes were drawn, where the source states it.
    `raw_boxes` keeps the source's own integers by region key, so that an export gives them back.
    `size` is given to exporters only: the pixels of the photo on disk, which are the boxes' frame where there is none;
    so is `origins`, the region set of each region by its key.
    """

    key: str
    file: ImageFile | None = None
    frame: Size | None = None
    sentences: tuple[SentenceText, ...] = ()
    regions: tuple[RegionBox, ...] = ()
    groundings: tuple[GroundingSpan, ...] = ()
    raw_boxes: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    phrases: tuple[RegionPhrase, ...] = ()
    size: Size | None = None
    origins: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something an importer left out or mended; shown in the summary, counted by `kind`.

    `kind` is a short phrase in the plural ("photos that do not exist"); `where` names file and line or item.
    """

    kind: str
    where: str
    detail: str = ""


# What the store gives to the runner ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a dataset, as the runner sees it. `file` is absolute.

    `width`, `height` are the pixels on disk; `frame` is the size of the photo before its file was resized, where
    known: detectors see the photo in that aspect.
    """

    id: int
    key: str
    file: Path
    sha256: str
    width: int
    height: int
    split: str | None = None
    frame: Size | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    id: int
    image_id: int
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Region:
    """A box of a region set on an image; the frame region covers the whole image and comes first."""

    id: int
    image_id: int
    box: Box
    is_frame: bool = False
    label: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Grounding:
    """A grounded span; `boxes` are the boxes of its regions, in pixels of the image on disk."""

    id: int
    sentence_id: int
    image_id: int
    start: int
    end: int
    boxes: tuple[Box, ...]
    chain: str | None = None
    categories: tuple[str, ...] = ()
    no_box: bool = False
    scene: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """One split of a dataset with the regions of one region set, in a fixed order (image id, then position).

    `sentences`, `regions` and `groundings` are grouped by image in the order of `images`. `fingerprint` is a
    digest of everything in it: two equal fingerprints are the same data.
    """

    dataset: str
    name: str
    region_set: str
    images: Sequence[Image]
    sentences: Sequence[Sentence]
    regions: Sequence[Region]
    groundings: Sequence[Grounding]
    fingerprint: str


# What a run gives back to the store ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WordAlignment:
    """A token of a sentence, where it stands, the region it was tied to and its score (None: no fragment)."""

    token: str
    start: int
    end: int
    region_id: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class SentenceAlignment:
    """An image's own sentence, aligned word by word (after MRF smoothing where β > 0)."""

    sentence_id: int
    image_id: int
    words: tuple[WordAlignment, ...]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A maximal run of consecutive words tied to one region: characters `start` to `end` of the sentence."""

    sentence_id: int
    region_id: int
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence that a model made for an image (`region_id` None: for the frame)."""

    image_id: int
    text: str
    region_id: int | None = None
    log_probability: float | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run with its provenance, as `vsa runs show` prints it and protocols read it."""

    id: int
    backend: str
    dataset: str
    split: str
    region_set: str
    state: str
    checkpoint_id: int | None
    options: dict[str, Any]
    provenance: dict[str, Any]
    folder: Path


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    id: int
    backend: str
    dataset: str
    region_set: str
    encoder: str
    state: str
    options: dict[str, Any]
    provenance: dict[str, Any]
    folder: Path
