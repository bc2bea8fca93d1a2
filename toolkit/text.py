"""Tokenising, as Karpathy and Li do it: lower-case, letters and digits only (paper v2, section 4)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the half-open character span of the sentence that it came from."""

    text: str
    start: int
    end: int


def tokenise(sentence: str) -> list[Token]:
    """The tokens of a sentence with their spans. Apostrophes inside a word are dropped ("dog's" → "dogs")."""
    return [
        Token(match.group().replace("'", "").lower(), match.start(), match.end()) for match in _TOKEN.finditer(sentence)
    ]


def words(sentence: str) -> list[str]:
    """The tokens' texts."""
    return [token.text for token in tokenise(sentence)]


def letters_and_digits(text: str) -> str:
    """A text reduced to what two transcriptions of one sentence share: for matching, never for display."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
