"""Train a backend and run it over a split, against the `Store` protocol; the command line, notebooks and pages call it.

features (from the store of features, computed where missing) → backend.fit → checkpoint
checkpoint + split → scores of all images against all sentences, word-region scores, snippets → run
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import checkpoint as files
from .backend import Backend, Context, Examples, Layout, Progress, Requires
from .claim import claim
from .encoder import Encoder
from .encoder_choice import EncoderChoice
from .errors import DataError, UserError
from .examples import build_examples, label_names
from .features import extract, feature_spec, gather
from .options import parse_options
from .parsing import Parser, find_parser, parse_sentences, parser_of
from .provenance import Clock, surroundings
from .records import CheckpointInfo, RunInfo, Snippet, Split
from .registry import registry
from .scorer import Scorer, make_scorer, token_counts
from .store import RunBatch, Store

PRODUCTS = ("scores", "alignments")

Announce = Callable[[str], None]


def _quiet(done: int, total: int | None, **figures: Any) -> None:
    return None


@dataclass(frozen=True)
class Compute:
    """Where and how to compute. `dtype` is that of matrix products in training; scoring is always in float32."""

    device: str = "auto"
    dtype: str = "auto"
    batch_size: int = 32
    seed: int = 0

    def torch_device(self) -> torch.device:
        if self.device == "cuda" and not torch.cuda.is_available():
            raise UserError("--device cuda: there is no usable GPU here; --device auto takes the CPU.")
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)

    def torch_dtype(self) -> torch.dtype | None:
        dtype: torch.dtype | None = None if self.dtype == "auto" else getattr(torch, self.dtype)
        return dtype


def train(
    store: Store,
    backend: str,
    pairs: Sequence[str] = (),
    *,
    file: Path | None = None,
    dataset: str | None = None,
    region_set: str | None = None,
    splits: tuple[str, str] = ("train", "val"),
    encoder: EncoderChoice | None = None,
    compute: Compute | None = None,
    progress: Progress = _quiet,
    announce: Announce = lambda line: None,
) -> CheckpointInfo:
    """Fit a backend on one split, chosen by another; an interrupted training of the same kind goes on.

    Raises:
        UserError: an unknown backend, option, dataset, region set or split.
        DataError: the data changed since the interrupted training began; a loss that is not finite.
    """
    compute, encoder = compute or Compute(), encoder or EncoderChoice()
    kind = registry().get("backends", backend)
    options = parse_options(kind.Options, pairs, file, owner=f"backend {backend}")
    dataset = store.dataset_name(dataset)
    requires = kind.required(options)
    region_set = _region_set(store, dataset, region_set, requires)
    train_split, val_split = (store.read_split(dataset, name, region_set) for name in splits)
    if not val_split.sentences:
        raise DataError(f"the {val_split.name} split has no sentences to choose by: name another with --val-split.")
    clock, device = Clock(), compute.torch_device()

    loaded = encoder.load(store.folder, device)
    parser = find_parser(announce) if requires.parses else None
    layout = _layout(train_split, loaded, requires)
    train_set = load_examples(store, train_split, loaded, encoder.mode, layout, compute, progress, announce, parser)
    val_set = load_examples(store, val_split, loaded, encoder.mode, layout, compute, progress, announce, parser)

    provenance = {
        "seed": compute.seed,
        "dtype": compute.dtype,
        "encoder": asdict(encoder),
        "features": feature_spec(loaded, encoder.mode),
        "train": {"split": train_split.name, "fingerprint": train_split.fingerprint},
        "val": {"split": val_split.name, "fingerprint": val_split.fingerprint},
    }
    if parser is not None:
        provenance["parser"] = parser.identity
    info = store.create_checkpoint(
        backend, dataset, region_set, str(encoder), options.model_dump(mode="json"), provenance
    )
    _refuse_changed_data(info, provenance)
    _refuse_other_parser(info, parser)
    with claim(info.folder, f"checkpoint {info.id}"):
        fitted = kind(options, device)
        try:
            with _same_sums_every_time():
                fitted.fit(train_set, val_set, _context(info.folder, layout, compute, progress))
        except Exception as error:
            store.fail_checkpoint(info.id, f"{type(error).__name__}: {error}")
            raise
        best, _ = files.load_backend(kind, info.options, info.folder, device)
        made = {
            **surroundings(str(device), compute.dtype, compute.seed, compute.batch_size),
            **clock.figures(),
            "spread": word_score_spread(best, val_set, compute.batch_size),
        }
        store.finish_checkpoint(info.id, files.digest(info.folder), made)
        files.clear_resume(info.folder)
    return store.read_checkpoint(info.id)


def run(
    store: Store,
    backend: str | None = None,
    *,
    checkpoint: int | None = None,
    split: str = "test",
    dataset: str | None = None,
    region_set: str | None = None,
    produce: Sequence[str] = PRODUCTS,
    beta: float = 0.0,
    compute: Compute | None = None,
    progress: Progress = _quiet,
    announce: Announce = lambda line: None,
) -> RunInfo:
    """Run a checkpoint over a split; an interrupted run of the same kind goes on.

    `beta` smooths the alignments that snippets are cut from (paper v2, section 3.1.4), as a multiple of the spread
    of the checkpoint's word-region scores on its validation split.

    Raises:
        UserError: no checkpoint fits, a checkpoint of another region set, unknown products.
    """
    if unknown := set(produce) - set(PRODUCTS):
        raise UserError(f"--produce knows {' and '.join(PRODUCTS)}, not {', '.join(sorted(unknown))}.")
    compute = compute or Compute()
    dataset = store.dataset_name(dataset)
    found = _checkpoint(store, backend, checkpoint, dataset, region_set)
    announce(f"checkpoint {found.id}: {found.backend} on {found.dataset}, {found.region_set}, {found.encoder}")
    data = store.read_split(dataset, split, found.region_set)
    device, clock = compute.torch_device(), Clock()
    fitted, layout = files.load_backend(registry().get("backends", found.backend), found.options, found.folder, device)
    encoder = EncoderChoice(**found.provenance["encoder"])
    options = {"produce": sorted(produce), "beta": beta}
    loaded = encoder.load(store.folder, device)
    _refuse_other_features(found, feature_spec(loaded, encoder.mode))
    kept = found.provenance.get("parser")
    parser = parser_of(kept, f"checkpoint {found.id}") if kept else None
    examples = load_examples(store, data, loaded, encoder.mode, layout, compute, progress, announce, parser)
    info = store.create_run(found, data, options, {"encoder": asdict(encoder), "checkpoint": found.id})
    spread = beta * float(found.provenance.get("spread") or 0.0)
    with claim(info.folder, f"run {info.id}"):
        try:
            _run_batches(store, info, fitted, data, examples, produce, spread, compute, progress)
        except DataError as error:
            store.fail_run(info.id, str(error))
            raise
    made = {**surroundings(str(device), "float32", found.provenance["seed"], compute.batch_size), **clock.figures()}
    store.finish_run(info.id, data, made)
    return store.read_run(info.id)


def load_examples(
    store: Store,
    split: Split,
    encoder: Encoder,
    mode: str,
    layout: Layout,
    compute: Compute,
    progress: Progress = _quiet,
    announce: Announce = lambda line: None,
    parser: Parser | None = None,
) -> Examples:
    """A split as a backend sees it; features that are not in the store yet are computed and kept, and so are parses
    where there is a parser."""
    new = extract(
        store.folder, encoder, split.images, split.regions, mode=mode, batch_size=compute.batch_size, progress=progress
    )
    if new:
        announce(f"{new:,} feature vectors computed for {split.name}")
    features, counts = gather(store.folder, encoder, split.images, split.regions, mode=mode, columns=layout.dimension)
    examples = build_examples(split, features, counts, layout)
    if parser is None:
        return examples
    return replace(examples, sentences=parse_sentences(examples.sentences, parser, store.folder, progress))


def word_score_spread(backend: Backend, examples: Examples, batch_size: int) -> float | None:
    """Standard deviation of the word-region scores of a split's own sentences; None for a backend without any."""
    scorer = make_scorer(backend, examples.sentences)
    if not scorer.aligns:
        return None
    values = [
        scorer.word_scores(examples, rows)[0].flatten() for rows in _batches(range(len(examples.counts)), batch_size)
    ]
    everything = np.concatenate(values)
    return float(np.nanstd(everything)) if np.isfinite(everything).any() else None


def _run_batches(
    store: Store,
    info: RunInfo,
    backend: Backend,
    split: Split,
    examples: Examples,
    produce: Sequence[str],
    beta: float,
    compute: Compute,
    progress: Progress,
) -> None:
    scorer = make_scorer(backend, examples.sentences)
    row_of = {image.id: row for row, image in enumerate(split.images)}
    pending = store.pending(info.id, list(row_of))
    done = len(row_of) - len(pending)
    progress(done, len(row_of))
    for ids in _batches(pending, compute.batch_size):
        rows = [row_of[image_id] for image_id in ids]
        scores = scorer.scores(examples, rows) if "scores" in produce else None
        words, snippets = None, ()  # type: tuple[np.ndarray | None, Sequence[Snippet]]
        if "alignments" in produce and scorer.aligns:
            words, snippets = _align(scorer, split, examples, rows, beta)
        store.save_batch(info.id, RunBatch(ids, scores, words, snippets))
        done += len(ids)
        progress(done, len(row_of))


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


def _context(folder: Path, layout: Layout, compute: Compute, progress: Progress) -> Context:
    def report(done: int, total: int | None, **figures: Any) -> None:
        if figures.pop("keep", False):
            files.append_curve(folder, {"step": done, **figures})
        progress(done, total, **figures)

    return Context(
        device=compute.torch_device(),
        dtype=compute.torch_dtype(),
        generator=torch.Generator().manual_seed(compute.seed),
        progress=report,
        save=lambda backend: files.save_backend(backend, layout, folder),
        save_progress=lambda tensors, values: files.save_resume(folder, tensors, values),
        load_progress=lambda: files.load_resume(folder),
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


def _region_set(store: Store, dataset: str, name: str | None, requires: Requires) -> str:
    if requires.features == "frame":
        return "frame"
    return store.region_set_name(dataset, name)


def _layout(split: Split, encoder: Encoder, requires: Requires) -> Layout:
    from .backend import GEOMETRY

    labels = label_names(split) if requires.labels else ()
    return Layout(encoder.dimension, GEOMETRY if requires.geometry else 0, labels)


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


def _refuse_other_features(found: CheckpointInfo, now: dict[str, Any]) -> None:
    """A checkpoint is of one encoder, weights included; older checkpoints do not say which."""
    before = found.provenance.get("features")
    if before and (other := sorted(name for name in before.keys() | now if before.get(name) != now.get(name))):
        raise DataError(
            f"checkpoint {found.id} was trained on features of another {found.encoder}: {', '.join(other)} differ;"
            " give the encoder that it had, or train again."
        )


def _checkpoint(
    store: Store, backend: str | None, checkpoint: int | None, dataset: str, region_set: str | None
) -> CheckpointInfo:
    if checkpoint is None:
        if backend is None:
            raise UserError("name a backend (--backend brnn) or a checkpoint (--checkpoint 3).")
        return store.newest_checkpoint(backend, dataset, region_set)
    found = store.read_checkpoint(checkpoint)
    if found.state != "finished" and not (found.state == "failed" and (found.folder / files.WEIGHTS).exists()):
        raise UserError(f"checkpoint {found.id} is {found.state}: the same vsa train command finishes it.")
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
