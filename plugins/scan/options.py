"""The choices of the scan backend."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ..hard_negatives import HardNegativeOptions
from ..recurrent_sentences import Kind


class ScanOptions(HardNegativeOptions):
    """The defaults of `sharpness` and `pool_sharpness` are the authors' for each direction.

    `preset=paper`: batches of 128 pairs, hardest negatives and Adam as in the released code; its epochs over all pairs
    counted as epochs over images, its one drop of the rate spread over a cosine.
    """

    PAPER: ClassVar[dict[str, Any]] = {
        "dimension": 1024,
        "word_dimension": 300,
        "hardest_after": 0,
        "first_loss": "hinge",
        "images": 128,
        "sentences": 1,
        "epochs": 150,
        "rate": 2e-4,
        "warmup": 0,
        "decay": 0.0,
        "average": 0.0,
        "dropout": 0.0,
        "word_dropout": 0.0,
    }

    preset: Literal["modern", "paper"] = Field(
        "modern", description="what fills all that is not stated: our own choices, or those of the paper"
    )

    direction: Literal["t2i", "i2t"] = Field("t2i", description="words attend to regions, or regions to words")
    sharpness: float = Field(9.0, gt=0, le=40, description="λ1: how much attention goes to what fits best")
    pool: Literal["mean", "logsumexp"] = Field("mean", description="of the cosines with what is attended to")
    pool_sharpness: float = Field(6.0, gt=0, le=40, description="λ2, of logsumexp")
    dimension: int = Field(1024, ge=1, description="h, the length of region and word vectors")
    word_dimension: int = Field(300, ge=1, description="length of the word vectors before the recurrent network")
    recurrence: Kind = Field("gru", description="the network that runs over the words, both ways")

    rate: float = Field(1e-3, gt=0, description="the learning rate")
    epochs: int = Field(15, ge=1, description="passes over the training images")
    dropout: float = Field(0.3, ge=0, lt=1, description="of region features and of word vectors after the network")
    word_dropout: float = Field(0.2, ge=0, lt=1, description="of the elements of word vectors")

    @model_validator(mode="before")
    @classmethod
    def _by_direction(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("direction") == "i2t":
            return {"sharpness": 4.0, "pool_sharpness": 5.0, **values}
        return values
