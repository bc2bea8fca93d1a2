"""How well a detector's class name fits a phrase, without any training: equal words, listed words, word vectors."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from ..text import words

WordVectors = Mapping[str, np.ndarray]


def class_similarity(
    labels: Sequence[str], phrases: Sequence[Sequence[str]], vectors: WordVectors | None = None
) -> np.ndarray:
    """(phrases, labels) float in 0 to 1: 1 where a word of the phrase is a word of the class name or listed for it.

    With `vectors` (word → (d,)) other phrases get the largest cosine between a word of theirs and the class name's
    mean vector; without, 0. Plurals count as their singulars.
    """
    table = np.zeros((len(phrases), len(labels)))
    names = [_words_of(label) for label in labels]
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        for word in name:
            columns.setdefault(word, []).append(column)
    cosine = _cosines(labels, phrases, vectors)
    for row, phrase in enumerate(phrases):
        for word in phrase:
            if cosine is not None and word in cosine:
                table[row] = np.maximum(table[row], cosine[word])
            for form in _forms(word):
                table[row, columns.get(form, [])] = 1.0
    return table


def vocabulary_of(labels: Iterable[str], phrases: Iterable[Sequence[str]]) -> set[str]:
    """The words whose vectors `class_similarity` can use."""
    return {word for label in labels for word in words(label)} | {word for phrase in phrases for word in phrase}


def _cosines(
    labels: Sequence[str], phrases: Sequence[Sequence[str]], vectors: WordVectors | None
) -> dict[str, np.ndarray] | None:
    """For each word of the phrases that has a vector: its cosine with every label (labels,), negative ones as 0."""
    if vectors is None or not labels:
        return None
    dimension = len(next(iter(vectors.values()))) if vectors else 1
    named = np.zeros((len(labels), dimension))
    for row, label in enumerate(labels):
        known = [vectors[word] for word in _label_words(label) if word in vectors]
        if known:
            named[row] = np.mean([_unit(v) for v in known], axis=0)
            named[row] = _unit(named[row])
    distinct = {word for phrase in phrases for word in phrase if word in vectors and word not in _stop_words()}
    return {word: np.clip(named @ _unit(vectors[word]), 0, 0.99) for word in distinct}


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector, dtype=float) / length if length else np.asarray(vector, dtype=float)


def _label_words(label: str) -> list[str]:
    name = _usual_name(label)
    return [_data()["one_word"][name]] if name in _data()["one_word"] else words(name)


def _usual_name(label: str) -> str:
    usual: str = _data()["same"].get(label, label)
    return usual


def _words_of(label: str) -> set[str]:
    """The words that name a class: of a name with several words only the last ("traffic light" is not any traffic)."""
    own = _label_words(label)
    return {own[-1], *_data()["words"].get(_usual_name(label), [])} if own else set()


def _forms(word: str) -> list[str]:
    forms = [word]
    if word in _plurals():
        return [word, _plurals()[word]]
    if word.endswith("s") and len(word) > 3 and not word.endswith("ss"):
        forms.append(word[:-1])
        if word.endswith(("ches", "shes", "xes", "sses")):
            forms.append(word[:-2])
    return forms


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(_data()["stop_words"])


@cache
def _plurals() -> dict[str, str]:
    plurals: dict[str, str] = _data()["plurals"]
    return plurals


@cache
def _data() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("class_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
