"""What every language model lets one choose: its words, its training, and what it learns from."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from .training_options import TrainingOptions

NEURALTALK: dict[str, Any] = {
    "images": 100,
    "sentences": 1,
    "epochs": 250,
    "image_dropout": 0.5,
    "word_dropout": 0.5,
    "dropout": 0.5,
    "optimiser": "rmsprop",
    "rate": 1e-3,
    "decay": 1e-8,
    "schedule": "constant",
    "warmup": 100,
    "clip_value": 5.0,
    "clip_norm": None,
    "average": 0.0,
}
"""As Karpathy's released neuraltalk trains: pairs in batches of 100, RMSprop, each element of the gradient clipped; its
50 epochs over all pairs are 250 over all images. The warm-up is ours: on standardised features RMSprop's first steps,
30 times as long as later ones, destroy the model."""


class LanguageOptions(TrainingOptions):
    """Subclasses give their own defaults, and in PAPER what `preset=paper` fills; REGIONS is what `train_on=regions`
    fills: a region has one or two snippets of a few words, so that a batch takes more of them."""

    PAPER: ClassVar[dict[str, Any]] = {}
    REGIONS: ClassVar[dict[str, Any]] = {"images": 320}

    preset: Literal["modern", "paper"] = Field(
        "modern", description="what fills all that is not stated: our own choices, or those of the paper"
    )
    train_on: Literal["frame", "regions"] = Field(
        "frame", description="photos and their sentences, or the regions and snippets of an alignment run (--from-run)"
    )
    min_words: int = Field(1, ge=1, description="shorter snippets are left out (train_on=regions)")
    min_count: int = Field(5, ge=1, description="rarer words of the training sentences are left out")
    prior: int = Field(100, ge=0, description="training images that p(sentence) is averaged over for ranking; 0: none")

    images: int = Field(64, ge=1, description="distinct images, or regions, in a batch")
    epochs: int = Field(16, ge=1, description="passes over the training images")
    patience: int | None = Field(None, ge=1, description="stop after this many epochs without a lower perplexity")
    optimiser: Literal["adamw", "sgd", "rmsprop"] = Field(  # type: ignore[assignment]
        "adamw", description="what turns gradients into steps"
    )
    rate: float = Field(2e-3, gt=0, description="the learning rate")
    warmup: int = Field(100, ge=0, description="steps in which the rate rises")
    clip_norm: float | None = Field(5.0, gt=0, description="bound of the norm of the whole gradient")
    average: float = Field(0.99, ge=0, lt=1, description="decay of the moving average of the weights; 0: none")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        paper = cls.PAPER if values.get("preset") == "paper" else {}
        regions = cls.REGIONS if values.get("train_on") == "regions" else {}
        return {**regions, **paper, **values}
