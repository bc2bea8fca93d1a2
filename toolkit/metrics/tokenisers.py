"""The tokenisers of text metrics, by the names that signatures print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

from ..text import words
from .ptb import ptb_tokens

Tokeniser = Literal["ptb", "13a", "words", "whitespace"]
"""ptb: coco-caption's, lower-cased, without punctuation. 13a: mteval's, as sacrebleu's default. words: lower-case
letters and digits, as Karpathy and Li. whitespace: the text as it is, for text that is tokenised already."""

CASE = {"ptb": "lower", "13a": "mixed", "words": "lower", "whitespace": "mixed"}


def tokens_of(tokeniser: Tokeniser) -> Callable[[str], Sequence[str]]:
    """The function from a text to its tokens. It remembers texts: references come back with every run."""
    return _TOKENISERS[tokeniser]


@lru_cache(maxsize=1 << 17)
def _ptb(text: str) -> list[str]:
    return ptb_tokens(text)


@lru_cache(maxsize=1 << 17)
def _13a(text: str) -> list[str]:
    tokenised: str = _tokenizer_13a()(text.rstrip())
    return tokenised.split()


@lru_cache(maxsize=1 << 17)
def _words(text: str) -> list[str]:
    return words(text)


@lru_cache(maxsize=1)
def _tokenizer_13a() -> Callable[[str], str]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    return Tokenizer13a()  # type: ignore[no-untyped-call]


_TOKENISERS: dict[str, Callable[[str], Sequence[str]]] = {
    "ptb": _ptb,
    "13a": _13a,
    "words": _words,
    "whitespace": str.split,
}
