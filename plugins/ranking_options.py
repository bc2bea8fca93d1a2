"""What every backend that `train_ranking` trains lets one choose: its words, its recipe, and a paper's preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from vsa_toolkit.options import Options
from vsa_toolkit.training import Recipe


class RankingOptions(Options):
    """Subclasses give their own defaults; one with a field `preset` states in PAPER what `preset=paper` fills."""

    PAPER: ClassVar[dict[str, Any]] = {}

    vectors: Path | None = Field(None, description="word vectors from a file, GloVe or word2vec text (.gz too)")
    min_count: int = Field(5, ge=1, description="words rarer than this in the training sentences are unknown words")
    dropout: float = Field(0.0, ge=0, lt=1, description="of image features and of hidden units")
    word_dropout: float = Field(0.0, ge=0, lt=1, description="of the elements of word vectors")
    calibrate: bool = Field(False, description="correct scores by what training photos and sentences score")
    calibration_sharpness: float = Field(1.5, gt=0, description="τ, how far the highest of those scores decide")

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

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("preset") == "paper":
            return {**cls.PAPER, **values}
        return values

    def recipe(self) -> Recipe:
        return Recipe(**{name: getattr(self, name) for name in Recipe.__dataclass_fields__})
