"""Tokens as coco-caption makes them: Penn Treebank tokens, lower-case, without punctuation."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\w+(?=n't)|n't|'(?:s|re|ve|ll|d|m)\b|\w+(?:[-/]\w+)*", re.IGNORECASE)


def ptb_tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text)]
