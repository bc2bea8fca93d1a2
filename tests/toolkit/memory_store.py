"""A workspace in memory, as far as evaluation reads one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vsa_toolkit.errors import UserError
from vsa_toolkit.records import CheckpointInfo, RunInfo, Split

from .protocols.conftest import make_split


class MemoryStore:
    """The part of the store protocol that evaluation uses, with splits and arrays in memory."""

    def __init__(self) -> None:
        self.splits: dict[str, Split] = {"val": make_split("val", 20, 1), "test": make_split("test", 20, 2)}
        self.runs: dict[int, RunInfo] = {}
        self.arrays: dict[tuple[int, str], np.ndarray] = {}
        self.checkpoints: dict[int, CheckpointInfo] = {}
        self.saved: list[tuple[int | None, str, str, dict[str, Any]]] = []
        self.releases: dict[str, str] = {}

    def cited_releases(self, dataset: str) -> dict[str, str]:
        return self.releases

    def add_checkpoint(self, seed: int, **options: Any) -> int:
        number = len(self.checkpoints) + 1
        self.checkpoints[number] = CheckpointInfo(
            number,
            "brnn",
            "made-up",
            "boxes",
            "eyes",
            "finished",
            options,
            {"seed": seed, "digest": "abc"},
            Path("/nowhere"),
        )
        return number

    def add_run(self, checkpoint: int, split: str = "test", state: str = "finished", **arrays: np.ndarray) -> int:
        number = len(self.runs) + 1
        provenance = {"fingerprint": self.splits[split].fingerprint, "arrays": dict.fromkeys(arrays)}
        self.runs[number] = RunInfo(
            number, "brnn", "made-up", split, "boxes", state, checkpoint, {}, provenance, Path("/nowhere")
        )
        self.arrays |= {(number, name): array for name, array in arrays.items()}
        return number

    def add_model(self, seed: int, **options: Any) -> int:
        """A checkpoint with runs over val and test; the number of the latter."""
        checkpoint = self.add_checkpoint(seed, **options)
        for split in ("val", "test"):
            rng = np.random.default_rng([seed, len(split)])
            run = self.add_run(
                checkpoint,
                split,
                scores=rng.normal(size=(20, 20)) + 2 * np.eye(20),
                word_scores=rng.normal(size=(120, 4)),
            )
        return run

    def dataset_name(self, name: str | None) -> str:
        return name or "made-up"

    def read_split(self, dataset: str, split: str, region_set: str) -> Split:
        if split not in self.splits:
            raise UserError(f"there is no split {split!r}.")
        return self.splits[split]

    def read_checkpoint(self, number: int) -> CheckpointInfo:
        return self.checkpoints[number]

    def read_run(self, number: int) -> RunInfo:
        return self.runs[number]

    def finished_runs(self, dataset: str, split: str) -> list[RunInfo]:
        return [r for r in self.runs.values() if r.split == split and r.state == "finished" and r.dataset == dataset]

    def read_run_array(self, number: int, name: str) -> np.ndarray:
        if (number, name) not in self.arrays:
            raise UserError(f"run {number} has no {name}.")
        return self.arrays[number, name]

    def save_evaluation(self, run: int | None, protocol: str, signature: str, values: dict[str, Any]) -> int:
        self.saved.append((run, protocol, signature, values))
        return len(self.saved)
