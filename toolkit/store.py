"""What the runner asks of a workspace: the database of `vsa_toolkit.db` is one; a test may bring its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .records import (
    Box,
    Caption,
    CheckpointInfo,
    GroundingSpan,
    Image,
    ImageBundle,
    Region,
    RegionBox,
    RegionPhrase,
    RunInfo,
    Sentence,
    SentenceText,
    Size,
    Snippet,
    Split,
)


@dataclass(frozen=True)
class RunBatch:
    """What a run produced for some images: saved as a whole or not at all.

    scores: (images, sentences of the split) float32.
    word_scores: (tokens, R) float32: for each image in `image_ids`, each of its own sentences in the split's order,
    each token a row; R = the most regions an image of the split has; NaN beyond an image's regions and in the rows
    of tokens without a fragment.
    """

    image_ids: Sequence[int]
    scores: np.ndarray | None = None
    word_scores: np.ndarray | None = None
    snippets: Sequence[Snippet] = field(default_factory=tuple)
    captions: Sequence[Caption] = field(default_factory=tuple)


class Store(Protocol):
    """Images, regions, checkpoints and runs of one workspace."""

    @property
    def folder(self) -> Path:
        """The workspace's folder; features are kept in `features/` below it."""

    def dataset_name(self, name: str | None) -> str:
        """`name` if there is such a dataset; with None the only one there is. UserError otherwise."""

    def region_set_name(self, dataset: str, name: str | None) -> str:
        """`name` if the dataset has such a region set; with None the newest one that a proposer made."""

    def human_region_set(self, dataset: str, campaign: str | None) -> str:
        """The region set that people drew: a campaign's; with None that of the only import that brought regions.
        UserError where there is none, or several to choose from."""

    def read_split(self, dataset: str, split: str, region_set: str) -> Split:
        """A split with its regions. UserError where there is no such split, naming those there are."""

    def read_images(self, dataset: str, split: str | None = None) -> list[Image]:
        """The images of a dataset (of one split of it), by id."""

    # Region sets
    def create_region_set(self, dataset: str, name: str, proposer: str, provenance: dict[str, Any]) -> int:
        """A new region set, state "running"; or the interrupted one of that name and provenance, to be resumed.
        UserError where a finished one of that name has another provenance."""

    def images_without_regions(self, region_set_id: int) -> list[Image]:
        """The images of the dataset that the region set has not done yet."""

    def save_regions(self, region_set_id: int, batch: Sequence[tuple[int, Sequence[RegionBox]]]) -> None:
        """Boxes (in pixels of the image on disk) of some images, in one short transaction; an image may have none."""

    def finish_region_set(self, region_set_id: int) -> None: ...

    # Checkpoints
    def create_checkpoint(
        self,
        backend: str,
        dataset: str,
        region_set: str,
        encoder: str,
        options: dict[str, Any],
        provenance: dict[str, Any],
    ) -> CheckpointInfo:
        """A new checkpoint row, state "running", with an empty folder; or the interrupted one of the same backend,
        dataset, region set, encoder, options, seed and dtype (both in `provenance`), to be resumed."""

    def finish_checkpoint(self, checkpoint_id: int, digest: str, provenance: dict[str, Any]) -> None:
        """State "finished", with the sha256 of the weights; `provenance` is added to what is there."""

    def fail_checkpoint(self, checkpoint_id: int, reason: str) -> None: ...

    def read_checkpoint(self, checkpoint_id: int) -> CheckpointInfo: ...

    def newest_checkpoint(self, backend: str, dataset: str, region_set: str | None = None) -> CheckpointInfo:
        """The newest finished one that fits. UserError where there is none, saying how to train one."""

    # Runs
    def create_run(
        self, checkpoint: CheckpointInfo, split: Split, options: dict[str, Any], provenance: dict[str, Any]
    ) -> RunInfo:
        """A new run row, or the interrupted run of the same checkpoint, split fingerprint and options."""

    def pending(self, run_id: int, image_ids: Sequence[int]) -> list[int]:
        """Those of `image_ids` that the run has not saved yet, in order."""

    def save_batch(self, run_id: int, batch: RunBatch) -> None:
        """Rows and arrays of some images, in one short transaction."""

    def finish_run(self, run_id: int, split: Split, provenance: dict[str, Any]) -> None:
        """Put the batches' arrays together in the split's order (`scores.npy`, `word_scores.npy`), note their
        digests, state "finished"."""

    def fail_run(self, run_id: int, reason: str) -> None: ...

    def read_run(self, run_id: int) -> RunInfo: ...

    def newest_run(self, dataset: str, split: str) -> RunInfo: ...

    def finished_runs(self, dataset: str, split: str) -> list[RunInfo]:
        """All finished runs over a split, the oldest first; empty where there is none."""

    def cited_releases(self, dataset: str) -> dict[str, str]:
        """`name@digest` of the release that has some data, by the fingerprint of that data: of a split with its whole
        photos, or of what a campaign collected on one."""

    def read_run_array(self, run_id: int, name: str) -> np.ndarray:
        """`scores` or `word_scores` of a finished run, memory-mapped; its digest is checked."""

    def read_captions(self, run_id: int) -> list[Caption]:
        """What a run said of images and regions, by image id, then region id (None, the frame, first)."""

    def read_snippets(self, run_id: int, image_id: int | None = None) -> list[Snippet]:
        """The snippets of a run (those of one image), by sentence and place."""

    def save_evaluation(self, run_id: int | None, protocol: str, signature: str, values: dict[str, Any]) -> int | None:
        """Its number; None where nothing can be kept."""


# What an import asks for ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image that the dataset has, and what is already there for one format's import.

    `regions`: those of the format's own region set, by the source's key. `groundings`: what makes each one the same
    (see `grounding_identity`). `phrases`: how often each one is there (see `phrase_identity`).
    """

    id: int
    key: str
    sha256: str
    width: int
    height: int
    split: str | None
    frame: Size | None
    sentences: tuple[Sentence, ...] = ()
    regions: dict[str, Region] = field(default_factory=dict)
    groundings: frozenset[tuple[Any, ...]] = frozenset()
    phrases: dict[tuple[Any, ...], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo that was read: `path` is absolute, `width` and `height` are as people see it (EXIF applied), `bytes` is
    the size of its file."""

    key: str
    path: Path
    split: str | None
    sha256: str
    width: int
    height: int
    frame: Size | None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class NewBox:
    """A box in pixels of the photo on disk, clipped to it; `raw` are the four integers of the source."""

    key: str
    box: Box
    label: str | None = None
    score: float | None = None
    raw: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class ImportedImage:
    """What an import adds to one image: a new one (`photo`) or one that is there (`known`).

    `groundings` name sentences by their number in the dataset; their spans are in the text that is stored. `phrases`
    name regions by the source's key.
    """

    known: KnownImage | None
    photo: NewPhoto | None = None
    sentences: tuple[SentenceText, ...] = ()
    boxes: tuple[NewBox, ...] = ()
    groundings: tuple[GroundingSpan, ...] = ()
    phrases: tuple[RegionPhrase, ...] = ()

    @property
    def adds(self) -> bool:
        return bool(self.photo or self.sentences or self.boxes or self.groundings or self.phrases)


def grounding_identity(span: GroundingSpan) -> tuple[Any, ...]:
    """Two groundings of an image with the same identity are one."""
    return (span.sentence, span.start, span.end, span.chain, frozenset(span.regions))


def phrase_identity(phrase: RegionPhrase) -> tuple[Any, ...]:
    """What a phrase of an image has in common with the same one, imported again; several may share it."""
    return (phrase.region, phrase.annotator, phrase.text)


class ImportStore(Protocol):
    """What `vsa_toolkit.importing` asks of a workspace. A dataset has at most one unfinished import."""

    @property
    def folder(self) -> Path:
        """The workspace's folder; an import that goes on claims `imports/<id>` below it."""

    def dataset_name(self, name: str | None) -> str:
        """`name` if there is such a dataset; with None the only one there is. UserError otherwise."""

    def dataset_root(self, dataset: str) -> Path:
        """The absolute folder of the dataset's photos. UserError where there is no such dataset."""

    def begin_import(self, dataset: str, format: str, source: Path, root: Path | None, options: dict[str, Any]) -> int:
        """A new import, or the unfinished one of the same command, to be resumed. With a `root` the dataset is made
        if it is not there. UserError where another import of the dataset is unfinished, or its root is another."""

    def check_import(self, dataset: str, root: Path | None) -> None:
        """Nothing where photos below `root` may go into the dataset, which need not be there. UserError otherwise."""

    def image_keys(self, dataset: str) -> list[str]: ...

    def known_images(self, dataset: str, format: str, keys: Sequence[str]) -> dict[str, KnownImage]:
        """Those of `keys` that the dataset has, with what was imported from that format, finished or not; none where
        there is no such dataset."""

    def save_import_batch(self, import_id: int, batch: Sequence[ImportedImage]) -> None:
        """All of it in one short transaction; each new image gets its frame region."""

    def duplicate_photos(self, import_id: int) -> list[list[str]]:
        """Keys of the dataset's images whose files are byte for byte the same."""

    def count_import(self, import_id: int) -> dict[str, int]:
        """How many images, sentences, regions, groundings and phrases this import has brought so far."""

    def finish_import(self, import_id: int, frames: dict[int, Size], summary: dict[str, Any]) -> None:
        """Note the `frames` of images that were there, and let readers see all of it."""

    def discard_import(self, import_id: int) -> None:
        """Remove an unfinished import and all that it brought."""


# What an export asks for ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Selection:
    """What of a dataset is exported. Nothing chosen is all: of `region_sets`, all that people and imports made (what
    proposers made and the frames are left out unless they are named)."""

    dataset: str
    split: str | None = None
    region_sets: tuple[str, ...] = ()
    campaign: str | None = None
    annotators: tuple[str, ...] = ()
    states: tuple[str, ...] = ("submitted", "accepted")


class ExportStore(Protocol):
    """What `vsa_toolkit.exporting` asks of a workspace."""

    def dataset_name(self, name: str | None) -> str:
        """`name` if there is such a dataset; with None the only one there is. UserError otherwise."""

    def dataset_root(self, dataset: str) -> Path:
        """The absolute folder that the dataset's image paths are relative to."""

    def count_selected(self, selection: Selection) -> int:
        """How many images are chosen. UserError where a split, region set, campaign or annotator is not there."""

    def read_selected(self, selection: Selection) -> Iterator[ImageBundle]:
        """The chosen images, by id, with boxes in the frame that their source drew them in; one snapshot of the
        database, of which a part is in memory at a time."""
