"""Splits as backends see them, their features and parses computed where the workspace does not have them yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .backend import Examples, Layout, Progress
from .compute import Compute
from .encoder import Encoder
from .examples import build_examples
from .features import extract, gather
from .parsing import Parser, parse_sentences
from .records import Split
from .store import Store

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Loader:
    """What splits are loaded with."""

    store: Store
    encoder: Encoder
    mode: str
    compute: Compute
    progress: Progress
    announce: Announce

    def examples(self, split: Split, layout: Layout, parser: Parser | None = None) -> Examples:
        """A split as a backend sees it; features that are not in the store yet are computed and kept, and so are
        parses where there is a parser."""
        folder, images, regions = self.store.folder, split.images, split.regions
        new = extract(
            folder, self.encoder, images, regions,
            mode=self.mode, batch_size=self.compute.batch_size, progress=self.progress,
        )  # fmt: skip
        if new:
            self.announce(f"{new:,} feature vectors computed for {split.name}")
        features, counts = gather(folder, self.encoder, images, regions, mode=self.mode, columns=layout.dimension)
        examples = build_examples(split, features, counts, layout)
        if parser is None:
            return examples
        return replace(examples, sentences=parse_sentences(examples.sentences, parser, folder, self.progress))
