"""The rnn backend: the multimodal recurrent network of Karpathy and Li (CVPR 2015, section 3.2)."""

from __future__ import annotations

from typing import ClassVar, cast

import torch
from torch import Tensor

from vsa_toolkit.backend import State
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.vocabulary import Vocabulary

from ..language_backend import LanguageBackend
from .network import RnnNetwork, RnnState
from .options import RnnOptions


class Rnn(LanguageBackend[RnnNetwork]):
    """Words one after the other; the image is added at the first step only."""

    name = "rnn"
    paper = "Karpathy and Li, Deep Visual-Semantic Alignments for Generating Image Descriptions, CVPR 2015"
    Options: ClassVar[type[BaseOptions]] = RnnOptions

    def build(self, size: int, vocabulary: Vocabulary) -> RnnNetwork:
        return RnnNetwork(size, vocabulary, cast(RnnOptions, self.options))

    @torch.inference_mode()
    def start(self, features: Tensor) -> State:
        return self.fitted.start(features.to(self.device))

    @torch.inference_mode()
    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        return self.fitted.step(cast(RnnState, state), tokens)
