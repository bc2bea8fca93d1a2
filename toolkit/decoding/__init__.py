"""Sentences from a language model: the most likely one by beam search, greedily, or sampled; many items at a time.

One decoder for every backend that has the ability `LanguageModel`. A sentence has at least one word and at most
`max_words`; its log-probability is that of the whole sentence, its end included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backend import LanguageModel
from ..errors import UserError
from .beam import beam_search
from .rollout import greedy, sample
from .sentences import Decoded, text

__all__ = ["Decoded", "Decoding", "beam_search", "decode", "greedy", "sample", "text"]

ROWS = 1792
"""Items times beams that are decoded at once, 256 images with 7 beams each: the logits of many more are too large to
stay near the processor."""


@dataclass(frozen=True)
class Decoding:
    """How sentences are chosen.

    beam: how many unfinished and finished sentences an item keeps (1: greedy). length_normalisation: the exponent of
    the number of tokens that a log-probability is divided by where sentences are compared; 0 compares the
    log-probabilities themselves, as Karpathy and Li do, which favours short ones. temperature: sample instead, from
    logits divided by it.
    """

    beam: int = 7
    length_normalisation: float = 0.0
    max_words: int = 20
    temperature: float | None = None

    def __post_init__(self) -> None:
        if self.beam < 1 or self.max_words < 1:
            raise UserError("a beam needs at least one sentence (--beam), and a sentence at least one word.")
        if self.temperature is not None and not self.temperature > 0:
            raise UserError(f"the temperature must be above 0, not {self.temperature:g}; --beam 1 is the limit at 0.")


@torch.inference_mode()
def decode(
    model: LanguageModel, features: Tensor, how: Decoding | None = None, generator: torch.Generator | None = None
) -> list[Decoded]:
    """A sentence for each item. features: (items, d). `generator`: for sampling, on the model's device.

    Raises:
        DataError: the model gives probabilities that are not finite.
    """
    how = how or Decoding()
    decoded: list[Decoded] = []
    for part in torch.split(features, max(1, ROWS // how.beam)):
        decoded += _decode_part(model, part, how, generator)
    return decoded


def _decode_part(
    model: LanguageModel, features: Tensor, how: Decoding, generator: torch.Generator | None
) -> Sequence[Decoded]:
    if how.temperature is not None:
        return sample(model, features, how.temperature, how.max_words, generator)
    if how.beam == 1:
        return greedy(model, features, how.max_words)
    return beam_search(model, features, how.beam, how.max_words, how.length_normalisation)
