"""Rows of a table from finished runs: their arrays, the splits they ran over, what tells the models apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import DataError, UserError
from .protocols import grounding, retrieval
from .protocols.class_names import WordVectors, vocabulary_of
from .protocols.phrases import Phrases, read_phrases
from .protocols.result import Result
from .records import RunInfo, Split
from .signature import Value
from .store import Store
from .tables import Row

if TYPE_CHECKING:
    from .evaluation import Request

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Evaluated:
    """A run with what tells models apart: the backend's options and the seed of its training."""

    info: RunInfo
    options: dict[str, Any]
    encoder: str | None
    seed: int | None
    weights: str | None = None  # sha256 of the checkpoint
    trained_on: dict[str, Any] | None = None  # split and fingerprint

    @classmethod
    def read(cls, store: Store, run: RunInfo) -> Evaluated:
        if run.checkpoint_id is None:
            return cls(run, run.options, None, run.provenance.get("seed"))
        checkpoint = store.read_checkpoint(run.checkpoint_id)
        known = checkpoint.provenance
        return cls(
            run, checkpoint.options, checkpoint.encoder, known.get("seed"), known.get("digest"), known.get("train")
        )

    @property
    def model(self) -> str:
        """Equal for runs that differ by their seed only."""
        parts = [self.info.backend, self.options, self.encoder, self.info.region_set, self.trained_on]
        return json.dumps(parts, sort_keys=True, default=str)

    @property
    def name(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"{self.short_name}{seed} (run {self.info.id})"

    @property
    def short_name(self) -> str:
        """The backend and its preset, where it has one."""
        return " ".join(str(part) for part in (self.info.backend, self.options.get("preset")) if part)

    def about(self) -> dict[str, Value]:
        """Which data and which model, for a signature."""
        return {
            "dataset": self.info.dataset,
            "split": self.info.split,
            "data": _short(self.info.provenance.get("fingerprint")),
            "backend": self.info.backend,
            "weights": _short(self.weights),
            "trained_with_seed": self.seed,
            "regions": self.info.region_set,
            "encoder": self.encoder,
        }


class RunRows:
    """Splits and phrases are read once for all runs that share them."""

    def __init__(self, store: Store, request: Request, announce: Announce) -> None:
        self._store = store
        self._request = request
        self._announce = announce
        self._splits: dict[tuple[str, str, str], Split] = {}
        self._phrases: dict[tuple[str, str, str], Phrases] = {}
        self._vectors: dict[str, WordVectors] = {}
        self.notes: list[str] = []

    def split(self, run: RunInfo, name: str | None = None) -> Split:
        key = (run.dataset, name or run.split, run.region_set)
        if key not in self._splits:
            self._splits[key] = self._store.read_split(*key)
        return self._splits[key]

    def phrases(self, run: RunInfo, name: str | None = None) -> Phrases:
        key = (run.dataset, name or run.split, run.region_set)
        if key not in self._phrases:
            self._phrases[key] = read_phrases(self.split(run, name))
        return self._phrases[key]

    # Retrieval
    def retrieval_rows(self, runs: Sequence[Evaluated]) -> list[Row]:
        rows = []
        for run in runs:
            scores = self._array(run.info, "scores")
            if scores is None:
                continue
            split = self._unchanged(run.info)
            image_row = {image.id: row for row, image in enumerate(split.images)}
            owner = np.array([image_row[sentence.image_id] for sentence in split.sentences], dtype=np.int64)
            with _naming(run.info):
                result = retrieval.evaluate(
                    scores, owner, seed=self._request.seed, resamples=self._request.resamples, about=run.about()
                )
            rows.append(self._keep(run, run.name, result))
        return rows

    # Grounding
    def grounding_rows(self, runs: Sequence[Evaluated]) -> list[Row]:
        rows: list[Row] = []
        region_sets = dict.fromkeys(run.info.region_set for run in runs)
        compared: set[str] = set()
        for run in runs:
            word_scores = self._array(run.info, "word_scores")
            if word_scores is None:
                continue
            self._unchanged(run.info)
            test, val = self.phrases(run.info), self._val_phrases(run.info)
            settings = self._settings(run, test, val)
            if run.info.region_set not in compared:
                compared.add(run.info.region_set)
                where = f" ({run.info.region_set})" if len(region_sets) > 1 else ""
                rows += self._baseline_rows(run, test, val, settings, where)
            with _naming(run.info):
                aligned_val = self._val_alignment(run, val)
                made = grounding.evaluate(grounding.Aligned(test, word_scores), aligned_val, settings)
            rows += [self._keep(run, f"{run.name}: {name}", result) for name, result in made.items()]
        return rows

    def _baseline_rows(
        self, run: Evaluated, test: Phrases, val: Phrases | None, settings: grounding.Settings, where: str
    ) -> list[Row]:
        about = {key: run.about()[key] for key in ("dataset", "split", "data", "regions")}
        found = grounding.baselines(test, val, replace(settings, about=about))
        return [
            Row(name + where, result.values, "baseline", signature=result.signature) for name, result in found.items()
        ]

    def _val_phrases(self, run: RunInfo) -> Phrases | None:
        if run.split == self._request.val:
            self._note(
                f"Split {run.split!r} is the one that weights are chosen on: rows that need a choice are left out."
            )
            return None
        try:
            return self.phrases(run, self._request.val)
        except (UserError, DataError) as error:
            self._note(f"Nothing could be chosen on split {self._request.val!r}: {error}")
            return None

    def _val_alignment(self, run: Evaluated, val: Phrases | None) -> grounding.Aligned | None:
        if val is None or run.info.checkpoint_id is None:
            return None
        info = run.info
        fits = [
            other
            for other in self._store.finished_runs(info.dataset, self._request.val)
            if other.checkpoint_id == info.checkpoint_id and "word_scores" in other.provenance.get("arrays", ())
        ]
        if not fits:
            self._note(
                f"Run {info.id} has no rows with priors or MRF: they are chosen on split {self._request.val!r}; "
                f"run `vsa run --checkpoint {info.checkpoint_id} --split {self._request.val}` first."
            )
            return None
        self._unchanged(fits[-1])
        return grounding.Aligned(val, self._store.read_run_array(fits[-1].id, "word_scores"))

    def _settings(self, run: Evaluated, test: Phrases, val: Phrases | None) -> grounding.Settings:
        file, region_set = self._request.vectors, run.info.region_set
        if file and region_set not in self._vectors:
            self._vectors[region_set] = _load_vectors(file, [test, *([val] if val else [])])
        vectors = self._vectors.get(region_set)
        return grounding.Settings(
            reduce=self._request.reduce,
            vectors=vectors,
            vectors_name=f"{file.name}@{_digest(vectors)}" if file and vectors else None,
            chosen_on=f"{val.split}@{_short(self.split(run.info, val.split).fingerprint)}" if val else None,
            seed=self._request.seed,
            resamples=self._request.resamples,
            about=run.about(),
        )

    # Both
    def _array(self, run: RunInfo, name: str) -> np.ndarray | None:
        """An array of a run; None, with a note, where the run made none and was not asked for by number."""
        try:
            return self._store.read_run_array(run.id, name)
        except UserError as error:
            if run.id in self._request.runs:
                raise
            self._note(f"Run {run.id} is left out: {error}")
            return None

    def _unchanged(self, run: RunInfo) -> Split:
        """The split of a run, as it was when it ran."""
        split = self.split(run)
        known = run.provenance.get("fingerprint")
        if known is not None and known != split.fingerprint:
            raise DataError(
                f"run {run.id}: split {run.split!r} of {run.dataset} with regions {run.region_set!r} has changed since "
                "it ran; run it again."
            )
        return split

    def _keep(self, run: Evaluated, name: str, result: Result) -> Row:
        self._store.save_evaluation(
            run.info.id, self._request.protocol, result.signature, {"name": name, **result.values_as_json()}
        )
        return Row(name, result.values, "run", run.info.id, run.info.backend, result.signature)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            self._announce(text)


@contextmanager
def _naming(run: RunInfo) -> Iterator[None]:
    """Data errors inside say which run they are about."""
    try:
        yield
    except DataError as error:
        raise DataError(f"run {run.id}: {error}") from error


def _short(digest: str | None) -> str | None:
    return digest[:12] if digest else None


def _digest(vectors: WordVectors) -> str:
    """Of the vectors that are used, not of their file: it may be a part of a larger one."""
    digest = hashlib.sha256()
    for word in sorted(vectors):
        digest.update(word.encode() + np.ascontiguousarray(vectors[word], dtype=np.float32).tobytes())
    return digest.hexdigest()[:12]


def _load_vectors(file: Path, phrases: Sequence[Phrases]) -> WordVectors:
    from .vocabulary import load_word_vectors  # loads torch

    wanted = set().union(*(vocabulary_of(p.regions.labels, p.words) for p in phrases))
    vectors = {word: vector.numpy() for word, vector in load_word_vectors(file, wanted).items()}
    if not vectors:
        raise DataError(f"{file} has a vector for none of the {len(wanted)} words of phrases and class names.")
    return vectors
