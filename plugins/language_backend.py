"""A backend that gives each next word a probability, with a network that `train_language` trains: all but its model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vsa_toolkit.alignment.snippets import stop_words
from vsa_toolkit.backend import Backend, Context, Examples, Requires, State
from vsa_toolkit.errors import DataError
from vsa_toolkit.likelihood import perplexity
from vsa_toolkit.options import Options
from vsa_toolkit.precision import precision, products
from vsa_toolkit.training import Batch, train_language
from vsa_toolkit.vocabulary import Vocabulary

from .image_vectors import ImageMap
from .known_words import KnownWords, word_frequencies
from .language_options import LanguageOptions
from .sentence_words import refuse_other_words, training_vocabulary


class LanguageNetwork(nn.Module, ABC):
    """What is trained. Its image features are standardised by `images`, its next words are the rows of `output`."""

    images: ImageMap
    output: nn.Linear

    @abstractmethod
    def reset(self, generator: torch.Generator) -> None:
        """First weights, but for the bias of the output."""

    @abstractmethod
    def forward(self, features: Tensor, words: KnownWords, generator: torch.Generator | None) -> Tensor:
        """features: (sentences, d), of each sentence's image → logits (total, words + 1) of every next word, in the
        order of `words.next`; with a generator, dropout."""


Network = TypeVar("Network", bound=LanguageNetwork)


class LanguageBackend(Backend, Generic[Network]):
    """Subclasses say what the network is and how it goes from word to word."""

    def __init__(self, options: Options, device: torch.device | None = None) -> None:
        super().__init__(options, device)
        self._network: Network | None = None
        self._vocabulary = Vocabulary(())
        self.prior: Tensor | None = None

    @abstractmethod
    def build(self, size: int, vocabulary: Vocabulary) -> Network:
        """The network for image features of that length, its weights not yet set."""

    @abstractmethod
    def start(self, features: Tensor) -> State:
        """(items, d) → the state before the first word"""

    @abstractmethod
    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """The state and the last words (items,) → logits (items, words + 1), the next state"""

    @classmethod
    def required(cls, options: Options) -> Requires:
        return Requires("frame", alignments=cast(LanguageOptions, options).train_on == "regions")

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        """Train on `train`, keep the weights with the lowest perplexity on `val`.

        Raises:
            DataError: no sentences, a loss that is not finite or explodes.
        """
        options = self._language
        if options.train_on == "regions":
            train, val = (_describing(part, options.min_words) for part in (train, val))
        self.device = ctx.device
        dtype = precision(ctx.dtype, ctx.device)
        self._vocabulary = training_vocabulary(train.sentences, options.min_count)
        network = self.build(train.layout.encoder, self._vocabulary)
        network.reset(ctx.generator)  # before it moves: the same first weights on every device
        network.images.standardise(train.features[:2000], train.counts[:2000])
        with torch.no_grad():
            network.output.bias.copy_(word_frequencies(self._vocabulary, train.sentences))
        self._network = network.to(ctx.device)
        some = torch.randperm(len(train.counts), generator=ctx.generator)[: options.prior]
        self.prior = train.features[some, 0].float().to(ctx.device) if options.prior else None

        def loss(batch: Batch, generator: torch.Generator) -> Tensor:
            words = KnownWords.of(self._vocabulary, batch.sentences, self.device)
            with products(dtype, self.device):
                logits = network(batch.features[batch.image_of, 0][words.sentences].float(), words, generator)
            return cross_entropy(logits.float(), words.next)

        @torch.inference_mode()
        def measure() -> float:
            with products(dtype, self.device):
                found = perplexity(self, val.features[:, 0].to(self.device), val.sentences, val.sentence_image)
            return float(found["value"])

        train_language(self, network, loss, measure, train, ctx, options.recipe())

    @property
    def words(self) -> Sequence[str]:
        return self._vocabulary.words

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        network = self.fitted
        tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        if self.prior is not None:
            tensors["prior"] = self.prior
        return tensors, {"words": list(self._vocabulary.words), "features": len(network.images.mean)}

    @classmethod
    def from_state(
        cls, options: Options, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        backend = cls(options, device)
        backend._vocabulary = Vocabulary(tuple(values["words"]))
        network = backend.build(values["features"], backend._vocabulary).to(device)
        backend._network = network
        begin = "network."
        refuse_other_words(backend._vocabulary, tensors[f"{begin}output.bias"])
        network.load_state_dict({n.removeprefix(begin): t for n, t in tensors.items() if n.startswith(begin)})
        network.eval()
        backend.prior = tensors["prior"].to(device) if "prior" in tensors else None
        return backend

    @property
    def fitted(self) -> Network:
        if self._network is None:
            raise DataError(f"this {self.name} has not been trained yet.")
        return self._network

    @property
    def _language(self) -> LanguageOptions:
        return cast(LanguageOptions, self.options)


def _describing(pairs: Examples, min_words: int) -> Examples:
    """The pairs whose snippet describes something: enough words, and not stop words alone.

    Raises:
        DataError: there is none.
    """
    idle = stop_words()
    kept = [
        number
        for number, snippet in enumerate(pairs.sentences)
        if len(snippet) >= min_words and not all(word in idle for word in snippet)
    ]
    if not kept:
        raise DataError(f"no snippet of the alignment run has {min_words} words and more than stop words.")
    return replace(
        pairs,
        sentences=[pairs.sentences[number] for number in kept],
        sentence_image=pairs.sentence_image[torch.tensor(kept)],
    )
