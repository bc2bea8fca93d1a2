from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest
import torch
from safetensors import SafetensorError
from torch import Tensor

from vsa_toolkit import checkpoint
from vsa_toolkit.backend import Backend, Context, Examples, Layout
from vsa_toolkit.errors import DataError, VsaError
from vsa_toolkit.options import Options

LAYOUT = Layout(3, 7, ("dog", "cat"))


class Constant(Backend):
    name = "constant"

    def __init__(self, options: Options, device: torch.device | None = None, weight: Tensor | None = None) -> None:
        super().__init__(options, device)
        self.weight = torch.ones(2) if weight is None else weight

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        ctx.save(self)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"weight": self.weight}, {"words": ["añ", "b"]}

    @classmethod
    def from_state(
        cls, options: Options, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        assert values == {"words": ["añ", "b"]}
        return cls(options, device, tensors["weight"])


def test_a_backend_comes_back_as_it_was(tmp_path: Path) -> None:
    checkpoint.save_backend(Constant(Options(), weight=torch.tensor([1.5, -2.0])), LAYOUT, tmp_path)
    backend, layout = checkpoint.load_backend(Constant, {}, tmp_path, torch.device("cpu"))
    assert isinstance(backend, Constant)
    assert backend.weight.tolist() == [1.5, -2.0]
    assert layout == LAYOUT
    assert layout.dimension == 12


def test_the_digest_is_that_of_the_weights_and_values(tmp_path: Path) -> None:
    checkpoint.save_backend(Constant(Options()), LAYOUT, tmp_path)
    first = checkpoint.digest(tmp_path)
    checkpoint.save_backend(Constant(Options()), LAYOUT, tmp_path)
    assert checkpoint.digest(tmp_path) == first
    checkpoint.save_backend(Constant(Options(), weight=torch.zeros(2)), LAYOUT, tmp_path)
    assert checkpoint.digest(tmp_path) != first


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.VALUES])
def test_damaged_files_are_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    checkpoint.save_backend(Constant(Options()), LAYOUT, tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:9])
    with pytest.raises(DataError, match="cannot be read as 'constant'"):
        checkpoint.load_backend(Constant, {}, tmp_path, torch.device("cpu"))


def test_resume_gives_the_last_kept_pair_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert checkpoint.load_resume(tmp_path) is None
    checkpoint.save_resume(tmp_path, {"w": torch.tensor([1.0])}, {"epoch": 1})
    checkpoint.save_resume(tmp_path, {"w": torch.tensor([2.0])}, {"epoch": 2})
    found = checkpoint.load_resume(tmp_path)
    assert found is not None
    assert found[0]["w"].item() == 2
    assert found[1] == {"epoch": 2}
    checkpoint.clear_resume(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_between_the_two_files_keeps_the_older_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save_resume(tmp_path, {"w": torch.tensor([1.0])}, {"epoch": 1})

    def killed(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint, "_write_text", killed)
        checkpoint.save_resume(tmp_path, {"w": torch.tensor([2.0])}, {"epoch": 2})
    found = checkpoint.load_resume(tmp_path)
    assert found is not None
    assert (found[0]["w"].item(), found[1]["epoch"]) == (1, 1)


def test_the_curve_keeps_its_points_in_order(tmp_path: Path) -> None:
    assert checkpoint.read_curve(tmp_path) == []
    checkpoint.append_curve(tmp_path, {"step": 1, "loss": 2.5})
    checkpoint.append_curve(tmp_path, {"step": 2, "loss": 1.5})
    assert [point["loss"] for point in checkpoint.read_curve(tmp_path)] == [2.5, 1.5]


def test_weights_that_cannot_be_written_leave_the_old_ones_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint.save_backend(Constant(Options()), LAYOUT, tmp_path)

    def full(tensors: dict[str, Tensor], path: Path) -> None:
        raise SafetensorError("Error while serializing: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(VsaError, match=r"weights\.safetensors cannot be written .*No space left"):
        checkpoint.save_backend(Constant(Options(), weight=torch.zeros(2)), LAYOUT, tmp_path)
    backend, _ = checkpoint.load_backend(Constant, {}, tmp_path, torch.device("cpu"))
    assert isinstance(backend, Constant)
    assert backend.weight.tolist() == [1, 1]


def test_features_of_another_encoder_are_refused_naming_both() -> None:
    before = {"encoder": "net", "weights": "a" * 64, "size": 224}
    found = checkpoint.CheckpointInfo(
        7, "constant", "d", "frame", "net roi-align", "finished", {}, {"features": before}, Path("x")
    )
    checkpoint.refuse_other_features(found, dict(before))
    with pytest.raises(DataError, match=r"checkpoint 7 .* size 224 there, 448 here, weights a{12}… there, b{12}… here"):
        checkpoint.refuse_other_features(found, {**before, "weights": "b" * 64, "size": 448})
