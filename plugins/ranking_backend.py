"""A backend with a vocabulary of its training's words and a network that `train_ranking` trains: all but its model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar, cast

import torch
from torch import Tensor, nn

from vsa_toolkit.backend import Backend, Context, Examples
from vsa_toolkit.errors import DataError
from vsa_toolkit.options import Options
from vsa_toolkit.precision import precision, products
from vsa_toolkit.training import Batch, mean_recall, train_ranking
from vsa_toolkit.vocabulary import Vocabulary

from .calibration import Calibration, choose_bank
from .image_vectors import ImageMap
from .ranking_options import RankingOptions
from .sentence_words import Words, encode, refuse_other_words, training_vocabulary

SENTENCES = 512
"""How many sentences are embedded at once where there are many."""


class RankingNetwork(nn.Module, ABC):
    """What is trained. Its image features are standardised by `images`."""

    images: ImageMap

    @abstractmethod
    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        """First weights, and word vectors from a file where the options name one."""


CALIBRATION = "calibration."
"""What the names of the bank's tensors begin with."""

WORD_TABLE = "table.vectors"
"""What the name of the words' vectors ends with."""

Network = TypeVar("Network", bound=RankingNetwork)


class RankingBackend(Backend, Generic[Network]):
    """Subclasses say what the network is, how a batch is scored, what the scores cost, and how a split is scored."""

    def __init__(self, options: Options, device: torch.device | None = None) -> None:
        super().__init__(options, device)
        self._network: Network | None = None
        self._vocabulary = Vocabulary(())
        self._dtype = torch.float32
        self._calibration: Calibration | None = None

    @abstractmethod
    def build(self, size: int, vocabulary: Vocabulary) -> Network:
        """The network for image features of that length, its weights not yet set."""

    @abstractmethod
    def batch_scores(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """(images, sentences) float32, with all that is dropped in training."""

    @abstractmethod
    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        """Of a batch's scores."""

    @abstractmethod
    def split_scores(self, examples: Examples) -> Tensor:
        """(images, sentences) float32"""

    @abstractmethod
    def calibrate(self, bank: Examples) -> Calibration:
        """What scores will be corrected by; they are not yet."""

    def choose_words(self, train: Examples) -> Vocabulary:
        """The words that the model knows: of training sentences only."""
        return training_vocabulary(train.sentences, self._ranking.min_count)

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        """Train on `train`, keep the weights with the best mean R@10 of both directions on `val`.

        Raises:
            DataError: no sentences, a loss that is not finite, word vectors that cannot be read.
        """
        self.device = ctx.device
        self._dtype = precision(ctx.dtype, ctx.device)
        self._vocabulary = self.choose_words(train)
        network = self.build(train.layout.encoder, self._vocabulary)
        network.reset(ctx.generator, self._vocabulary)  # before it moves: the same first weights on every device
        network.images.standardise(train.features[:2000], train.counts[:2000])
        self._network = network.to(ctx.device)

        bank = choose_bank(train, ctx.generator) if self._ranking.calibrate else None

        def loss(batch: Batch, generator: torch.Generator) -> Tensor:
            return self.loss(self.batch_scores(batch, generator), batch)

        @torch.inference_mode()
        def recall() -> float:
            self._calibration = None
            if bank is not None:
                self._calibration = self.calibrate(bank)
            return mean_recall(self.split_scores(val), val.sentence_image)

        train_ranking(self, network, loss, recall, train, ctx, self._ranking.recipe())

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        network, calibration = self.fitted, self._calibration
        tensors, values = dict(network.state_dict()), {"words": list(self._vocabulary.words)}
        if calibration is not None:
            tensors |= {f"{CALIBRATION}{name}": tensor for name, tensor in calibration.tensors.items()}
        return tensors, {
            **values,
            "features": len(network.images.mean),
            "calibration": calibration.sharpness if calibration else None,
        }

    @classmethod
    def from_state(
        cls, options: Options, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        backend = cls(options, device)
        backend.take_words(values)
        for name, tensor in tensors.items():
            if name.endswith(WORD_TABLE):
                refuse_other_words(backend._vocabulary, tensor)
        network = backend.build(values["features"], backend._vocabulary).to(device)
        backend._network = network
        network.load_state_dict({name: t for name, t in tensors.items() if not name.startswith(CALIBRATION)})
        network.eval()
        if values.get("calibration") is not None:
            bank = {
                name.removeprefix(CALIBRATION): tensor.to(device)
                for name, tensor in tensors.items()
                if name.startswith(CALIBRATION)
            }
            backend._calibration = Calibration(bank, values["calibration"])
        return backend

    def take_words(self, values: dict[str, Any]) -> None:
        """What `state` says of words."""
        self._vocabulary = Vocabulary(tuple(values["words"]))

    @property
    def fitted(self) -> Network:
        if self._network is None:
            raise DataError(f"this {self.name} has not been trained yet.")
        return self._network

    def encode(self, sentences: Sequence[Sequence[str]]) -> Words:
        return encode(self._vocabulary, sentences, self.device)

    def training_products(self) -> torch.autocast:
        """A context in which matrix products are made in the type that training uses."""
        return products(self._dtype, self.device)

    @property
    def _ranking(self) -> RankingOptions:
        return cast(RankingOptions, self.options)
