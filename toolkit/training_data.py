"""What a training learns from and chooses by: two splits, or the region-snippet pairs of an alignment run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import checkpoint as files
from .backend import GEOMETRY, Backend, Examples, Layout, Requires
from .encoder import Encoder
from .encoder_choice import EncoderChoice
from .errors import DataError, UserError
from .examples import label_names
from .features import feature_spec
from .loading import Loader
from .parsing import Parser, find_parser
from .records import CheckpointInfo, RunInfo, Split
from .registry import registry
from .snippet_pairs import HELD_OUT, read_pairs
from .store import Store


@dataclass(frozen=True)
class Source:
    """Where training data come from: a dataset's regions and two of its splits, or a run over one."""

    dataset: str
    region_set: str
    splits: tuple[str, str]
    run: RunInfo | None = None
    aligner: CheckpointInfo | None = None

    @classmethod
    def find(
        cls, store: Store, requires: Requires, dataset: str | None, region_set: str | None,
        splits: tuple[str | None, str | None], from_run: int | None,
    ) -> Source:  # fmt: skip
        """
        Raises:
            UserError: an unknown dataset, region set or run; a run where none is asked for, or none where one is; a
                dataset, region set or split that is not the run's.
        """
        train, val = splits
        if not requires.alignments:
            if from_run is not None:
                raise UserError(
                    "--from-run is for backends that learn from alignments (vsa train --backend rnn"
                    " -o train_on=regions --from-run N); this one learns from photos and their sentences."
                )
            dataset = store.dataset_name(dataset)
            frame = requires.features == "frame"
            return cls(
                dataset,
                "frame" if frame else store.region_set_name(dataset, region_set),
                (train or "train", val or "val"),
            )
        if from_run is None:
            raise UserError(
                "this backend learns from the region-snippet pairs of an alignment run over the training split: make"
                " one (vsa run --backend brnn --split train --produce alignments) and state it with --from-run N."
            )
        run = store.read_run(from_run)
        of_run = (
            ("dataset", dataset, run.dataset),
            ("region set", region_set, run.region_set),
            ("split", train, run.split),
        )
        for name, asked, has in of_run:
            if asked not in (None, has):
                raise UserError(f"run {run.id} is of the {name} {has!r}, not {asked!r}.")
        if val is not None:
            raise UserError(
                f"--from-run holds every {HELD_OUT}th photo of its split out to choose by: leave --val-split out."
            )
        aligner = None if run.checkpoint_id is None else store.read_checkpoint(run.checkpoint_id)
        return cls(run.dataset, run.region_set, (run.split, run.split), run, aligner)

    def encoder(self, chosen: EncoderChoice | None) -> EncoderChoice:
        """The chosen encoder; that of the alignment model where it is learnt from.

        Raises:
            UserError: another one is chosen there.
        """
        if self.run is None or self.aligner is None:
            return chosen or EncoderChoice()
        own = EncoderChoice(**self.aligner.provenance["encoder"])
        if chosen not in (None, own):
            raise UserError(f"run {self.run.id} was made with features of {str(own)!r}, not of {str(chosen)!r}.")
        return own


@dataclass(frozen=True)
class TrainingData:
    train: Examples
    val: Examples
    layout: Layout
    provenance: dict[str, Any]
    parser: Parser | None = None
    aligner: Backend | None = None


def load_training_data(source: Source, loader: Loader, requires: Requires) -> TrainingData:
    """
    Raises:
        UserError: an unknown split; a run that aligned nothing.
        DataError: no sentences to choose by, a split that changed since it was aligned.
    """
    made = _from_run(source, loader, requires) if source.run else _from_splits(source, loader, requires)
    made.provenance["features"] = feature_spec(loader.encoder, loader.mode)
    if made.parser is not None:
        made.provenance["parser"] = made.parser.identity
    return made


def _from_splits(source: Source, loader: Loader, requires: Requires) -> TrainingData:
    train, val = (loader.store.read_split(source.dataset, name, source.region_set) for name in source.splits)
    if not val.sentences:
        raise DataError(f"the {val.name} split has no sentences to choose by: name another with --val-split.")
    parser = find_parser(loader.announce) if requires.parses else None
    layout = _layout(train, loader.encoder, requires)
    return TrainingData(
        loader.examples(train, layout, parser),
        loader.examples(val, layout, parser),
        layout,
        {part: {"split": s.name, "fingerprint": s.fingerprint} for part, s in (("train", train), ("val", val))},
        parser,
    )


def _from_run(source: Source, loader: Loader, requires: Requires) -> TrainingData:
    assert source.run is not None
    pairs, held_out = read_pairs(loader.store, source.run.id)
    aligner, layout = None, _layout(pairs.split, loader.encoder, requires)
    if requires.aligner:
        if source.aligner is None:
            raise UserError(f"run {source.run.id} names no checkpoint that made it.")
        files.refuse_other_weights(source.aligner)
        kind = registry().get("backends", source.aligner.backend)
        aligner, layout = files.load_backend(
            kind, source.aligner.options, source.aligner.folder, loader.compute.torch_device()
        )
    of = {"split": pairs.split.name, "fingerprint": pairs.split.fingerprint, "run": source.run.id}
    return TrainingData(
        pairs.examples(loader.examples(pairs.split, layout)),
        held_out.examples(loader.examples(held_out.split, layout)),
        layout,
        {"train": of, "val": {**of, "photos": f"every {HELD_OUT}th, held out"}},
        aligner=aligner,
    )


def _layout(split: Split, encoder: Encoder, requires: Requires) -> Layout:
    labels = label_names(split) if requires.labels else ()
    return Layout(encoder.dimension, GEOMETRY if requires.geometry else 0, labels)
