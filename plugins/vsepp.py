"""VSE++: visual-semantic embeddings with hard negatives (Faghri, Fleet, Kiros and Fidler, BMVC 2018).

    v = W_f φ(i)        the whole photo's features, mapped linearly
    u = h_T             the last state of a GRU over the sentence's words
    s = cos(v, u)
    ℓ_MH = max_c' [α + s(i, c') − s(i, c)]₊ + max_i' [α + s(i', c) − s(i, c)]₊      (eq. 6)

where c' and i' run over the batch: only the hardest wrong sentence and the hardest wrong photo count, after some epochs
of a loss over all wrong pairs (`hard_negatives`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, cast

from pydantic import Field
from torch import Tensor

from vsa_toolkit.backend import Backend, Requires
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from .hard_negatives import HardNegativeOptions, hard_negative_loss
from .image_vectors import ImageMap
from .joint_embedding import JointEmbedding, JointNetwork
from .recurrent_sentences import LastState, RecurrentOptions


class VseppOptions(RecurrentOptions, HardNegativeOptions):
    """`preset=paper`: batches of 128 pairs and Adam without dropout as in the released code; its 30 epochs over all
    pairs counted as epochs over images, its one drop of the rate spread over a cosine."""

    PAPER: ClassVar[dict[str, Any]] = {
        "dimension": 1024,
        "word_dimension": 300,
        "images": 128,
        "sentences": 1,
        "epochs": 150,
        "hardest_after": 5,
        "first_loss": "hinge",
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
    bottleneck: int = Field(0, ge=0, description="hidden units of a second, non-linear path for images; 0: linear")
    rate: float = Field(1e-3, gt=0, description="the learning rate")
    epochs: int = Field(15, ge=1, description="passes over the training images")
    dropout: float = Field(0.3, ge=0, lt=1, description="of image features, hidden units and sentence vectors")
    word_dropout: float = Field(0.2, ge=0, lt=1, description="of the elements of word vectors")


class Vsepp(JointEmbedding):
    """A recurrent network's last state against the photo as a whole, ranked against the hardest wrong pair."""

    name = "vsepp"
    paper = "Faghri et al., VSE++: Improving Visual-Semantic Embeddings with Hard Negatives, BMVC 2018"
    requires = Requires("frame")
    Options: ClassVar[type[BaseOptions]] = VseppOptions

    @property
    def choices(self) -> VseppOptions:
        return cast(VseppOptions, self.options)

    def build(self, size: int, vocabulary: Vocabulary) -> JointNetwork:
        choices = self.choices
        images = ImageMap(size, choices.dimension, choices.bottleneck, choices.dropout)
        return JointNetwork(images, LastState(vocabulary, choices))

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return hard_negative_loss(scores, batch, self.choices)


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Vsepp)
