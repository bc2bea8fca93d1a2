"""Train a backend and run it over a split, against the `Store` protocol; the command line, notebooks and pages call it.

features (from the store of features, computed where missing) → backend.fit → checkpoint
checkpoint + split → scores of all images against all sentences, word-region scores, snippets → run
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import checkpoint as files
from .backend import Backend, Context, Examples, Progress, abilities
from .captioning import Describe, Describer, split_perplexity
from .claim import claim
from .compute import Compute
from .encoder_choice import EncoderChoice
from .errors import DataError, UserError
from .features import feature_spec
from .loading import Announce, Loader
from .options import parse_options
from .parsing import Parser, parser_of
from .products import PRODUCTS, choose_products, ranks
from .provenance import Clock, surroundings
from .records import CheckpointInfo, RunInfo, Snippet, Split
from .registry import registry
from .scorer import Scorer, make_scorer, token_counts
from .store import RunBatch, Store
from .training_data import Source, TrainingData, load_training_data

__all__ = ["PRODUCTS", "Compute", "Describe", "EncoderChoice", "run", "train"]

DESCRIBED_TOGETHER = 256
"""How many images are described between two times of saving."""


def _quiet(done: int, total: int | None, **figures: Any) -> None:
    return None


def train(
    store: Store,
    backend: str,
    pairs: Sequence[str] = (),
    *,
    file: Path | None = None,
    dataset: str | None = None,
    region_set: str | None = None,
    splits: tuple[str | None, str | None] = (None, None),
    from_run: int | None = None,
    keep_epochs: bool = False,
    encoder: EncoderChoice | None = None,
    compute: Compute | None = None,
    progress: Progress = _quiet,
    announce: Announce = lambda line: None,
) -> CheckpointInfo:
    """Fit a backend on one split, chosen by another; an interrupted training of the same kind goes on.

    `splits`: what to learn from, and what chooses the best epoch (None: `train` and `val`).
    `from_run`: an alignment run, for backends that learn from its region-snippet pairs; its split and its encoder are
    taken.
    `keep_epochs`: every epoch's weights are kept beside the best ones, for `run(epoch=…)`.

    Raises:
        UserError: an unknown backend, option, dataset, region set, split or run; what is not as the run had it.
        DataError: the data changed since the interrupted training began; a loss that is not finite or explodes.
    """
    compute = compute or Compute()
    kind = registry().get("backends", backend)
    options = parse_options(kind.Options, pairs, file, owner=f"backend {backend}")
    requires = kind.required(options)
    source = Source.find(store, requires, dataset, region_set, splits, from_run)
    encoder = source.encoder(encoder)
    device = compute.torch_device()
    loader = Loader(store, encoder.load(store.folder, device), encoder.mode, compute, progress, announce)
    data = load_training_data(source, loader, requires)
    provenance = {"seed": compute.seed, "dtype": compute.dtype, "encoder": asdict(encoder), **data.provenance}
    info = store.create_checkpoint(
        backend, source.dataset, source.region_set, str(encoder), options.model_dump(mode="json"), provenance
    )
    _refuse_changed_data(info, provenance)
    _refuse_other_parser(info, data.parser)
    with claim(info.folder, f"checkpoint {info.id}"):
        clock = Clock(files.resume_seconds(info.folder))
        fitted = kind(options, device)
        try:
            with _same_sums_every_time():
                fitted.fit(data.train, data.val, _context(info.folder, data, compute, clock, progress, keep_epochs))
        except Exception as error:
            store.fail_checkpoint(info.id, f"{type(error).__name__}: {error}")
            raise
        best, _ = files.load_backend(kind, info.options, info.folder, device)
        made = {
            **surroundings(str(device), compute.dtype, compute.seed, compute.batch_size),
            **clock.figures(),
            "spread": word_score_spread(best, data.val, compute.batch_size),
        }
        store.finish_checkpoint(info.id, files.digest(info.folder), made)
        files.clear_resume(info.folder)
    return store.read_checkpoint(info.id)


def run(
    store: Store,
    backend: str | None = None,
    *,
    checkpoint: int | None = None,
    epoch: int | None = None,
    split: str = "test",
    dataset: str | None = None,
    region_set: str | None = None,
    produce: Sequence[str] | None = None,
    beta: float = 0.0,
    describe: Describe | None = None,
    compute: Compute | None = None,
    progress: Progress = _quiet,
    announce: Announce = lambda line: None,
) -> RunInfo:
    """Run a checkpoint over a split; an interrupted run of the same kind goes on.

    `epoch`: the weights after that epoch of the training, not the best ones (`train(keep_epochs=True)`).
    `produce`: what of PRODUCTS; None: all that the backend makes at little cost. `beta` smooths the alignments that
    snippets are cut from (paper v2, section 3.1.4), as a multiple of the spread of the checkpoint's word-region scores
    on its validation split. `describe`: what captions are made of, and how.

    Raises:
        UserError: no checkpoint fits, a checkpoint of another region set, unknown products or ones that the backend
            does not make; beta without alignments.
    """
    compute, describe = compute or Compute(), describe or Describe()
    dataset = store.dataset_name(dataset)
    found = _checkpoint(store, backend, checkpoint, dataset, region_set if describe.on == "frames" else None)
    announce(f"checkpoint {found.id}: {found.backend} on {found.dataset}, {found.region_set}, {found.encoder}")
    device, clock = compute.torch_device(), Clock()
    folder = found.folder if epoch is None else _epoch(found, epoch)
    if epoch is None:
        files.refuse_other_weights(found)
    fitted, layout = files.load_backend(registry().get("backends", found.backend), found.options, folder, device)
    produce = choose_products(fitted, produce, describe)
    if beta and "alignments" not in produce:
        raise UserError("beta smooths alignments, and this run makes none: leave it out.")
    data = store.read_split(dataset, split, _run_regions(store, found, dataset, produce, describe, region_set))
    encoder = EncoderChoice(**found.provenance["encoder"])
    if describe.on != "frames" and encoder.mode == "frame":
        raise UserError(f"checkpoint {found.id} was trained on features of whole photos: it cannot describe regions.")
    options: dict[str, Any] = {"produce": sorted(produce), "beta": beta}
    if epoch is not None:
        options["epoch"] = epoch
    if "captions" in produce:
        options |= describe.as_options("language-model" in abilities(type(fitted)))
    if "temperature" in options:
        options["seed"] = compute.seed
    loader = Loader(store, encoder.load(store.folder, device), encoder.mode, compute, progress, announce)
    files.refuse_other_features(found, feature_spec(loader.encoder, encoder.mode))
    kept = found.provenance.get("parser")
    parser = parser_of(kept, f"checkpoint {found.id}") if kept else None
    examples = loader.examples(data, layout, parser)
    info = store.create_run(found, data, options, {"encoder": asdict(encoder), "checkpoint": found.id})
    work = _Work(store, info, fitted, data, examples, produce, describe)
    with claim(info.folder, f"run {info.id}"):
        try:
            _run_batches(work, beta * float(found.provenance.get("spread") or 0.0), compute, progress)
            measured = split_perplexity(fitted, examples) if "captions" in produce and describe.on == "frames" else None
        except DataError as error:
            store.fail_run(info.id, str(error))
            raise
    made = {**surroundings(str(device), "float32", found.provenance["seed"], compute.batch_size), **clock.figures()}
    if measured is not None:
        made["perplexity"] = measured
    store.finish_run(info.id, data, made)
    return store.read_run(info.id)


@dataclass(frozen=True)
class _Work:
    store: Store
    info: RunInfo
    backend: Backend
    split: Split
    examples: Examples
    produce: Sequence[str]
    describe: Describe


def word_score_spread(backend: Backend, examples: Examples, batch_size: int) -> float | None:
    """Standard deviation of the word-region scores of a split's own sentences; None for a backend without any."""
    if not ranks(backend):
        return None
    scorer = make_scorer(backend, examples.sentences)
    if not scorer.aligns:
        return None
    values = [
        scorer.word_scores(examples, rows)[0].flatten() for rows in _batches(range(len(examples.counts)), batch_size)
    ]
    everything = np.concatenate(values)
    return float(np.nanstd(everything)) if np.isfinite(everything).any() else None


def _run_batches(work: _Work, beta: float, compute: Compute, progress: Progress) -> None:
    examples, produce = work.examples, work.produce
    scorer = make_scorer(work.backend, examples.sentences) if {"scores", "alignments"} & set(produce) else None
    describer = Describer(work.backend, work.split, examples, work.describe, compute.seed)
    row_of = {image.id: row for row, image in enumerate(work.split.images)}
    pending = work.store.pending(work.info.id, list(row_of))
    done = len(row_of) - len(pending)
    progress(done, len(row_of))
    # Scores of an image are many, a caption is little: the beams of many images advance together.
    size = compute.batch_size if scorer else max(compute.batch_size, DESCRIBED_TOGETHER)
    for ids in _batches(pending, size):
        rows = [row_of[image_id] for image_id in ids]
        scores = scorer.scores(examples, rows) if scorer and "scores" in produce else None
        words, snippets = None, ()  # type: tuple[np.ndarray | None, Sequence[Snippet]]
        if scorer and "alignments" in produce and scorer.aligns:
            words, snippets = _align(scorer, work.split, examples, rows, beta)
        captions = describer.captions(ids, rows) if "captions" in produce else ()
        work.store.save_batch(work.info.id, RunBatch(ids, scores, words, snippets, captions))
        done += len(ids)
        progress(done, len(row_of))


def _run_regions(
    store: Store,
    checkpoint: CheckpointInfo,
    dataset: str,
    produce: Sequence[str],
    describe: Describe,
    region_set: str | None,
) -> str:
    """The region set that a run is over."""
    if describe.on == "human-regions":
        return region_set or store.human_region_set(dataset, describe.campaign)
    if describe.on == "regions":
        own = checkpoint.region_set if checkpoint.region_set != "frame" else None
        return store.region_set_name(dataset, region_set or own)
    return "frame" if list(produce) == ["captions"] else checkpoint.region_set


def _align(
    scorer: Scorer, split: Split, examples: Examples, rows: Sequence[int], beta: float
) -> tuple[np.ndarray, Sequence[Snippet]]:
    from .alignment.snippets import sentence_snippets

    words, sentence_rows = scorer.word_scores(examples, rows)
    lengths = token_counts([examples.sentences[row] for row in sentence_rows])
    snippets = sentence_snippets(words, lengths, [split.sentences[row] for row in sentence_rows], _regions(split), beta)
    return words, snippets


def _regions(split: Split) -> dict[int, list[int]]:
    """Region ids of each image, in the order of the feature rows."""
    regions: dict[int, list[int]] = {}
    for region in split.regions:
        regions.setdefault(region.image_id, []).append(region.id)
    return regions


def _context(
    folder: Path, data: TrainingData, compute: Compute, clock: Clock, progress: Progress, keep_epochs: bool
) -> Context:
    def keep(backend: Backend, epoch: int) -> None:
        if keep_epochs:
            files.save_epoch(backend, data.layout, folder, epoch)

    def report(done: int, total: int | None, **figures: Any) -> None:
        if figures.pop("keep", False):
            files.append_curve(folder, {"step": done, **figures})
        progress(done, total, **figures)

    return Context(
        device=compute.torch_device(),
        dtype=compute.torch_dtype(),
        generator=torch.Generator().manual_seed(compute.seed),
        progress=report,
        save=lambda backend: files.save_backend(backend, data.layout, folder),
        keep_epoch=keep,
        save_progress=lambda tensors, values: files.save_resume(folder, tensors, values, clock.seconds()),
        load_progress=lambda: files.load_resume(folder),
        aligner=data.aligner,
    )


@contextmanager
def _same_sums_every_time() -> Iterator[None]:
    """Several threads must not add in the order in which they come: the same seed is to give the same weights."""
    before, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


def _epoch(found: CheckpointInfo, epoch: int) -> Path:
    kept = files.kept_epochs(found.folder)
    if epoch not in kept:
        have = f"it keeps {', '.join(map(str, kept))}" if kept else "it keeps none: vsa train --keep-epochs"
        raise UserError(f"checkpoint {found.id} has no weights of epoch {epoch}; {have}.")
    return files.epoch_folder(found.folder, epoch)


def _refuse_changed_data(info: CheckpointInfo, provenance: dict[str, Any]) -> None:
    for part in ("train", "val"):
        before, now = info.provenance.get(part), provenance[part]
        if before and before != now:
            raise DataError(
                f"the {now['split']} split changed since checkpoint {info.id} began to train on it: remove that"
                f" checkpoint (vsa checkpoints delete {info.id}) and train again."
            )


def _refuse_other_parser(info: CheckpointInfo, parser: Parser | None) -> None:
    before = info.provenance.get("parser")
    if parser is not None and before != parser.identity:
        raise UserError(
            f"checkpoint {info.id} began to train on parses by {before}, here there is {parser.identity}: install that"
            f" parser, or remove that checkpoint (vsa checkpoints delete {info.id}) and train again."
        )


def _checkpoint(
    store: Store, backend: str | None, checkpoint: int | None, dataset: str, region_set: str | None
) -> CheckpointInfo:
    if checkpoint is None:
        if backend is None:
            raise UserError("name a backend (--backend brnn) or a checkpoint (--checkpoint 3).")
        return store.newest_checkpoint(backend, dataset, region_set)
    found = store.read_checkpoint(checkpoint)
    files.refuse_unfinished(found)
    if backend and found.backend != backend:
        raise UserError(f"checkpoint {found.id} is one of backend {found.backend!r}, not {backend!r}.")
    if region_set and found.region_set != region_set:
        raise UserError(
            f"checkpoint {found.id} was trained on the regions {found.region_set!r}; it cannot run on {region_set!r}."
        )
    return found


def _batches(items: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
