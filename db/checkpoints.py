"""Checkpoints: fitted backends, each with a folder of files that the runner fills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import UserError
from vsa_toolkit.records import CheckpointInfo

from .base import now
from .datasets import dataset_row
from .engine import take_turns
from .models import Checkpoint, Dataset, RegionSet, Run
from .region_sets import region_set_row


def checkpoint_folder(workspace: Path, checkpoint_id: int) -> Path:
    return workspace / "checkpoints" / str(checkpoint_id)


def create_checkpoint(
    session: Session, workspace: Path, backend: str, dataset: str, region_set: str, encoder: str,
    options: dict[str, Any], provenance: dict[str, Any],
) -> CheckpointInfo:  # fmt: skip
    """A new checkpoint, or the unfinished one of the same making to be resumed, with the provenance it began with."""
    row = dataset_row(session, dataset)
    take_turns(session, "checkpoints", row.id)
    regions = region_set_row(session, row, region_set)
    unfinished = session.scalars(
        select(Checkpoint)
        .where(
            Checkpoint.backend == backend, Checkpoint.dataset_id == row.id, Checkpoint.region_set_id == regions.id,
            Checkpoint.encoder == encoder, Checkpoint.state != "finished",
        )
        .order_by(Checkpoint.id.desc())
    )  # fmt: skip
    for found in unfinished:
        if found.options == options and _making(found.provenance) == _making(provenance):
            found.state, found.reason = "running", None
            break
    else:
        found = Checkpoint(
            backend=backend, dataset_id=row.id, region_set_id=regions.id, encoder=encoder, options=options,
            provenance=provenance, state="running",
        )  # fmt: skip
        session.add(found)
    session.flush()
    info = checkpoint_info(found, row, regions, workspace)
    info.folder.mkdir(parents=True, exist_ok=True)
    return info


def _making(provenance: dict[str, Any]) -> list[Any]:
    """What tells trainings with the same options apart: seed, type, and what each part of the data is."""
    parts = [provenance.get(part) or {} for part in ("train", "val")]
    return [provenance.get("seed"), provenance.get("dtype"), *((p.get("split"), p.get("run")) for p in parts)]


def finish_checkpoint(session: Session, checkpoint_id: int, digest: str, provenance: dict[str, Any]) -> None:
    row = _row(session, checkpoint_id)
    row.state, row.reason, row.digest, row.finished_at = "finished", None, digest, now()
    row.provenance = {**row.provenance, **provenance}


def fail_checkpoint(session: Session, checkpoint_id: int, reason: str) -> None:
    row = _row(session, checkpoint_id)
    if row.state != "finished":
        row.state, row.reason = "failed", reason


def read_checkpoint(session: Session, workspace: Path, checkpoint_id: int) -> CheckpointInfo:
    row = _row(session, checkpoint_id)
    dataset, regions = session.get_one(Dataset, row.dataset_id), session.get_one(RegionSet, row.region_set_id)
    return checkpoint_info(row, dataset, regions, workspace)


def newest_checkpoint(
    session: Session, workspace: Path, backend: str, dataset: str, region_set: str | None
) -> CheckpointInfo:
    """The newest finished one that fits."""
    row = dataset_row(session, dataset)
    chosen = select(Checkpoint.id).where(
        Checkpoint.backend == backend, Checkpoint.dataset_id == row.id, Checkpoint.state == "finished"
    )
    if region_set is not None:
        chosen = chosen.where(Checkpoint.region_set_id == region_set_row(session, row, region_set).id)
    newest = session.scalars(chosen.order_by(Checkpoint.id.desc())).first()
    if newest is None:
        on = f" on regions {region_set!r}" if region_set else ""
        raise UserError(
            f"there is no finished {backend} checkpoint for dataset {dataset!r}{on}: "
            f"run `vsa train --backend {backend}`."
        )
    return read_checkpoint(session, workspace, newest)


def list_checkpoints(session: Session, workspace: Path) -> list[CheckpointInfo]:
    """All checkpoints, oldest first."""
    rows = session.execute(
        select(Checkpoint, Dataset, RegionSet)
        .join(Dataset, Dataset.id == Checkpoint.dataset_id)
        .join(RegionSet, RegionSet.id == Checkpoint.region_set_id)
        .order_by(Checkpoint.id)
    )
    return [checkpoint_info(row, dataset, regions, workspace) for row, dataset, regions in rows]


def delete_checkpoint(session: Session, checkpoint_id: int) -> None:
    """Remove the row; the folder goes after the commit.

    Raises:
        UserError: there is none of that number, or runs were made with it.
    """
    row = _row(session, checkpoint_id)
    runs = session.scalars(select(Run.id).where(Run.checkpoint_id == checkpoint_id).order_by(Run.id)).all()
    if runs:
        numbers = ", ".join(str(run) for run in runs)
        raise UserError(
            f"checkpoint {checkpoint_id} made run{'s' if len(runs) > 1 else ''} {numbers}: "
            f"delete {'those' if len(runs) > 1 else 'that'} first with `vsa runs delete`."
        )
    session.delete(row)


def checkpoint_info(row: Checkpoint, dataset: Dataset, regions: RegionSet, workspace: Path) -> CheckpointInfo:
    """The record; its provenance also tells the times, the digest and why it failed."""
    known = {
        "created": row.created_at.isoformat(timespec="seconds"),
        "finished": row.finished_at.isoformat(timespec="seconds") if row.finished_at else None,
        "digest": row.digest,
        "reason": row.reason,
    }
    return CheckpointInfo(
        id=row.id, backend=row.backend, dataset=dataset.name, region_set=regions.name, encoder=row.encoder,
        state=row.state, options=row.options,
        provenance={**row.provenance, **{key: value for key, value in known.items() if value is not None}},
        folder=checkpoint_folder(workspace, row.id),
    )  # fmt: skip


def _row(session: Session, checkpoint_id: int) -> Checkpoint:
    row = session.get(Checkpoint, checkpoint_id)
    if row is None:
        known = session.scalars(select(Checkpoint.id).order_by(Checkpoint.id)).all()
        there = f"there are {', '.join(map(str, known))}" if known else "there is none yet"
        raise UserError(f"there is no checkpoint {checkpoint_id}: {there}.")
    return row
