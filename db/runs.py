"""Runs: rows with a state, saved batch by batch, with the snippets, captions and evaluations that came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vsa_toolkit import records
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.records import CheckpointInfo, RunInfo, Split

from .base import now
from .datasets import dataset_row
from .engine import take_turns
from .models import Caption, Dataset, Evaluation, RegionSet, Run, RunImage, Snippet
from .region_sets import region_set_row
from .run_arrays import Place


def run_folder(workspace: Path, run_id: int) -> Path:
    return workspace / "runs" / str(run_id)


def create_run(
    session: Session, workspace: Path, checkpoint: CheckpointInfo, split: Split, options: dict[str, Any],
    provenance: dict[str, Any],
) -> RunInfo:  # fmt: skip
    """A new run, or the unfinished one of the same checkpoint, data and options, to be resumed."""
    dataset = dataset_row(session, split.dataset)
    take_turns(session, "runs", dataset.id)
    regions = region_set_row(session, dataset, split.region_set)
    unfinished = session.scalars(
        select(Run)
        .where(Run.checkpoint_id == checkpoint.id, Run.fingerprint == split.fingerprint, Run.split == split.name,
               Run.state != "finished")
        .order_by(Run.id.desc())
    )  # fmt: skip
    found = next((run for run in unfinished if run.options == options), None)
    if found is None:
        found = Run(
            backend=checkpoint.backend, dataset_id=dataset.id, region_set_id=regions.id, checkpoint_id=checkpoint.id,
            split=split.name, fingerprint=split.fingerprint, options=options, provenance=provenance, state="running",
        )  # fmt: skip
        session.add(found)
    else:
        found.state, found.reason = "running", None
        found.provenance = {**found.provenance, **provenance}
    session.flush()
    info = run_info(found, dataset, regions, workspace)
    info.folder.mkdir(parents=True, exist_ok=True)
    return info


def pending(session: Session, run_id: int, image_ids: Sequence[int]) -> list[int]:
    """Those of `image_ids` that the run has not saved yet, in order."""
    saved = set(session.scalars(select(RunImage.image_id).where(RunImage.run_id == run_id)))
    return [image_id for image_id in image_ids if image_id not in saved]


def save_rows(
    session: Session,
    run_id: int,
    part: int,
    image_ids: Sequence[int],
    snippets: Sequence[records.Snippet],
    captions: Sequence[records.Caption] = (),
) -> None:
    """The rows of one batch whose arrays are on disk as part number `part`."""
    run_row(session, run_id)
    try:
        session.execute(
            insert(RunImage),
            [
                {"run_id": run_id, "image_id": image_id, "part": part, "position": position}
                for position, image_id in enumerate(image_ids)
            ],
        )
    except IntegrityError as error:
        raise DataError(f"run {run_id} already has one of the images of this batch, or it was deleted.") from error
    if snippets:
        session.execute(insert(Snippet), [{"run_id": run_id, **asdict(snippet)} for snippet in snippets])
    if captions:
        session.execute(insert(Caption), [{"run_id": run_id, **asdict(caption)} for caption in captions])


def read_captions(session: Session, run_id: int) -> list[records.Caption]:
    """What a run said of images and regions, by image, the frame first."""
    run_row(session, run_id)
    rows = session.execute(
        select(Caption.image_id, Caption.text, Caption.region_id, Caption.log_probability)
        .where(Caption.run_id == run_id)
        .order_by(Caption.image_id, Caption.region_id.is_not(None), Caption.region_id, Caption.id)
    )
    return [records.Caption(*row) for row in rows]


def places(session: Session, run_id: int) -> list[Place]:
    """Where the run keeps each image that it has saved."""
    rows = session.execute(
        select(RunImage.image_id, RunImage.part, RunImage.position).where(RunImage.run_id == run_id)
    )  # fmt: skip
    return [Place(*row) for row in rows]


def finish_run(
    session: Session, run_id: int, arrays: dict[str, dict[str, Any]], provenance: dict[str, Any]
) -> None:  # fmt: skip
    row = run_row(session, run_id)
    row.state, row.reason, row.finished_at = "finished", None, now()
    row.provenance = {**row.provenance, **provenance, "arrays": arrays}


def fail_run(session: Session, run_id: int, reason: str) -> None:
    row = run_row(session, run_id)
    if row.state != "finished":
        row.state, row.reason = "failed", reason


def read_run(session: Session, workspace: Path, run_id: int) -> RunInfo:
    run_row(session, run_id)
    return _infos(session, workspace, _runs().where(Run.id == run_id))[0]


def finished_runs(session: Session, workspace: Path, dataset: str, split: str) -> list[RunInfo]:
    """All finished runs over a split, the oldest first."""
    fits = _runs().where(Run.state == "finished", Dataset.name == dataset, Run.split == split)
    return _infos(session, workspace, fits)


def newest_run(session: Session, workspace: Path, dataset: str, split: str) -> RunInfo:
    found = finished_runs(session, workspace, dataset, split)
    if not found:
        raise UserError(
            f"there is no finished run over the split {split!r} of dataset {dataset!r}: "
            f"run `vsa run --backend brnn --split {split}`."
        )
    return found[-1]


def list_runs(session: Session, workspace: Path) -> list[RunInfo]:
    """All runs, the oldest first, whatever their state."""
    return _infos(session, workspace, _runs())


def delete_run(session: Session, run_id: int) -> None:
    """Remove the row and what hangs on it; the folder goes after the commit."""
    session.delete(run_row(session, run_id))


def read_snippets(session: Session, run_id: int, image_id: int | None = None) -> list[records.Snippet]:
    """A run's snippets (those of one image), by sentence and place."""
    from .models import Sentence

    s = Snippet
    chosen = select(s.sentence_id, s.region_id, s.start, s.end, s.text, s.score).where(s.run_id == run_id)
    if image_id is not None:
        chosen = chosen.join(Sentence, Sentence.id == s.sentence_id).where(Sentence.image_id == image_id)
    return [records.Snippet(*row) for row in session.execute(chosen.order_by(s.sentence_id, s.start))]


def save_evaluation(
    session: Session, run_id: int | None, protocol: str, signature: str, values: dict[str, Any]
) -> int:  # fmt: skip
    row = Evaluation(run_id=run_id, protocol=protocol, signature=signature, values=values)
    session.add(row)
    session.flush()
    return row.id


def run_row(session: Session, run_id: int) -> Run:
    row = session.get(Run, run_id)
    if row is None:
        known = session.scalars(select(Run.id).order_by(Run.id)).all()
        there = f"there are {', '.join(map(str, known))}" if known else "there is none yet"
        raise UserError(f"there is no run {run_id}: {there}.")
    return row


def _runs() -> Select[Run, Dataset, RegionSet]:
    return (
        select(Run, Dataset, RegionSet)
        .join(Dataset, Dataset.id == Run.dataset_id)
        .join(RegionSet, RegionSet.id == Run.region_set_id)
        .order_by(Run.id)
    )


def _infos(session: Session, workspace: Path, chosen: Select[Run, Dataset, RegionSet]) -> list[RunInfo]:
    return [run_info(run, dataset, regions, workspace) for run, dataset, regions in session.execute(chosen)]


def run_info(row: Run, dataset: Dataset, regions: RegionSet, workspace: Path) -> RunInfo:
    """The record; its provenance also tells the data's fingerprint, the times, and why the run failed."""
    known = {
        "fingerprint": row.fingerprint,
        "created": row.created_at.isoformat(timespec="seconds"),
        "finished": row.finished_at.isoformat(timespec="seconds") if row.finished_at else None,
        "reason": row.reason,
    }
    return RunInfo(
        id=row.id, backend=row.backend, dataset=dataset.name, split=row.split, region_set=regions.name,
        state=row.state, checkpoint_id=row.checkpoint_id, options=row.options,
        provenance={**row.provenance, **{key: value for key, value in known.items() if value is not None}},
        folder=run_folder(workspace, row.id),
    )  # fmt: skip
