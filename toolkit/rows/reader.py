"""What the rows of a table are made from: finished runs, their arrays and captions, the splits they ran over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..collected import CollectedStore
from ..errors import DataError, UserError
from ..metrics.cache import StatisticsCache
from ..metrics.segments import some
from ..protocols.result import Result
from ..records import Caption, RunInfo, Split
from ..signature import Value, read_signature, stating
from ..tables import Row
from .request import Protocol, Request
from .seen import remarks, trained_on

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Evaluated:
    """A run with what tells models apart: the backend's options and the seed of its training.

    told: the options, `name=value`, in which it differs from other runs of its backend in the table. remarks: that the
    model has seen the split before.
    """

    info: RunInfo
    options: dict[str, Any]
    encoder: str | None
    seed: int | None
    weights: str | None = None  # sha256 of the checkpoint
    trained_on: dict[str, Any] | None = None  # split and fingerprint
    told: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @classmethod
    def read(cls, store: CollectedStore, run: RunInfo) -> Evaluated:
        if run.checkpoint_id is None:
            return cls(run, run.options, None, run.provenance.get("seed"))
        checkpoint = store.read_checkpoint(run.checkpoint_id)
        known = checkpoint.provenance
        return cls(
            run, checkpoint.options, checkpoint.encoder, known.get("seed"), known.get("digest"), known.get("train"),
            remarks=remarks(store, run),
        )  # fmt: skip

    @property
    def model(self) -> str:
        """Equal for runs that differ by their seed only."""
        parts = [self.info.backend, self.options, self.encoder, self.info.region_set, self.trained_on]
        return json.dumps(parts, sort_keys=True, default=str)

    @property
    def epoch(self) -> int | None:
        """The epoch whose weights it ran with; None: the best ones."""
        epoch: int | None = self.info.options.get("epoch")
        return epoch

    @property
    def decoding(self) -> str:
        """How captions were chosen: "beam 7", "greedy", or nothing where the backend has no choice."""
        chosen = self.info.options
        if chosen.get("temperature"):
            return f"sampled at {chosen['temperature']:g}"
        if "beam" not in chosen:
            return ""
        beam = "greedy" if chosen["beam"] == 1 else f"beam {chosen['beam']}"
        power = chosen.get("length_normalisation")
        return f"{beam}, length power {power:g}" if power else beam

    @property
    def name(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        epoch = "" if self.epoch is None else f", epoch {self.epoch}"
        return f"{self.short_name}{seed}{epoch} (run {self.info.id})"

    @property
    def name_of_captions(self) -> str:
        return f"{self.name}: {self.decoding}" if self.decoding else self.name

    @property
    def short_name(self) -> str:
        """The backend, its preset where it has one, and what else tells it from others."""
        return " ".join(str(part) for part in (self.info.backend, self.options.get("preset"), *self.told) if part)

    def about(self) -> dict[str, Value]:
        """Which data and which model, for a signature."""
        return {
            "dataset": self.info.dataset,
            "split": self.info.split,
            "data": short(self.info.provenance.get("fingerprint")),
            "backend": self.info.backend,
            "weights": short(self.weights),
            "trained_on": trained_on(self.trained_on),
            "trained_with_seed": self.seed,
            "epoch": self.epoch,
            "regions": self.info.region_set,
            "encoder": self.encoder,
        }

    def about_captions(self) -> dict[str, Value]:
        """And how what it says was chosen."""
        return {**self.about(), "decoding": self.decoding or None}


def tell_apart(runs: Sequence[Evaluated]) -> list[Evaluated]:
    """The same runs, each told by the options that are not the same in all runs of its backend and preset."""
    alike: dict[str, list[Evaluated]] = {}
    for run in runs:
        alike.setdefault(run.short_name, []).append(run)
    return [replace(run, told=tuple(_told(run, alike[run.short_name]))) for run in runs]


def _told(run: Evaluated, others: Sequence[Evaluated]) -> Iterator[str]:
    if run.info.checkpoint_id is not None:
        for option, value in run.options.items():
            if any(option not in other.options or other.options[option] != value for other in others):
                yield f"{option}={str(value).lower() if isinstance(value, bool) else value}"


class Reader:
    """Splits and images are read once for all rows that share them.

    `notes` come under the table, `title` (None: the protocol's name and the split) above it. `references`: how many
    references the rows have, where it is the same for all: published rows with another number are not shown.
    `comparable`: whether published rows of the protocol are about what ours are about.
    """

    def __init__(self, store: CollectedStore, request: Request, protocol: Protocol, announce: Announce) -> None:
        self.store = store
        self.request = request
        self.protocol = protocol
        self.announce = announce
        self._splits: dict[tuple[str, str, str], Split] = {}
        self._said: dict[int, list[Caption]] = {}
        self.notes: list[str] = []
        self.title: str | None = None
        self.references: float | None = None
        self.comparable = True

    @cached_property
    def statistics_cache(self) -> StatisticsCache:
        """What was counted of texts, kept in the workspace."""
        return StatisticsCache(self.store.folder / "statistics")

    def split(self, dataset: str, name: str, region_set: str) -> Split:
        key = (dataset, name, region_set)
        if key not in self._splits:
            self._splits[key] = self.store.read_split(*key)
        return self._splits[key]

    def runs_of_the_same_weights(self, run: RunInfo, split: str, array: str) -> list[RunInfo]:
        """The finished runs over a split of the run's checkpoint at its epoch that left this array, oldest first."""
        return [
            other
            for other in self.store.finished_runs(run.dataset, split)
            if (other.checkpoint_id, other.options.get("epoch")) == (run.checkpoint_id, run.options.get("epoch"))
            and array in other.provenance.get("arrays", ())
        ]

    def split_of(self, run: RunInfo) -> Split:
        """The split of a run, as it was when it ran.

        Raises:
            DataError: it has changed since.
        """
        split = self.split(run.dataset, run.split, run.region_set)
        known = run.provenance.get("fingerprint")
        if known is not None and known != split.fingerprint:
            raise DataError(
                f"run {run.id}: split {run.split!r} of {run.dataset} with regions {run.region_set!r} has changed since "
                "it ran; run it again."
            )
        return split

    def array(self, run: RunInfo, name: str) -> np.ndarray | None:
        """An array of a run; None, with a note, where the run made none and was not asked for by number."""
        if name in run.provenance.get("arrays", (name,)):
            return self.store.read_run_array(run.id, name)
        if run.id in self.request.runs:
            raise UserError(f"run {run.id} has no {name}: {self.command_for(run)} makes them.")
        self.note(f"Run {run.id} is left out, for it has no {name}: {self.command_for(run)} makes them.")
        return None

    def captions(self, run: RunInfo, regions: bool) -> list[Caption]:
        """What a run said of images, or of regions.

        Raises:
            UserError: nothing.
            DataError: several captions of one image or region.
        """
        if run.id not in self._said:  # what cannot serve is looked for before the rows are made
            self._said[run.id] = self.store.read_captions(run.id)
        found = [c for c in self._said[run.id] if (c.region_id is not None) == regions]
        places = Counter((c.image_id, c.region_id) for c in found)
        if twice := [place for place, count in places.items() if count > 1]:
            what, first = ("regions", f"region {twice[0][1]}") if regions else ("images", f"image {twice[0][0]}")
            raise DataError(
                f"run {run.id}: {len(twice)} of {len(places)} {what} have several captions, {first} is the first: one "
                "hypothesis each is scored."
            )
        if not found:
            of = "regions" if regions else "images"
            raise UserError(f"run {run.id} has no captions of {of}: {self.command_for(run)} makes some.")
        return found

    def command_for(self, run: RunInfo) -> str:
        """What makes a run over the same split that this table can show."""
        return f"`{self.protocol.made_by(self.request)} --split {run.split}`"

    def keep(self, run: Evaluated, name: str, result: Result) -> Row:
        """The row of a run with its remarks; it is saved as one of the run's evaluations."""
        signature = self.cite(result.signature, [run])
        self.store.save_evaluation(
            run.info.id, self.request.protocol, signature, {"name": name, **result.values_as_json()}
        )  # fmt: skip
        return Row(
            name, result.values, "run", run.info.id, run.info.backend, signature, (*result.notes, *run.remarks),
            sampled=result.sampled,
        )  # fmt: skip

    def cite(self, signature: str, runs: Sequence[Evaluated]) -> str:
        """The signature of a row, with the release that has its data, if one has it: what a campaign collected, or the
        photos, sentences and groundings of the runs' split, whichever regions were proposed on them."""
        said = read_signature(signature)
        dataset, split, data = (said.get(name) for name in ("dataset", "split", "data"))
        cited = self.store.cited_releases(dataset) if dataset and split and data else {}
        if not cited:
            return signature
        assert dataset is not None
        assert split is not None
        assert data is not None
        release = next((release for fingerprint, release in cited.items() if fingerprint.startswith(data)), None)
        if release is None and data in {short(run.info.provenance.get("fingerprint")) for run in runs}:
            release = cited.get(self.split(dataset, split, "frame").fingerprint)
        return stating(signature, release=release)

    def may_stand_beside(self, row: Row) -> bool:
        """Whether a published row is about the same, with as many references."""
        theirs = row.values.get("nrefs")
        return self.comparable and (theirs is None or self.references in (None, theirs.value))

    def note(self, text: str) -> None:
        """A sentence under the table that is said at once as well: something is missing. The same one only once."""
        if text not in self.notes:
            self.notes.append(text)
            self.announce(text)

    def explain(self, text: str) -> None:
        """A sentence under the table, about what is in it; the same one only once."""
        if text not in self.notes:
            self.notes.append(text)


@contextmanager
def naming(run: RunInfo) -> Iterator[None]:
    """Data errors inside say which run they are about."""
    try:
        yield
    except DataError as error:
        raise DataError(f"run {run.id}: {error}") from error


def sentence_images(split: Split) -> np.ndarray:
    """The row of each sentence's image. (sentences,) int64

    Raises:
        DataError: images without a sentence, which and how many: nothing says what they should find.
    """
    described = {sentence.image_id for sentence in split.sentences}
    if mute := [image.key for image in split.images if image.id not in described]:
        raise DataError(
            f"{some(mute, len(split.images), f'images of split {split.name!r} of {split.dataset}')} no sentence, so "
            "that its rank is not defined: import sentences for it, or the other photos as a data set of their own, "
            "and make the run again."
        )
    row = {image.id: place for place, image in enumerate(split.images)}
    return np.array([row[sentence.image_id] for sentence in split.sentences], dtype=np.int64)


def same_weights(run: RunInfo) -> str:
    """The options of `vsa run` that name the weights of a run."""
    epoch = run.options.get("epoch")
    return f"--checkpoint {run.checkpoint_id}" + ("" if epoch is None else f" --epoch {epoch}")


def short(digest: str | None) -> str | None:
    """As much of a digest as a signature shows."""
    return digest[:12] if digest else None
