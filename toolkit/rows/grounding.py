"""Rows of the grounding table from the word-region scores of runs, with the baselines of their region sets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import DataError, UserError
from ..protocols import grounding
from ..protocols.class_names import WordVectors, vocabulary_of
from ..protocols.phrases import Phrases, read_phrases
from ..records import RunInfo
from ..tables import Column, Row
from .reader import Evaluated, Reader, naming, same_weights, short
from .request import OF_RUNS, Protocol, Request

# The categories of Flickr30k Entities, the field's order.
CATEGORIES = ("people", "clothing", "bodyparts", "animals", "vehicles", "instruments", "scene", "other")


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """Each model alone and with priors, before and after MRF smoothing; once for each region set its baselines."""
    return _GroundingRows(reader).rows(runs)


class _GroundingRows:
    """Phrases and word vectors are read once for all runs that share them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._request = reader.request
        self._phrases: dict[tuple[str, str, str], Phrases] = {}
        self._vectors: dict[str, WordVectors] = {}

    def rows(self, runs: Sequence[Evaluated]) -> list[Row]:
        rows: list[Row] = []
        runs = [run for run in runs if not self._has_no_choice(run.info)]
        region_sets = dict.fromkeys(run.info.region_set for run in runs)
        compared: set[str] = set()
        for run in runs:
            word_scores = self._reader.array(run.info, "word_scores")
            if word_scores is None:
                continue
            test, val = self.phrases(run.info), self._val_phrases(run.info)
            settings = self._settings(run, test, val)
            if run.info.region_set not in compared:
                compared.add(run.info.region_set)
                where = f" ({run.info.region_set})" if len(region_sets) > 1 else ""
                rows += self._baseline_rows(run, test, val, settings, where)
            with naming(run.info):
                aligned_val = self._val_alignment(run, val)
                made = grounding.evaluate(grounding.Aligned(test, word_scores), aligned_val, settings)
            rows += [self._reader.keep(run, f"{run.name}: {name}", result) for name, result in made.items()]
        return rows

    def phrases(self, run: RunInfo, name: str | None = None) -> Phrases:
        key = (run.dataset, name or run.split, run.region_set)
        if key not in self._phrases:
            split = self._reader.split(*key) if name else self._reader.split_of(run)
            self._phrases[key] = read_phrases(split, boxes=self._request.boxes)
        return self._phrases[key]

    def _has_no_choice(self, run: RunInfo) -> bool:
        """Whether the frame is all that the run could choose: then it says nothing of grounding, and is left out."""
        if not all(region.is_frame for region in self._reader.split_of(run).regions):
            return False
        self._reader.note(f"Run {run.id} is left out: the frame is its only region, so it has nothing to choose from.")
        return True

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
            self._reader.note(
                f"Split {run.split!r} is the one that weights are chosen on: rows that need a choice are left out."
            )
            return None
        try:
            return self.phrases(run, self._request.val)
        except (UserError, DataError) as error:
            self._reader.note(f"Nothing could be chosen on split {self._request.val!r}: {error}")
            return None

    def _val_alignment(self, run: Evaluated, val: Phrases | None) -> grounding.Aligned | None:
        if val is None or run.info.checkpoint_id is None:
            return None
        info = run.info
        fits = self._reader.runs_of_the_same_weights(info, self._request.val, "word_scores")
        if not fits:
            self._reader.note(
                f"Run {info.id} has no rows with priors or MRF: they are chosen on split {self._request.val!r}; "
                f"run `vsa run {same_weights(info)} --split {self._request.val}` first."
            )
            return None
        self._reader.split_of(fits[-1])
        return grounding.Aligned(val, self._reader.store.read_run_array(fits[-1].id, "word_scores"))

    def _settings(self, run: Evaluated, test: Phrases, val: Phrases | None) -> grounding.Settings:
        file, region_set = self._request.vectors, run.info.region_set
        if file and region_set not in self._vectors:
            self._vectors[region_set] = _load_vectors(file, [test, *([val] if val else [])])
        vectors = self._vectors.get(region_set)
        chosen_on = None
        if val:
            split = self._reader.split(run.info.dataset, val.split, region_set)
            chosen_on = f"{val.split}@{short(split.fingerprint)}"
        return grounding.Settings(
            reduce=self._request.reduce,
            vectors=vectors,
            vectors_name=f"{file.name}@{_digest(vectors)}" if file and vectors else None,
            chosen_on=chosen_on,
            categories=self._request.categories,
            seed=self._request.seed,
            resamples=self._request.resamples,
            about=run.about(),
        )


def _digest(vectors: WordVectors) -> str:
    """Of the vectors that are used, not of their file: it may be a part of a larger one."""
    digest = hashlib.sha256()
    for word in sorted(vectors):
        digest.update(word.encode() + np.ascontiguousarray(vectors[word], dtype=np.float32).tobytes())
    return digest.hexdigest()[:12]


def _load_vectors(file: Path, phrases: Sequence[Phrases]) -> WordVectors:
    from ..vocabulary import load_word_vectors  # loads torch

    wanted = set().union(*(vocabulary_of(p.regions.labels, p.words) for p in phrases))
    vectors = {word: vector.numpy() for word, vector in load_word_vectors(file, wanted).items()}
    if not vectors:
        raise DataError(f"{file} has a vector for none of the {len(wanted)} words of phrases and class names.")
    return vectors


def _columns(request: Request) -> Sequence[Column]:
    if request.categories:
        return (
            Column("accuracy", "all", "accuracy"),
            *(Column(f"accuracy_{name}", name, "accuracy", spare=n) for n, name in enumerate(CATEGORIES, start=1)),
        )
    return (
        Column("accuracy", "accuracy"),
        Column("r5", "R@5", spare=3),
        Column("r10", "R@10", spare=2),
        Column("pointing", "pointing", spare=1),
        Column("upper_bound", "upper bound", best=None),
    )


PROTOCOL = Protocol(
    _columns,
    "accuracy: percent of phrases whose region overlaps a box of theirs (or, with --boxes merged, the box around all "
    "of them) by half (IoU); R@5, R@10: one of whose best regions does; pointing: whose region's centre lies in one; "
    "upper bound: for which any region would be right.",
    rows,
    "word_scores",
    OF_RUNS | {"vectors", "reduce", "val", "boxes", "categories"},
)
