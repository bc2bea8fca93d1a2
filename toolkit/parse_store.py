"""Parses on disk: a folder of files that are written once, whole, and never changed; a sentence is found by its text.

A file holds a chunk of sentences: a key each (sha256 of the tokens, joined by blanks), how many tokens, and for all
tokens the heads and relations. Tokens are not kept: who asks has them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, VsaError
from .parse import ParsedSentence


def sentence_key(tokens: Sequence[str]) -> bytes:
    return hashlib.sha256(" ".join(tokens).encode()).digest()


class ParseStore:
    """The parses of one parser."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def missing(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Those of the sentences that are not here yet, each once."""
        wanted = {sentence_key(tokens): tokens for tokens in sentences}
        for path in self._files():
            for key in _arrays(path)["keys"]:
                wanted.pop(key.tobytes(), None)
        return list(wanted.values())

    def read(self, sentences: Sequence[Sequence[str]]) -> list[ParsedSentence]:
        """The parse of each sentence; all must be here."""
        places: dict[bytes, list[int]] = {}
        for place, tokens in enumerate(sentences):
            places.setdefault(sentence_key(tokens), []).append(place)
        parsed: list[ParsedSentence | None] = [None] * len(sentences)
        for path in self._files():
            for key, heads, relations in _records(path):
                for place in places.pop(key, ()):
                    parsed[place] = ParsedSentence(sentences[place], heads, relations)
        return [sentence for sentence in parsed if sentence is not None]

    def add(self, sentences: Sequence[ParsedSentence]) -> None:
        """Keep some parses, as one file.

        Raises:
            VsaError: it cannot be written; all kept before is whole.
        """
        names = sorted({relation for sentence in sentences for relation in sentence.relations})
        number = {name: i for i, name in enumerate(names)}
        arrays: dict[str, Any] = {
            "keys": np.frombuffer(b"".join(sentence_key(s) for s in sentences), np.uint8).reshape(-1, 32),
            "lengths": np.array([len(s) for s in sentences], np.int32),
            "heads": np.array([head for s in sentences for head in s.heads], np.int32),
            "relations": np.array([number[relation] for s in sentences for relation in s.relations], np.uint16),
            "names": np.array(names, np.str_),
        }
        path = self._folder / f"{secrets.token_hex(8)}.npz"
        temporary = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise VsaError(f"{path} cannot be written ({error}); the parses kept before it are whole.") from error

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.npz"))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in ("keys", "lengths", "heads", "relations", "names")}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}): remove it, and its sentences are parsed again.") from error


def _records(path: Path) -> Iterator[tuple[bytes, list[int], list[str]]]:
    """Key, heads and relations of each sentence of a file."""
    arrays = _arrays(path)
    names = arrays["names"].tolist()
    stops = np.cumsum(arrays["lengths"])
    for key, length, stop in zip(arrays["keys"], arrays["lengths"], stops, strict=True):
        part = slice(int(stop - length), int(stop))
        yield key.tobytes(), arrays["heads"][part].tolist(), [names[i] for i in arrays["relations"][part]]
