"""The options of rnn."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ..language_options import NEURALTALK, LanguageOptions
from ..recurrence import Kind


class RnnOptions(LanguageOptions):
    """`preset=paper`: the plain recurrent network in the sizes of neuraltalk, trained as that is."""

    PAPER: ClassVar[dict[str, Any]] = {**NEURALTALK, "recurrence": "rnn", "hidden": 256, "word_dimension": 256}

    REGIONS: ClassVar[dict[str, Any]] = {
        **LanguageOptions.REGIONS,
        "image_dropout": 0.5,
        "word_dropout": 0.3,
        "epochs": 16,
    }

    epochs: int = Field(20, ge=1, description="passes over the training images")
    recurrence: Kind = Field("lstm", description="the plain network of the paper, GRU or LSTM")
    hidden: int = Field(512, ge=1, description="length of h_t")
    word_dimension: int = Field(512, ge=1, description="length of the word vectors x_t")
    image_dropout: float = Field(0.25, ge=0, lt=1, description="of image features")
    word_dropout: float = Field(0.5, ge=0, lt=1, description="of the elements of word vectors")
    dropout: float = Field(0.5, ge=0, lt=1, description="of h_t before the output")
