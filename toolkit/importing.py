"""Imports: a format's images streamed into a workspace in short batches, checked, scaled, matched and counted.

Nothing is changed silently: what was left out or mended is a Problem, what was scaled or matched is said in the
summary. A second import of the same source adds nothing; an interrupted one goes on with the same command.
"""

from __future__ import annotations

import gc
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .claim import claim
from .errors import UserError, VsaError
from .format import Format
from .imported_image import BundleReader
from .records import ImageBundle, Problem
from .store import ImportStore

BATCH = 200  # images a transaction: about a tenth of a second, so that annotators never wait
EXAMPLES = 3

Progress = Callable[..., None]


@dataclass
class ProblemCount:
    """How often one kind of problem came up, with the first few examples."""

    kind: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportSummary:
    """What an import did. `added`: new rows by kind; `read`: what the source holds; `notes`: whole sentences."""

    dataset: str
    format: str
    source: str
    added: dict[str, int]
    read: dict[str, int]
    notes: tuple[str, ...]
    problems: tuple[ProblemCount, ...]

    @property
    def nothing_new(self) -> bool:
        return not any(self.added.values())


def run_import(
    store: ImportStore,
    source_format: Format,
    path: Path,
    dataset: str | None = None,
    progress: Progress = lambda done, total, **figures: None,
) -> ImportSummary:
    """Read `path` with a format into a dataset (default: the format's name for new images, else the only one).

    Raises:
        UserError: the path is not there, or the dataset does not fit.
        DataError: the source as a whole is unusable; nothing of it is left behind if nothing was saved before.
    """
    path = _whole(path)
    if not path.exists():
        raise UserError(f"{path} does not exist: name the folder or file to import.")
    creates = source_format.creates_images
    name = (dataset or source_format.dataset_name(path)) if creates else store.dataset_name(dataset)
    root = _whole(source_format.root(path)) if creates else None
    options = source_format.options.model_dump(mode="json")
    import_id = store.begin_import(name, source_format.name, path, root, options)
    place = store.folder / "imports" / str(import_id)
    with claim(place, f"the import into dataset {name!r}"):
        summary = _run(store, source_format, path, name, root, import_id, progress)
    shutil.rmtree(place, ignore_errors=True)
    return summary


def _run(
    store: ImportStore,
    source_format: Format,
    path: Path,
    dataset: str,
    root: Path | None,
    import_id: int,
    progress: Progress,
) -> ImportSummary:
    problems = _Problems()
    reader = BundleReader(root, _image_keys(store, source_format, dataset, problems), problems.add)
    try:
        with _rare_collections():
            _read_all(store, source_format, path, import_id, reader, problems, progress)
    except VsaError:
        if not any(store.count_import(import_id).values()):
            store.discard_import(import_id)
        raise
    if source_format.creates_images:
        for keys in store.duplicate_photos(import_id):
            problems.add(Problem("photos that are the same file as another", " = ".join(keys), "both are kept"))
    added = store.count_import(import_id) | {"frame sizes": len(reader.frames)}
    tally = reader.tally
    summary = ImportSummary(
        dataset, source_format.name, str(path), added, tally.counts(), tuple(tally.notes()), problems.counted
    )
    if summary.nothing_new:
        store.discard_import(import_id)
    else:
        store.finish_import(import_id, reader.frames, asdict(summary))
    return summary


def _read_all(
    store: ImportStore,
    source_format: Format,
    path: Path,
    import_id: int,
    reader: BundleReader,
    problems: _Problems,
    progress: Progress,
) -> None:
    total = source_format.count(path)
    progress(0, total)
    done = 0
    for bundles in _batches(source_format.read(path, problems.add)):
        named = reader.image_keys_of(bundles)
        known = store.known_images(import_id, [key for key, _ in named])
        batch = [image for key, bundle in named if (image := reader.prepare(bundle, key, known.get(key)))]
        adding = [image for image in batch if image.adds]
        if adding:
            store.save_import_batch(import_id, adding)
        done += len(bundles)
        progress(done, total)


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
    return path.resolve() if ".." in path.parts else path


def _image_keys(store: ImportStore, source_format: Format, dataset: str, problems: _Problems) -> dict[str, str] | None:
    """For a format that adds to images: the image key of each key that its bundles may have."""
    if source_format.creates_images:
        return None
    keys: dict[str, str] = {}
    for image_key in store.image_keys(dataset):
        key = source_format.match_key(image_key)
        if keys.setdefault(key, image_key) != image_key:
            problems.add(Problem("images that share a key", f"{keys[key]} and {image_key}", f"{key} goes to the first"))
    return keys


def _batches(bundles: Iterator[ImageBundle]) -> Iterator[list[ImageBundle]]:
    while batch := list(itertools.islice(bundles, BATCH)):
        yield batch


class _Problems:
    """Counts problems by kind, in the order in which the kinds first came up."""

    def __init__(self) -> None:
        self._kinds: dict[str, ProblemCount] = {}

    def add(self, problem: Problem) -> None:
        row = self._kinds.setdefault(problem.kind, ProblemCount(problem.kind))
        row.count += 1
        if len(row.examples) < EXAMPLES:
            row.examples.append(f"{problem.where}: {problem.detail}" if problem.detail else problem.where)

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
