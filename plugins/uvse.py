"""Unifying visual-semantic embeddings (Kiros, Salakhutdinov and Zemel, arXiv 1411.2539), its ranking part.

    x = W_I z                       the whole photo's features, mapped linearly (section 2.2)
    u = h_T                         the last state of an LSTM over the sentence's words (section 2.1)
    s(x, u) = x · u                 both of unit norm
    min Σ_x Σ_k max(0, α − s(x, u) + s(x, u_k)) + Σ_u Σ_k max(0, α − s(u, x) + s(u, x_k))     (eq. 10)

where k runs over the wrong sentences and the wrong images of the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, cast

from pydantic import Field
from torch import Tensor

from vsa_toolkit.alignment.losses import hinge
from vsa_toolkit.backend import Backend, Requires
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from .image_vectors import ImageMap
from .joint_embedding import JointEmbedding, JointNetwork
from .recurrent_sentences import Kind, LastState, RecurrentOptions


class UvseOptions(RecurrentOptions):
    """`preset=paper`: the paper's LSTM with the training of the code that the first author released later (batches of
    128 pairs, Adam, no dropout; its 15 epochs over all pairs counted as epochs over images). That code has a GRU and
    image features of unit norm; here they are standardised."""

    PAPER: ClassVar[dict[str, Any]] = {
        "dimension": 1024,
        "word_dimension": 300,
        "images": 128,
        "sentences": 1,
        "epochs": 75,
        "rate": 2e-4,
        "schedule": "constant",
        "warmup": 0,
        "decay": 0.0,
        "average": 0.0,
        "dropout": 0.0,
        "word_dropout": 0.0,
    }

    preset: Literal["modern", "paper"] = Field(
        "modern", description="what fills all that is not stated: our own choices, or those of the paper"
    )
    recurrence: Kind = Field("lstm", description="the network that runs over the words, both ways")
    margin: float = Field(0.2, gt=0, description="α")
    rate: float = Field(1e-3, gt=0, description="the learning rate")
    epochs: int = Field(12, ge=1, description="passes over the training images")
    dropout: float = Field(0.3, ge=0, lt=1, description="of image features and of sentence vectors")
    word_dropout: float = Field(0.2, ge=0, lt=1, description="of the elements of word vectors")


class Uvse(JointEmbedding):
    """A recurrent network's last state against the photo as a whole, ranked pair by pair."""

    name = "uvse"
    paper = "Kiros et al., Unifying Visual-Semantic Embeddings with Multimodal Neural Language Models, 2014"
    requires = Requires("frame")
    Options: ClassVar[type[BaseOptions]] = UvseOptions

    def build(self, size: int, vocabulary: Vocabulary) -> JointNetwork:
        options = cast(UvseOptions, self.options)
        return JointNetwork(ImageMap(size, options.dimension, dropped=options.dropout), LastState(vocabulary, options))

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return hinge(scores, batch.image_of, cast(UvseOptions, self.options).margin)


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Uvse)
