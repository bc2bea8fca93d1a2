"""The multimodal recurrent network of Mao et al. (arXiv 1410.1090): the image enters at every step, after the words.

    w_t = E_2 E_1[s_t]                              two layers of word vectors (section 3)
    r_t = f(U_r r_{t−1} + W w_t)                    f = ReLU, and no W, in the paper
    m_t = g(V_w w_t + V_r r_t + V_I z)              g(x) = 1.7159 tanh(2x / 3)
    y_t = softmax(U m_t + b)

`preset=paper` has a W that begins as the identity.

Images and sentences are ranked by log p(s|I) − log p(s), p(s) = 1/K Σ p(s|I') over K training images I' (section 5.2).
Because r_t does not see the image, the toolkit reads the sentences once for all images: see `LateFusion`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from vsa_toolkit.backend import Backend, State
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.training import dropout
from vsa_toolkit.vocabulary import Vocabulary

from .cells import Cell
from .image_vectors import ImageMap
from .known_words import KnownWords
from .language_backend import LanguageBackend, LanguageNetwork
from .language_options import NEURALTALK, LanguageOptions
from .recurrence import Kind


class MrnnOptions(LanguageOptions):
    """`preset=paper`: the sizes of the paper and its ReLU recurrence, trained as `preset=paper` of rnn."""

    PAPER: ClassVar[dict[str, Any]] = {
        **NEURALTALK,
        "recurrence": "rnn",
        "first_dimension": 128,
        "word_dimension": 256,
        "hidden": 256,
        "multimodal": 512,
    }

    recurrence: Kind = Field("gru", description="the plain network of the paper, GRU or LSTM")
    first_dimension: int = Field(256, ge=1, description="length of the first layer of word vectors")
    word_dimension: int = Field(512, ge=1, description="length of w_t, the second layer")
    hidden: int = Field(512, ge=1, description="length of r_t")
    multimodal: int = Field(512, ge=1, description="length of m_t")
    image_dropout: float = Field(0.5, ge=0, lt=1, description="of image features")
    word_dropout: float = Field(0.3, ge=0, lt=1, description="of the elements of w_t")
    dropout: float = Field(0.5, ge=0, lt=1, description="of m_t")


class MrnnNetwork(LanguageNetwork):
    def __init__(self, size: int, vocabulary: Vocabulary, options: MrnnOptions) -> None:
        super().__init__()
        self.options = options
        words, multimodal = len(vocabulary), options.multimodal
        self.first = nn.Parameter(torch.empty(words, options.first_dimension))
        self.second = nn.Linear(options.first_dimension, options.word_dimension, bias=False)
        self.cell = Cell(options.recurrence, options.word_dimension, options.hidden)
        self.of_word = nn.Linear(options.word_dimension, multimodal, bias=False)
        self.of_state = nn.Linear(options.hidden, multimodal, bias=False)
        self.images = ImageMap(size, multimodal, dropped=options.image_dropout)
        self.output = nn.Linear(multimodal, words)

    def reset(self, generator: torch.Generator) -> None:
        self.cell.reset(generator)
        self.images.reset(generator)
        nn.init.normal_(self.first, std=0.1, generator=generator)
        for linear in (self.second, self.of_word, self.of_state, self.output):
            nn.init.xavier_uniform_(linear.weight, generator=generator)
        if self.options.recurrence == "rnn" and self.options.word_dimension == self.options.hidden:
            nn.init.eye_(self.cell.inputs.weight)

    def read(self, cell: tuple[Tensor, ...], tokens: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """V_w w_t + V_r r_t, (rows, m), and the recurrence after these words."""
        kinds, place = torch.unique(tokens, return_inverse=True)  # many rows have the same last word
        w = self.second(self.first[kinds])
        cell = self.cell(self.cell.inputs(w)[place], cell)
        part: Tensor = self.of_word(w)[place] + self.of_state(cell[0])
        return part, cell

    def forward(self, features: Tensor, words: KnownWords, generator: torch.Generator | None) -> Tensor:
        options = self.options
        kinds, place = torch.unique(words.last, return_inverse=True)
        w = dropout(self.second(self.first[kinds]), options.word_dropout, generator)
        states = self.cell.run(self.cell.inputs(w)[place], words.sizes)
        image = self.images(features, generator)
        images = torch.cat([image[:size] for size in words.sizes])
        m = multimodal(self.of_word(w)[place] + self.of_state(states), images)
        logits: Tensor = self.output(dropout(m, options.dropout, generator))
        return logits


def multimodal(language: Tensor, image: Tensor) -> Tensor:
    """g of the sum, broadcast."""
    return 1.7159 * torch.tanh((language + image) * (2 / 3))


class Mrnn(LanguageBackend[MrnnNetwork]):
    """Words one after the other, each from what the words before say and from what the image shows."""

    name = "mrnn"
    paper = "Mao et al., Explain Images with Multimodal Recurrent Neural Networks, 2014"
    Options: ClassVar[type[BaseOptions]] = MrnnOptions

    def build(self, size: int, vocabulary: Vocabulary) -> MrnnNetwork:
        return MrnnNetwork(size, vocabulary, cast(MrnnOptions, self.options))

    def start(self, features: Tensor) -> State:
        return (self.image_part(features), *self.fitted.cell.start(len(features)))

    @torch.inference_mode()
    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        image, *cell = cast(tuple[Tensor, ...], state)
        language, after = self.fitted.read(tuple(cell), tokens)
        return self.fitted.output(multimodal(language, image)), (image, *after)

    # What ranking all images against all sentences takes apart ----------------------------------------------

    def language_start(self, rows: int) -> State:
        return self.fitted.cell.start(rows)

    @torch.inference_mode()
    def language_step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        return self.fitted.read(cast(tuple[Tensor, ...], state), tokens)

    @torch.inference_mode()
    def image_part(self, features: Tensor) -> Tensor:
        found: Tensor = self.fitted.images(features.to(self.device))
        return found

    def fuse(self, language: Tensor, image: Tensor) -> Tensor:
        return multimodal(language, image)

    @property
    def output(self) -> tuple[Tensor, Tensor]:
        return self.fitted.output.weight.detach(), self.fitted.output.bias.detach()


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Mrnn)
