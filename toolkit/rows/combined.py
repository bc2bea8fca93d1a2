"""The row of several runs whose scores are added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..combining import Mix, choose_mix
from ..errors import UserError
from ..protocols import retrieval
from ..records import RunInfo, Split
from ..signature import Value
from ..tables import Row
from .reader import Evaluated, Reader, naming, same_weights, sentence_images, short, tell_apart


def combined_row(reader: Reader, numbers: Sequence[int], dataset: str, split: str) -> Row:
    """Runs over one split, each standardised, their weights chosen on runs of the same checkpoints over `val`.

    Raises:
        UserError: fewer than two runs, one that is unfinished or over another split, no runs to choose by.
        DataError: a split that has changed since a run, scores that are not finite.
    """
    request = reader.request
    infos = [reader.store.read_run(number) for number in dict.fromkeys(numbers)]
    runs = tell_apart([Evaluated.read(reader.store, info) for info in infos])
    if len(runs) < 2:
        raise UserError("--combine needs two runs or more, such as --combine 3,5.")
    for run in runs:
        _check(run.info, dataset, split)
    choosing = [_run_on_val(reader, run.info) for run in runs]
    val, owner = _scores(reader, choosing)
    with naming(choosing[0]):
        mix = choose_mix(val, owner)
    scores, owner = _scores(reader, [run.info for run in runs])
    about = _about(runs, mix, choosing, reader.split_of(choosing[0]))
    result = retrieval.evaluate(
        mix.apply(scores), owner, folds=request.folds, seed=request.seed, resamples=request.resamples, about=about
    )
    listed = ", ".join(str(run.info.id) for run in runs)
    name = f"{' + '.join(run.short_name for run in runs)} (runs {listed})"
    reader.store.save_evaluation(None, request.protocol, result.signature, {"name": name, **result.values_as_json()})
    weights = ", ".join(f"{weight:g}" for weight in mix.weights)
    chosen = f"Runs {listed} added up, standardised, weights {weights}: highest mean recall on {request.val}."
    return Row(
        name, result.values, "run", None, "+".join(run.info.backend for run in runs), result.signature,
        (*result.notes, chosen, *(f"Run {run.info.id}: {remark}" for run in runs for remark in run.remarks)),
        sampled=result.sampled,
    )  # fmt: skip


def _check(run: RunInfo, dataset: str, split: str) -> None:
    if run.state != "finished":
        raise UserError(f"run {run.id} is not finished but {run.state}: repeat its `vsa run`.")
    if (run.dataset, run.split) != (dataset, split):
        raise UserError(
            f"run {run.id} is over {run.dataset}/{run.split}, but this table is about {dataset}/{split}: name it with "
            "--dataset and --split."
        )
    if run.checkpoint_id is None:
        raise UserError(f"run {run.id} is of no checkpoint, so that no weight can be chosen for it.")


def _run_on_val(reader: Reader, run: RunInfo) -> RunInfo:
    """The newest finished run of the same checkpoint over the split that weights are chosen on."""
    val = reader.request.val
    if run.split == val:
        raise UserError(
            f"run {run.id} is over {val!r} itself, where its weight would be chosen: --val names another split."
        )
    fits = reader.runs_of_the_same_weights(run, val, "scores")
    if not fits:
        raise UserError(
            f"the weight of run {run.id} is chosen on split {val!r}, where its checkpoint has no finished run with "
            f"scores: vsa run {same_weights(run)} --split {val}"
        )
    return fits[-1]


def _scores(reader: Reader, runs: Sequence[RunInfo]) -> tuple[list[np.ndarray], np.ndarray]:
    """The score matrices of runs over one split, with whatever regions, and the row of each sentence's image.

    Raises:
        UserError: the runs are of different images or sentences; one has no scores.
    """
    splits = [reader.split_of(run) for run in runs]
    first = splits[0]
    for run, split in zip(runs, splits, strict=True):
        if _order(split) != _order(first):
            raise UserError(f"runs {runs[0].id} and {run.id} are over different images or sentences of one split.")
    return [reader.store.read_run_array(run.id, "scores") for run in runs], sentence_images(first)


def _order(split: Split) -> tuple[list[int], list[int]]:
    return [image.id for image in split.images], [sentence.id for sentence in split.sentences]


def _about(runs: Sequence[Evaluated], mix: Mix, choosing: Sequence[RunInfo], val: Split) -> dict[str, Value]:
    """Those fields of the runs' signatures that they share, the others with all their values; and the choice."""
    each = [run.about() for run in runs]
    joint: dict[str, Value] = {}
    for name in each[0]:
        values = list(dict.fromkeys(fields[name] for fields in each))
        joint[name] = values[0] if len(values) == 1 else ",".join("none" if v is None else str(v) for v in values)
    return {
        **joint,
        "combined": "+".join(f"{weight:g}*run{run.info.id}" for weight, run in zip(mix.weights, runs, strict=True)),
        "standardised": "mean,deviation of val",
        "weights_by": "mean of R@1,5,10 both ways",
        "chosen_on": f"{val.name}@{short(val.fingerprint)} runs {','.join(str(run.id) for run in choosing)}",
    }
