"""The database as the toolkit's `Store`: each call is one short transaction, written out in the file of its idea."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from vsa_toolkit.claim import claim
from vsa_toolkit.collected import Collected
from vsa_toolkit.records import (
    Caption,
    CheckpointInfo,
    Image,
    ImageBundle,
    Region,
    RegionBox,
    RunInfo,
    Size,
    Snippet,
    Split,
)
from vsa_toolkit.records import Sentence as SentenceRecord
from vsa_toolkit.store import ImportedImage, KnownImage, RunBatch, Selection

from . import checkpoints, datasets, exports, imports, people_read, region_sets, releases, run_arrays, runs, splits
from .engine import Database
from .import_batches import save_import_batch
from .known_images import known_images
from .models import RegionSet


def _claimed(folder: Path, what: str) -> AbstractContextManager[None]:
    """A claim on a folder that somebody may be writing to; nothing where there is no folder."""
    return claim(folder, what) if folder.is_dir() else nullcontext()


class DatabaseStore:
    """Images, regions, checkpoints and runs of one workspace (`vsa_toolkit.store.Store`, `ImportStore`)."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self._folder = folder

    @property
    def folder(self) -> Path:
        return self._folder

    # Datasets
    def dataset_name(self, name: str | None) -> str:
        with self.database.read() as session:
            return datasets.dataset_name(session, name)

    def list_datasets(self) -> list[str]:
        """The names of the datasets, oldest first."""
        with self.database.read() as session:
            return datasets.dataset_names(session)

    def splits(self, dataset: str) -> dict[str | None, int]:
        """How many images each split of a dataset has; None for those in no split."""
        with self.database.read() as session:
            return datasets.splits(session, datasets.dataset_row(session, dataset).id)

    def read_split(self, dataset: str, split: str, region_set: str) -> Split:
        with self.database.read() as session:
            return splits.read_split(session, dataset, split, region_set, self.folder)

    def read_images(self, dataset: str, split: str | None = None) -> list[Image]:
        with self.database.read() as session:
            row = datasets.dataset_row(session, dataset)
            return datasets.read_images(session, row, self.folder, split)

    def find_image(self, dataset: str, key: str) -> Image:
        """An image by its key or id; UserError where there is none."""
        with self.database.read() as session:
            return datasets.find_image(session, datasets.dataset_row(session, dataset), key, self.folder)

    def read_sentences(self, image_id: int) -> list[SentenceRecord]:
        """The sentences of one image, by number."""
        with self.database.read() as session:
            return datasets.read_sentences(session, image_id)

    # Imports
    def begin_import(self, dataset: str, format: str, source: Path, root: Path | None, options: dict[str, Any]) -> int:
        with self.database.write() as session:
            return imports.begin_import(session, self.folder, dataset, format, source, root, options)

    def check_import(self, dataset: str, root: Path | None) -> None:
        with self.database.read() as session:
            imports.check_import(session, self.folder, dataset, root)

    def image_keys(self, dataset: str) -> list[str]:
        with self.database.read() as session:
            return imports.image_keys(session, dataset)

    def known_images(self, dataset: str, format: str, keys: Sequence[str]) -> dict[str, KnownImage]:
        with self.database.read() as session:
            return known_images(session, dataset, format, keys)

    def save_import_batch(self, import_id: int, batch: Sequence[ImportedImage]) -> None:
        with self.database.write() as session:
            save_import_batch(session, self.folder, import_id, batch)

    def duplicate_photos(self, import_id: int) -> list[list[str]]:
        with self.database.read() as session:
            return imports.duplicate_photos(session, import_id)

    def count_import(self, import_id: int) -> dict[str, int]:
        with self.database.read() as session:
            return imports.count_import(session, import_id)

    def finish_import(self, import_id: int, frames: dict[int, Size], summary: dict[str, Any]) -> None:
        with self.database.write() as session:
            imports.finish_import(session, import_id, frames, summary)

    def discard_import(self, import_id: int) -> None:
        for table in imports.BROUGHT:
            last: int | None = 0
            while last is not None:
                with self.database.write() as session:
                    last = imports.discard_rows(session, import_id, table, after=last)
        with self.database.write() as session:
            imports.discard_import(session, import_id)

    # People
    def read_collected(self, dataset: str, split: str, campaign: str | None) -> Collected:
        with self.database.read() as session:
            return people_read.read_collected(session, dataset, split, campaign, self.folder)

    def read_regions(self, region_ids: Sequence[int]) -> dict[int, Region]:
        with self.database.read() as session:
            return people_read.read_regions(session, region_ids)

    # Exports
    def dataset_root(self, dataset: str) -> Path:
        with self.database.read() as session:
            return datasets.dataset_root(datasets.dataset_row(session, dataset), self.folder)

    def count_selected(self, selection: Selection) -> int:
        with self.database.read() as session:
            return exports.count_selected(session, selection)

    def read_selected(self, selection: Selection) -> Iterator[ImageBundle]:
        with self.database.read() as session:
            yield from exports.read_selected(session, selection)

    # Region sets
    def region_set_name(self, dataset: str, name: str | None) -> str:
        with self.database.read() as session:
            return region_sets.region_set_name(session, datasets.dataset_row(session, dataset), name)

    def human_region_set(self, dataset: str, campaign: str | None) -> str:
        with self.database.read() as session:
            return region_sets.human_region_set(session, datasets.dataset_row(session, dataset), campaign)

    def list_region_sets(self, dataset: str) -> list[dict[str, Any]]:
        """Flat rows: name, kind, proposer, state, regions; oldest first."""
        with self.database.read() as session:
            row = datasets.dataset_row(session, dataset)
            counts = region_sets.count_regions(session, row.id)
            found = session.scalars(select(RegionSet).where(RegionSet.dataset_id == row.id).order_by(RegionSet.id))
            return [
                {
                    "name": r.name,
                    "kind": r.kind,
                    "proposer": r.proposer,
                    "state": r.state,
                    "regions": counts.get(r.id, 0),
                }
                for r in found
            ]

    def create_region_set(self, dataset: str, name: str, proposer: str, provenance: dict[str, Any]) -> int:
        with self.database.write() as session:
            row = datasets.dataset_row(session, dataset)
            return region_sets.create_region_set(session, row, name, proposer, provenance)

    def images_without_regions(self, region_set_id: int) -> list[Image]:
        with self.database.read() as session:
            return region_sets.images_without_regions(session, region_set_id, self.folder)

    def save_regions(self, region_set_id: int, batch: Sequence[tuple[int, Sequence[RegionBox]]]) -> None:
        with self.database.write() as session:
            region_sets.save_regions(session, region_set_id, batch)

    def finish_region_set(self, region_set_id: int) -> None:
        with self.database.write() as session:
            region_sets.finish_region_set(session, region_set_id)

    def delete_region_set(self, dataset: str, name: str) -> None:
        """Remove a proposer's region set; UserError where something was made from it."""
        with self.database.write() as session:
            region_sets.delete_region_set(session, datasets.dataset_row(session, dataset), name)

    # Checkpoints
    def create_checkpoint(
        self, backend: str, dataset: str, region_set: str, encoder: str, options: dict[str, Any],
        provenance: dict[str, Any],
    ) -> CheckpointInfo:  # fmt: skip
        with self.database.write() as session:
            return checkpoints.create_checkpoint(
                session, self.folder, backend, dataset, region_set, encoder, options, provenance
            )

    def finish_checkpoint(self, checkpoint_id: int, digest: str, provenance: dict[str, Any]) -> None:
        with self.database.write() as session:
            checkpoints.finish_checkpoint(session, checkpoint_id, digest, provenance)

    def fail_checkpoint(self, checkpoint_id: int, reason: str) -> None:
        with self.database.write() as session:
            checkpoints.fail_checkpoint(session, checkpoint_id, reason)

    def read_checkpoint(self, checkpoint_id: int) -> CheckpointInfo:
        with self.database.read() as session:
            return checkpoints.read_checkpoint(session, self.folder, checkpoint_id)

    def newest_checkpoint(self, backend: str, dataset: str, region_set: str | None = None) -> CheckpointInfo:
        with self.database.read() as session:
            return checkpoints.newest_checkpoint(session, self.folder, backend, dataset, region_set)

    def list_checkpoints(self) -> list[CheckpointInfo]:
        with self.database.read() as session:
            return checkpoints.list_checkpoints(session, self.folder)

    def delete_checkpoint(self, checkpoint_id: int) -> None:
        """Remove a checkpoint and its files; UserError where runs were made with it, or it is being trained."""
        folder = checkpoints.checkpoint_folder(self.folder, checkpoint_id)
        with _claimed(folder, f"checkpoint {checkpoint_id}"):
            with self.database.write() as session:
                checkpoints.delete_checkpoint(session, checkpoint_id)
            shutil.rmtree(folder, ignore_errors=True)

    # Runs
    def create_run(
        self, checkpoint: CheckpointInfo, split: Split, options: dict[str, Any], provenance: dict[str, Any]
    ) -> RunInfo:
        with self.database.write() as session:
            return runs.create_run(session, self.folder, checkpoint, split, options, provenance)

    def pending(self, run_id: int, image_ids: Sequence[int]) -> list[int]:
        with self.database.read() as session:
            return runs.pending(session, run_id, image_ids)

    def save_batch(self, run_id: int, batch: RunBatch) -> None:
        if not batch.image_ids:
            return
        part = batch.image_ids[0]  # an image is saved once, so no other batch has this number
        run_arrays.save_part(runs.run_folder(self.folder, run_id), part, batch)
        with self.database.write() as session:
            runs.save_rows(session, run_id, part, batch.image_ids, batch.snippets, batch.captions)

    def finish_run(self, run_id: int, split: Split, provenance: dict[str, Any]) -> None:
        folder = runs.run_folder(self.folder, run_id)
        with self.database.read() as session:
            places = runs.places(session, run_id)
        arrays = run_arrays.join_parts(folder, places, split)
        with self.database.write() as session:
            runs.finish_run(session, run_id, arrays, provenance)
        run_arrays.remove_parts(folder)

    def fail_run(self, run_id: int, reason: str) -> None:
        with self.database.write() as session:
            runs.fail_run(session, run_id, reason)

    def read_run(self, run_id: int) -> RunInfo:
        with self.database.read() as session:
            return runs.read_run(session, self.folder, run_id)

    def newest_run(self, dataset: str, split: str) -> RunInfo:
        with self.database.read() as session:
            return runs.newest_run(session, self.folder, dataset, split)

    def finished_runs(self, dataset: str, split: str) -> list[RunInfo]:
        with self.database.read() as session:
            return runs.finished_runs(session, self.folder, dataset, split)

    def cited_releases(self, dataset: str) -> dict[str, str]:
        with self.database.read() as session:
            return releases.cited_releases(session, dataset)

    def list_runs(self) -> list[RunInfo]:
        with self.database.read() as session:
            return runs.list_runs(session, self.folder)

    def delete_run(self, run_id: int) -> None:
        """Remove a run with its files, snippets, captions and evaluations."""
        folder = runs.run_folder(self.folder, run_id)
        with _claimed(folder, f"run {run_id}"):
            with self.database.write() as session:
                runs.delete_run(session, run_id)
            shutil.rmtree(folder, ignore_errors=True)

    def read_run_array(self, run_id: int, name: str) -> np.ndarray:
        run = self.read_run(run_id)
        return run_arrays.read_array(run.folder, name, run.provenance.get("arrays", {}), run_id)

    def read_captions(self, run_id: int) -> list[Caption]:
        with self.database.read() as session:
            return runs.read_captions(session, run_id)

    def read_snippets(self, run_id: int, image_id: int | None = None) -> list[Snippet]:
        """A run's snippets (those of one image), by sentence and place."""
        with self.database.read() as session:
            return runs.read_snippets(session, run_id, image_id)

    def save_evaluation(self, run_id: int | None, protocol: str, signature: str, values: dict[str, Any]) -> int | None:
        """The number of what was kept; None in a workspace that can only be read."""
        if self.database.read_only:
            return None
        with self.database.write() as session:
            return runs.save_evaluation(session, run_id, protocol, signature, values)
