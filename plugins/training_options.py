"""What every backend lets one choose of its training: the fields of `vsa_toolkit.training.Recipe`, with help."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vsa_toolkit.options import Options
from vsa_toolkit.training import Recipe


class TrainingOptions(Options):
    """Subclasses give their own defaults."""

    images: int = Field(128, ge=2, description="distinct images in a batch")
    sentences: int = Field(5, ge=1, description="sentences of each of them, at most")
    epochs: int = Field(20, ge=1, description="passes over the training images")
    minutes: float | None = Field(None, gt=0, description="stop after the epoch that passes this training time")
    patience: int | None = Field(None, ge=1, description="stop after this many epochs without a better recall")
    optimiser: Literal["adamw", "sgd"] = Field("adamw", description="what turns gradients into steps")
    rate: float = Field(1e-3, gt=0, description="the learning rate")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
    decay: float = Field(0.0, ge=0, description="of the weights")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="of the rate after the warm-up: down along a half cosine, or constant"
    )
    warmup: int = Field(30, ge=0, description="steps in which the rate rises")
    clip_value: float | None = Field(None, gt=0, description="bound of each element of the gradient")
    clip_norm: float | None = Field(2.0, gt=0, description="bound of the norm of the whole gradient")
    average: float = Field(0.98, ge=0, lt=1, description="decay of the moving average of the weights; 0: none")

    def recipe(self) -> Recipe:
        return Recipe(**{name: getattr(self, name) for name in Recipe.__dataclass_fields__})
