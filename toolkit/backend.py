"""Backends: the base class, what one may require, and the abilities that the toolkit finds by what it implements.

A backend is a model family. Subclass `Backend`, implement one or more abilities, bring it with the hook
`vsa_backends`. Features arrive as plain tensors, sentences as lists of tokens; the toolkit does the rest: tiling,
ranking, MRF smoothing, snippets, grounding, tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from .options import Options as BaseOptions

GEOMETRY = 7
"""Columns of a region's geometry: x, y, right, bottom and width, height, area, all relative to the image (0 to 1)."""

Progress = Callable[..., None]


@dataclass(frozen=True)
class Requires:
    """What a backend needs for its work.

    `features`: one vector a region ("regions", the frame first) or one an image ("frame": R = 1).
    `geometry`, `labels`: append the box geometry and the proposer's class scores to each region's vector.
    `parses`: sentences come as `vsa_toolkit.parse.ParsedSentence`, tokens with their dependency heads and relations.
    `alignments`: it trains on the (region, snippet) pairs that a finished alignment run over the training split
    inferred (`--from-run N`): each row of `Examples` is then a region (R = 1), each sentence a snippet.
    `aligner`: it also needs the model that made that run (`Context.aligner`); features have that model's layout.
    """

    features: Literal["regions", "frame"] = "regions"
    geometry: bool = False
    labels: bool = False
    parses: bool = False
    alignments: bool = False
    aligner: bool = False


@dataclass(frozen=True)
class Layout:
    """Which columns of a feature tensor are what: `encoder` first, then `geometry`, then one a name in `labels`."""

    encoder: int
    geometry: int = 0
    labels: tuple[str, ...] = ()

    @property
    def dimension(self) -> int:
        return self.encoder + self.geometry + len(self.labels)


@dataclass(frozen=True)
class Examples:
    """One split, as a backend sees it: tensors and tokens, no files and no database.

    features: (images, R, layout.dimension) float16 or float32 on the CPU, rows beyond `counts` are zero.
    counts: (images,) int64, regions of each image, at least 1; region 0 is the frame.
    sentences: tokens of each sentence; sentence_image: (sentences,) int64, the row of each sentence's image.
    """

    features: Tensor
    counts: Tensor
    layout: Layout
    sentences: Sequence[Sequence[str]]
    sentence_image: Tensor


@dataclass(frozen=True)
class Fragments:
    """The parts of sentences that are scored: words, dependency edges, whole sentences.

    vectors: (total, h), sentence after sentence. lengths: (sentences,) int64, fragments of each sentence.
    token_index: (total,) int64, the token that a fragment belongs to (for a dependency edge, its dependent's);
    -1 for a fragment of the whole sentence, which takes part in the score but is tied to no word.
    """

    vectors: Tensor
    lengths: Tensor
    token_index: Tensor


@dataclass(frozen=True)
class Scoring:
    """How region-fragment products become the score of an image and a sentence.

    reduce: over an image's regions, "max" (paper v2, eq. 8) or "thresholded_sum" (eq. 7: sum of positive parts).
    normalise: the sum over fragments as it is ("none"), divided by their number ("mean"), or by their number plus
    `smoothing` ("smoothed", as DeFrag's released code).
    """

    reduce: Literal["max", "thresholded_sum"] = "max"
    normalise: Literal["none", "mean", "smoothed"] = "none"
    smoothing: float = 10.0


@dataclass
class Context:
    """What a fit is given beside the data."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype | None = None
    """Of matrix products in training; None leaves the choice to the backend."""
    generator: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(0))
    progress: Progress = lambda done, total, **figures: None
    """Called as `progress(done, total, loss=…, recall=…)`; the figures become the training curve."""
    save: Callable[[Backend], None] = lambda backend: None
    """Keeps the backend as it is now as the checkpoint (the best so far), atomically."""
    keep_epoch: Callable[[Backend, int], None] = lambda backend, epoch: None
    """Keeps the backend as it is after an epoch (from 1) beside the best one, where that was asked for."""
    save_progress: Callable[[dict[str, Tensor], dict[str, Any]], None] = lambda tensors, values: None
    """Keeps what a later call of `fit` needs to go on where this one stopped."""
    load_progress: Callable[[], tuple[dict[str, Tensor], dict[str, Any]] | None] = lambda: None
    cancelled: Callable[[], bool] = lambda: False
    rank: int = 0
    aligner: Backend | None = None
    """The model of the alignment run that is learnt from, for those that require it."""


class Backend(ABC):
    """Base class of all backends. Instances hold fitted weights; `options` are validated before."""

    name: ClassVar[str]
    requires: ClassVar[Requires] = Requires()
    paper: ClassVar[str] = ""
    Options: ClassVar[type[BaseOptions]] = BaseOptions

    def __init__(self, options: BaseOptions, device: torch.device | None = None) -> None:
        self.options = options
        self.device = device or torch.device("cpu")

    @classmethod
    def required(cls, options: BaseOptions) -> Requires:
        """What the backend needs with these options; override where options change it."""
        return cls.requires

    @abstractmethod
    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        """Learn from `train`, choose by `val`, call `ctx.save(self)` for each new best."""

    @abstractmethod
    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that `from_state` needs: tensors (safetensors) and JSON values. Never pickle."""

    @classmethod
    @abstractmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        """The inverse of `state`."""


# Abilities -------------------------------------------------------------------------------------------------


@runtime_checkable
class DualEncoder(Protocol):
    """One vector an image, one a sentence; the score is their dot product."""

    def embed_images(self, features: Tensor, counts: Tensor) -> Tensor:
        """(images, R, d), (images,) → (images, h)"""

    def embed_sentences(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """→ (sentences, h)"""


@runtime_checkable
class Aligner(Protocol):
    """Vectors for regions and for fragments; scores by `scoring`. Gets MRF smoothing, snippets and grounding."""

    @property
    def scoring(self) -> Scoring: ...

    def embed_regions(self, features: Tensor, counts: Tensor) -> Tensor:
        """(images, R, d), (images,) → (images, R, h)"""

    def embed_fragments(self, sentences: Sequence[Sequence[str]]) -> Fragments:
        """A sentence without any known word must still get a fragment (a zero vector will do)."""


@runtime_checkable
class Ranker(Protocol):
    """Scores pairs that no dot product gives: cross attention, likelihood ratios.

    May also have `word_region_scores(features, counts, sentences) -> Tensor`: for each image (images, R, d) with its
    own one sentence, (tokens of all, R), NaN beyond an image's regions; then its words can be grounded. And
    `prepare(sentences)`: what `score` is then given in their place, made once for all tiles that have these sentences.
    """

    def score(self, features: Tensor, counts: Tensor, sentences: Sequence[Sequence[str]]) -> Tensor:
        """(images, R, d), (images,), sentences → (images, sentences): a tile of the matrix of scores."""


State = Tensor | tuple["State", ...]
"""What a language model carries from word to word: tensors with one item (an image, a beam) a row, or a tuple of
such; the toolkit picks rows of it."""


@runtime_checkable
class LanguageModel(Protocol):
    """Gives each next word a probability; decoding, perplexity and ranking by likelihood are the toolkit's.

    May also have `prior: Tensor` (k, d), vectors of training images that p(sentence) is averaged over when images and
    sentences are ranked by log p(sentence | image) − log p(sentence); see also `LateFusion`.
    """

    @property
    def words(self) -> Sequence[str]:
        """What index 1 and above mean; index 0 is both the start and the end of a sentence. The model knows no other
        word: tokens without an index are left out (and counted) where likelihoods are computed."""

    def start(self, features: Tensor) -> State:
        """(items, d), one vector an image or a region → the state before the first word."""

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """The state and the last words (items,) int64, 0 at first → logits (items, len(words) + 1), the next state."""


@runtime_checkable
class LateFusion(LanguageModel, Protocol):
    """A language model whose image enters after its recurrence: logits = output(fuse(language part, image part)).

    Ranking all images against all sentences then reads the sentences once for all images.
    """

    def language_start(self, rows: int) -> State:
        """The state before the first word, without an image."""

    def language_step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """The state and the last words (rows,), as for `step` → language part (rows, m), the next state."""

    def image_part(self, features: Tensor) -> Tensor:
        """(items, d) → (items, m)"""

    def fuse(self, language: Tensor, image: Tensor) -> Tensor:
        """(…, m) and (…, m), broadcast → (…, m)"""

    @property
    def output(self) -> tuple[Tensor, Tensor]:
        """The last layer's weight (len(words) + 1, m) and bias."""


@runtime_checkable
class Captioner(Protocol):
    """Describes images or regions without giving words probabilities: retrieval of training sentences, say."""

    def caption(self, features: Tensor) -> Sequence[str]:
        """(items, d), one vector an image or a region → a text each, tokens joined by blanks."""


ABILITIES: dict[str, tuple[type, tuple[str, ...]]] = {
    "dual-encoder": (DualEncoder, ("embed_images", "embed_sentences")),
    "aligner": (Aligner, ("embed_regions", "embed_fragments", "scoring")),
    "ranker": (Ranker, ("score",)),
    "language-model": (LanguageModel, ("words", "start", "step")),
    "captioner": (Captioner, ("caption",)),
}
"""Each ability's protocol, and the names that a class which has it implements."""


def abilities(backend: type[Backend]) -> list[str]:
    """The names of what a backend class can do."""
    return [name for name, (_, methods) in ABILITIES.items() if all(hasattr(backend, method) for method in methods)]
