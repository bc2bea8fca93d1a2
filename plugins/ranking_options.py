"""What every backend that `train_ranking` trains lets one choose: its words, its training, and a paper's preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from .training_options import TrainingOptions


class RankingOptions(TrainingOptions):
    """Subclasses give their own defaults; one with a field `preset` states in PAPER what `preset=paper` fills.

    No paper calibrates, our defaults all do.
    """

    PAPER: ClassVar[dict[str, Any]] = {}

    vectors: Path | None = Field(None, description="word vectors from a file, GloVe or word2vec text (.gz too)")
    min_count: int = Field(5, ge=1, description="words rarer than this in the training sentences are unknown words")
    dropout: float = Field(0.0, ge=0, lt=1, description="of image features and of hidden units")
    word_dropout: float = Field(0.0, ge=0, lt=1, description="of the elements of word vectors")
    calibrate: bool = Field(True, description="correct scores by what training photos and sentences score")
    calibration_sharpness: float = Field(1.5, gt=0, description="τ, how far the highest of those scores decide")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("preset") == "paper":
            return {"calibrate": False, **cls.PAPER, **values}
        return values
