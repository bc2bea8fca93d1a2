"""Whether a model has seen the split that it is judged on: its row says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..collected import CollectedStore
from ..errors import UserError
from ..records import CheckpointInfo, RunInfo


def remarks(store: CollectedStore, run: RunInfo) -> tuple[str, ...]:
    """What the row of a run has to own up to: the model, or the one that made its training data, learned from this
    split, or its epoch was chosen by it. Nothing where a run names no checkpoint."""
    if run.checkpoint_id is None:
        return ()
    found = []
    for checkpoint in _lineage(store, store.read_checkpoint(run.checkpoint_id)):
        own = checkpoint.id == run.checkpoint_id
        whose = "The model" if own else f"The model that made its training data (checkpoint {checkpoint.id})"
        train, val = _split_of(checkpoint, "train"), _split_of(checkpoint, "val")
        if checkpoint.dataset != run.dataset:
            continue
        if train.get("split") == run.split:
            aligned = f", as run {train['run']} aligned it" if "run" in train else ""
            found.append(f"{whose} learned from this split{aligned}: its figures here are not of unseen photos.")
        elif val.get("split") == run.split:
            found.append(f"{whose} was chosen by this split: its figures here are optimistic.")
    return tuple(found)


def trained_on(train: Mapping[str, Any] | None) -> str | None:
    """What the provenance of a training says of its data, for a signature: `train@0123456789ab run 3`."""
    if not train:
        return None
    run = f" run {train['run']}" if "run" in train else ""
    return f"{train['split']}@{train['fingerprint'][:12]}{run}"


def _lineage(store: CollectedStore, checkpoint: CheckpointInfo) -> Iterator[CheckpointInfo]:
    """The checkpoint, and those whose runs it, or what it learned from, learned from."""
    known: set[int] = set()
    while checkpoint.id not in known:
        known.add(checkpoint.id)
        yield checkpoint
        run = _split_of(checkpoint, "train").get("run")
        if run is None:
            return
        try:
            maker = store.read_run(run).checkpoint_id
        except UserError:  # it was deleted
            return
        if maker is None:
            return
        checkpoint = store.read_checkpoint(maker)


def _split_of(checkpoint: CheckpointInfo, part: str) -> dict[str, Any]:
    """`split` and `fingerprint` of the data of a training, and the `run` that aligned them where it was one."""
    stated: dict[str, Any] = checkpoint.provenance.get(part) or {}
    return stated
