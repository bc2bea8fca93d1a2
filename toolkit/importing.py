"""Imports: a format's images streamed into a workspace in short batches, checked, scaled, matched and counted.

Nothing is changed silently: what was left out or mended is a Problem, what was scaled or matched is said in the
summary. A second import of the same source adds nothing; an interrupted one goes on with the same command; one whose
source turns out to be unusable leaves nothing.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .box_convention import BoxDoubts
from .claim import claim
from .errors import DataError, UserError, VsaError
from .format import Format, LabelFile
from .format_head import refuse_other_format
from .imported_image import BundleReader
from .records import ImageBundle, Problem
from .store import ImportedImage, ImportStore

BATCH = 200  # images a transaction: about a tenth of a second, so that annotators never wait
EXAMPLES = 3
NAMED = 4  # of the images that share a file

Progress = Callable[..., None]


@dataclass
class ProblemCount:
    """How often one kind of problem came up, with the first few examples."""

    kind: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportSummary:
    """What an import did, or (`dry_run`) would do. `added`: new rows by kind; `read`: what the source holds; `notes`
    and `warnings`: whole sentences."""

    dataset: str
    format: str
    source: str
    added: dict[str, int]
    read: dict[str, int]
    notes: tuple[str, ...]
    problems: tuple[ProblemCount, ...]
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def nothing_new(self) -> bool:
        return not any(self.added.values())


@dataclass(frozen=True)
class _Plan:
    """What is read, into where. `root`: the folder of the photos; None where images are there and are added to."""

    format: Format
    path: Path
    dataset: str
    root: Path | None


def run_import(
    store: ImportStore,
    source_format: Format,
    path: Path,
    dataset: str | None = None,
    progress: Progress = lambda done, total, **figures: None,
    dry_run: bool = False,
) -> ImportSummary:
    """Read `path` with a format into a dataset (default: the format's name for new images, else the only one).

    With `dry_run` all is read and checked and nothing is written.

    Raises:
        UserError: the path is not there, it is of another format, or the dataset does not fit.
        DataError: the source as a whole is unusable; nothing of it is left behind.
    """
    path = _whole(path)
    if not path.exists():
        raise UserError(f"{path} does not exist: name the folder or file to import.")
    refuse_other_format(type(source_format), path)
    plan = _plan(store, source_format, path, dataset)
    if dry_run:
        return _dry_run(store, plan, progress)
    options = source_format.options.model_dump(mode="json")
    import_id = store.begin_import(plan.dataset, source_format.name, path, plan.root, options)
    place = store.folder / "imports" / str(import_id)
    with claim(place, f"the import into dataset {plan.dataset!r}"):
        summary = _run(store, plan, import_id, progress)
    shutil.rmtree(place, ignore_errors=True)
    return summary


def _plan(store: ImportStore, source_format: Format, path: Path, dataset: str | None) -> _Plan:
    """Where the photos are, and which dataset gets what is read."""
    if not source_format.creates_images:
        return _Plan(source_format, path, store.dataset_name(dataset), None)
    name = dataset or source_format.dataset_name(path)
    root = _whole(source_format.root(path))
    if dataset is not None and isinstance(source_format, LabelFile) and source_format.adds_where_it_can:
        try:
            there = store.dataset_root(dataset)
        except UserError:  # there is no such dataset yet: it is made of the photos beside the file
            return _Plan(source_format, path, name, root)
        if os.path.realpath(there) != os.path.realpath(root):
            return _Plan(source_format, path, name, None)
    return _Plan(source_format, path, name, root)


def _run(store: ImportStore, plan: _Plan, import_id: int, progress: Progress) -> ImportSummary:
    reading = _Reading(store, plan)
    try:
        with _rare_collections():
            for batch in reading.batches(progress):
                store.save_import_batch(import_id, batch)
    except VsaError as error:
        if isinstance(error, DataError) or not any(store.count_import(import_id).values()):
            store.discard_import(import_id)
        raise
    if plan.format.creates_images:
        for keys in store.duplicate_photos(import_id):
            named = " = ".join(keys[:NAMED]) + (f" = … ({len(keys):,} of them)" if len(keys) > NAMED else "")
            reading.problems.add(Problem("photos that are the same file as another", named, "all are kept"))
    summary = reading.summary(store.count_import(import_id))
    if summary.nothing_new:
        store.discard_import(import_id)
    else:
        store.finish_import(import_id, reading.reader.frames, asdict(summary))
    return summary


def _dry_run(store: ImportStore, plan: _Plan, progress: Progress) -> ImportSummary:
    store.check_import(plan.dataset, plan.root)
    reading = _Reading(store, plan)
    added = dict.fromkeys(("images", "sentences", "regions", "groundings", "phrases"), 0)
    with _rare_collections():
        for batch in reading.batches(progress):
            added["images"] += sum(image.photo is not None for image in batch)
            added["sentences"] += sum(len(image.sentences) for image in batch)
            added["regions"] += sum(len(image.boxes) for image in batch)
            added["groundings"] += sum(len(image.groundings) for image in batch)
            added["phrases"] += sum(len(image.phrases) for image in batch)
    return reading.summary(added, dry_run=True)


class _Reading:
    """A source read against what the dataset has: batches of what is new, and the account of all of it."""

    def __init__(self, store: ImportStore, plan: _Plan) -> None:
        self._store = store
        self._plan = plan
        self.problems = Problems()
        convention = plan.format.box_convention(plan.path)
        self._doubts = BoxDoubts(convention) if convention else None
        keys = None if plan.root is not None else _image_keys(store, plan, self.problems)
        self.reader = BundleReader(plan.root, keys, self.problems.add, plan.format.name, self._doubts)

    def batches(self, progress: Progress) -> Iterator[list[ImportedImage]]:
        plan, clock = self._plan, _Clock(self._plan, progress)
        for bundles in _batches(plan.format.read(plan.path, self.problems.add)):
            named = self.reader.image_keys_of(bundles)
            known = self._store.known_images(plan.dataset, plan.format.name, [key for key, _ in named])
            batch = [image for key, bundle in named if (image := self.reader.prepare(bundle, key, known.get(key)))]
            adding = [image for image in batch if image.adds]
            if adding:
                yield adding
            clock.tell(len(bundles))

    def summary(self, added: dict[str, int], dry_run: bool = False) -> ImportSummary:
        plan, tally = self._plan, self.reader.tally
        return ImportSummary(
            plan.dataset, plan.format.name, str(plan.path), added | {"frame sizes": len(self.reader.frames)},
            tally.counts(), tuple(tally.notes()), self.problems.counted,
            tuple(self._doubts.warnings()) if self._doubts else (), dry_run,
        )  # fmt: skip


class _Clock:
    """Tells how many images were read, of how many, and how fast; where the source does not say how many there are,
    their number is estimated from the part of the source that was read."""

    def __init__(self, plan: _Plan, progress: Progress) -> None:
        self._progress = progress
        self._total = plan.format.count(plan.path)
        self._fraction = 0.0
        self._done = 0
        self._began = time.monotonic()
        plan.format.advance = self._read_on
        progress(0, self._total)

    def tell(self, images: int) -> None:
        self._done += images
        total = self._total
        if total is None and self._fraction:
            total = max(round(self._done / self._fraction), self._done)
        rate = self._done / max(time.monotonic() - self._began, 1e-9)
        self._progress(self._done, total, rate=f"{rate:,.0f} images/s")

    def _read_on(self, fraction: float) -> None:
        self._fraction = fraction
        if not self._done:  # a source that is sorted first gives no image for a while
            self._progress(0, self._total, read=f"{fraction:.0%}")


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Python's cycle collector would look through the growing batch again and again: a fifth of an import's time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _whole(path: Path) -> Path:
    """An absolute path without "..": one folder has one name, and photos below it are found to be below it."""
    path = path.expanduser().absolute()
    return Path(os.path.realpath(path)) if ".." in path.parts else path


def _image_keys(store: ImportStore, plan: _Plan, problems: Problems) -> dict[str, str]:
    """The image key of each key that bundles may have; that of a label file may also be the photo's bare name."""
    keys: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for image_key in store.image_keys(plan.dataset):
        key = plan.format.match_key(image_key)
        if keys.setdefault(key, image_key) != image_key:
            problems.add(Problem("images that share a key", f"{keys[key]} and {image_key}", f"{key} goes to the first"))
        names.setdefault(key.rpartition("/")[2], []).append(image_key)
    if isinstance(plan.format, LabelFile):
        keys = {name: of_name[0] for name, of_name in names.items() if len(of_name) == 1} | keys
    return keys


def _batches(bundles: Iterator[ImageBundle]) -> Iterator[list[ImageBundle]]:
    while batch := list(itertools.islice(bundles, BATCH)):
        yield batch


class Problems:
    """Counts problems by kind, in the order in which the kinds first came up."""

    def __init__(self) -> None:
        self._kinds: dict[str, ProblemCount] = {}

    def add(self, problem: Problem) -> None:
        row = self._kinds.setdefault(problem.kind, ProblemCount(problem.kind))
        row.count += 1
        if len(row.examples) < EXAMPLES:
            example = f"{problem.where}: {problem.detail}" if problem.detail else problem.where
            row.examples.append(example.encode(errors="backslashreplace").decode())  # some texts are no Unicode

    @property
    def counted(self) -> tuple[ProblemCount, ...]:
        return tuple(self._kinds.values())


def summary_rows(summary: ImportSummary) -> list[dict[str, Any]]:
    """Flat rows of what was read and added, and each kind of problem with its examples."""
    rows: list[dict[str, Any]] = [
        {"what": what, "read": read, "new": summary.added.get(what), "for example": ""}
        for what, read in summary.read.items()
    ]
    rows += [
        {"what": p.kind, "read": p.count, "new": None, "for example": "; ".join(p.examples)} for p in summary.problems
    ]
    return rows
