"""A fitted backend as files: `weights.safetensors`, `values.json`, and the training curve. Never pickle.

While it is being trained the folder also holds `resume.json` and the `resume-N.safetensors` that it names, N the epoch:
what an interrupted `fit` needs to go on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .backend import Backend, Layout
from .errors import DataError, UserError, VsaError
from .provenance import file_digest
from .records import CheckpointInfo

WEIGHTS = "weights.safetensors"
VALUES = "values.json"
CURVE = "curve.jsonl"
RESUME_VALUES = "resume.json"


def save_backend(backend: Backend, layout: Layout, folder: Path) -> None:
    """Write the backend's state, each file whole or not at all."""
    tensors, values = backend.state()
    _write_tensors(folder / WEIGHTS, tensors)
    _write_text(folder / VALUES, json.dumps({"layout": _layout_values(layout), "backend": values}))


def epoch_folder(folder: Path, epoch: int) -> Path:
    """Where a checkpoint keeps what the backend was after an epoch (`vsa train --keep-epochs`)."""
    return folder / "epochs" / str(epoch)


def save_epoch(backend: Backend, layout: Layout, folder: Path, epoch: int) -> None:
    """The backend after an epoch, beside the best one."""
    epoch_folder(folder, epoch).mkdir(parents=True, exist_ok=True)
    save_backend(backend, layout, epoch_folder(folder, epoch))


def kept_epochs(folder: Path) -> list[int]:
    """The epochs that a checkpoint keeps, in order."""
    return sorted(int(path.parent.name) for path in folder.glob(f"epochs/*/{VALUES}"))


def load_backend(
    kind: type[Backend], options: dict[str, Any], folder: Path, device: torch.device
) -> tuple[Backend, Layout]:
    """The backend and the layout of the features that it was fitted on.

    Raises:
        DataError: the files are missing, damaged, or those of another backend.
    """
    try:
        tensors = load_file(folder / WEIGHTS, device="cpu")
        values = json.loads((folder / VALUES).read_text(encoding="utf-8"))
        saved = values["layout"]
        layout = Layout(saved["encoder"], saved["geometry"], tuple(saved["labels"]))
        backend = kind.from_state(kind.Options.model_validate(options), tensors, values["backend"], device)
    except (DataError, OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        what = str(error).removesuffix(".")
        raise DataError(f"checkpoint {folder} cannot be read as {kind.name!r}: {what}.") from error
    return backend, layout


def refuse_unfinished(found: CheckpointInfo) -> None:
    """
    Raises:
        UserError: a checkpoint is not finished; one that failed may be used where it kept weights.
    """
    if found.state != "finished" and not (found.state == "failed" and (found.folder / WEIGHTS).exists()):
        raise UserError(f"checkpoint {found.id} is {found.state}: the same vsa train command finishes it.")


def refuse_other_weights(found: CheckpointInfo) -> None:
    """
    Raises:
        DataError: the files of a checkpoint are not those that it was finished with.
    """
    finished_with = found.provenance.get("digest")  # one that failed has none
    if finished_with is not None and digest(found.folder) != finished_with:
        raise DataError(
            f"the weights in {found.folder} are not those that checkpoint {found.id} was finished with: take them"
            " from a backup, or train again."
        )


def refuse_other_features(found: CheckpointInfo, now: dict[str, Any]) -> None:
    """A checkpoint is of one encoder, weights included; older checkpoints do not say which.

    Raises:
        DataError: `now`, what the features here are made from, is not what they were in training.
    """
    before = found.provenance.get("features")
    if before and (other := sorted(name for name in before.keys() | now if before.get(name) != now.get(name))):
        raise DataError(
            f"checkpoint {found.id} was trained on features of another {found.encoder}:"
            f" {', '.join(f'{name} {_short(before.get(name))} there, {_short(now.get(name))} here' for name in other)};"
            " give the encoder that it had, or train again."
        )


def _short(value: Any) -> str:
    """A setting of an encoder; of a digest its beginning."""
    text = str(value)
    return text if len(text) <= 20 else f"{text[:12]}…"


def digest(folder: Path) -> str:
    """sha256 over the digests of weights and values."""
    import hashlib

    parts = [file_digest(folder / name) for name in (WEIGHTS, VALUES)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def save_resume(folder: Path, tensors: dict[str, Tensor], values: dict[str, Any], seconds: float = 0.0) -> None:
    """Tensors first, then the values that name them as current: a kill between the two keeps the old pair whole.

    seconds: how long was trained for it.
    """
    mark = str(values.get("epoch", 0))
    name = f"resume-{mark}.safetensors"
    _write_tensors(folder / name, tensors)
    _write_text(folder / RESUME_VALUES, json.dumps({"tensors": name, "values": values, "seconds": seconds}))
    for old in folder.glob("resume-*.safetensors"):
        if old.name != name:
            old.unlink()


def load_resume(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """What `save_resume` kept last, or None."""
    path = folder / RESUME_VALUES
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return load_file(folder / kept["tensors"], device="cpu"), kept["values"]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}): delete this checkpoint and train again.") from error


def resume_seconds(folder: Path) -> float:
    """How long was trained for what `load_resume` gives; 0 where nothing is kept, or it does not say."""
    try:
        return float(json.loads((folder / RESUME_VALUES).read_text(encoding="utf-8")).get("seconds", 0.0))
    except (OSError, ValueError):
        return 0.0


def clear_resume(folder: Path) -> None:
    for path in [*folder.glob("resume-*.safetensors"), folder / RESUME_VALUES]:
        path.unlink(missing_ok=True)


def append_curve(folder: Path, point: dict[str, Any]) -> None:
    """One line of the training curve."""
    with (folder / CURVE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(point) + "\n")


def read_curve(folder: Path) -> Sequence[dict[str, Any]]:
    """The training curve: one mapping a call of `ctx.progress` that had figures."""
    path = folder / CURVE
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _layout_values(layout: Layout) -> dict[str, Any]:
    return {"encoder": layout.encoder, "geometry": layout.geometry, "labels": list(layout.labels)}


def _write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    temporary = path.with_suffix(".part")
    try:
        save_file({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}, temporary)
    except SafetensorError as error:  # a full disk, too
        raise VsaError(f"{path} cannot be written ({error}); what was kept before it is whole.") from error
    _replace(temporary, path)


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8")
    _replace(temporary, path)


def _replace(temporary: Path, path: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)
