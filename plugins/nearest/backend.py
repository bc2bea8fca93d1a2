"""The nearest backend: retrieval of what people said in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Self, cast

import torch
from torch import Tensor
from torch.nn.functional import normalize

from vsa_toolkit.alignment.snippets import stop_words
from vsa_toolkit.backend import Backend, Context, Examples, Layout, Requires
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.metrics.bleu import Bleu, BleuOptions
from vsa_toolkit.metrics.segments import Segment
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.registry import registry

from .consensus import NgramSets
from .options import NearestOptions
from .snippets import SnippetChoice

ITEMS = 256
"""How many items are compared with all training photos at once."""


class Nearest(Backend):
    """A sentence of the most similar training photo, or of several the most typical one; for regions the training
    snippet that an alignment model finds to fit best. No probabilities, so no perplexity."""

    name = "nearest"
    paper = "Karpathy and Li, Deep Visual-Semantic Alignments for Generating Image Descriptions, CVPR 2015, section 4.2"
    Options: ClassVar[type[BaseOptions]] = NearestOptions

    def __init__(self, options: BaseOptions, device: torch.device | None = None) -> None:
        super().__init__(options, device)
        self._choices = cast(NearestOptions, options)
        self._sentences: Sequence[Sequence[str]] = ()
        self._owners: list[list[int]] = []
        self._photos: Tensor | None = None
        self._layout = Layout(0)
        self._ngrams: NgramSets | None = None
        self._snippets: SnippetChoice | None = None

    @classmethod
    def required(cls, options: BaseOptions) -> Requires:
        if cast(NearestOptions, options).train_on == "regions":
            return Requires("regions", alignments=True, aligner=True)
        return Requires("frame")

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        """Keep the training photos with their sentences, or the different snippets of training; the curve's one point
        has the BLEU-4 of the validation photos.

        Raises:
            DataError: there are none. UserError: the alignment model does not compare words with regions.
        """
        self._layout = train.layout
        if self._choices.train_on == "regions":
            if ctx.aligner is None:
                raise UserError("nearest needs the model of an alignment run: state it with --from-run N.")
            self._sentences = _snippets(train.sentences, self._choices)
            self._choose_with(ctx.aligner)
        else:
            self._keep_photos(train)
        ctx.save(self)
        figures: dict[str, float] = {}
        if self._snippets is None and not ctx.cancelled():
            figures["bleu4"] = _bleu4(self.caption(val.features[:, 0]), val)
        ctx.progress(1, 1, keep=True, **figures)

    @torch.inference_mode()
    def caption(self, features: Tensor) -> Sequence[str]:
        """(items, d) → a text each, tokens joined by blanks"""
        if self._snippets is not None:
            numbers = self._snippets.best(features)
        elif self._photos is not None:
            numbers = [self._say(near) for near in self._nearest(features)]
        else:
            raise DataError("this nearest has not been trained yet.")
        return [" ".join(self._sentences[number]) for number in numbers]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        layout = {"encoder": self._layout.encoder, "geometry": self._layout.geometry, "labels": self._layout.labels}
        values: dict[str, Any] = {"sentences": [" ".join(s) for s in self._sentences], "layout": layout}
        if self._snippets is None:
            assert self._photos is not None
            return {"photos": self._photos}, {**values, "owners": self._owners}
        aligner = self._snippets.aligner
        tensors, inner = aligner.state()
        options = aligner.options.model_dump(mode="json")
        return {f"aligner.{name}": t for name, t in tensors.items()}, {
            **values,
            "aligner": {"backend": aligner.name, "options": options, "values": inner},
        }

    @classmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        backend = cls(options, device)
        backend._sentences = [sentence.split(" ") for sentence in values["sentences"]]
        layout = values["layout"]
        backend._layout = Layout(layout["encoder"], layout["geometry"], tuple(layout["labels"]))
        if "photos" in tensors:
            backend._photos, backend._owners = tensors["photos"].to(device), values["owners"]
            return backend
        made = values["aligner"]
        kind: type[Backend] = registry().get("backends", made["backend"])
        weights = {name.removeprefix("aligner."): tensor for name, tensor in tensors.items()}
        backend._choose_with(
            kind.from_state(kind.Options.model_validate(made["options"]), weights, made["values"], device)
        )
        return backend

    def _keep_photos(self, train: Examples) -> None:
        owners: list[list[int]] = [[] for _ in train.counts]
        kept: list[Sequence[str]] = []
        for sentence, row in zip(train.sentences, train.sentence_image.tolist(), strict=True):
            if sentence:
                owners[row].append(len(kept))
                kept.append(sentence)
        rows = [row for row, numbers in enumerate(owners) if numbers]
        if not rows:
            raise DataError("the training split has no sentences: import some, or name another split.")
        self._sentences, self._owners = kept, [owners[row] for row in rows]
        self._photos = train.features[torch.tensor(rows), 0].half().to(self.device)

    def _choose_with(self, aligner: Backend) -> None:
        self._snippets = SnippetChoice(aligner, self._layout, self._sentences, self._choices.length_power)

    def _nearest(self, features: Tensor) -> list[list[int]]:
        """The rows of each item's nearest training photos, the nearest first."""
        assert self._photos is not None
        photos, items = self._photos.float(), features.to(self.device).float()
        if self._choices.distance == "cosine":
            photos, items = normalize(photos, dim=1), normalize(items, dim=1)
        count = min(self._choices.consensus, len(photos))
        found: list[list[int]] = []
        for part in torch.split(items, ITEMS):
            # One item at a time would be summed in another order than many are.
            distances = torch.cdist(part, photos, compute_mode="donot_use_mm_for_euclid_dist")
            found += distances.topk(count, largest=False).indices.tolist()
        return found

    def _say(self, near: Sequence[int]) -> int:
        if self._ngrams is None:
            self._ngrams = NgramSets(self._sentences)
        sentences = [number for row in near for number in self._owners[row]]
        return self._ngrams.most_typical(sentences, self._choices.most_alike)


def _bleu4(said: Sequence[str], val: Examples) -> float:
    """Percent, each photo's text against all of its sentences."""
    references: list[list[str]] = [[] for _ in said]
    for sentence, row in zip(val.sentences, val.sentence_image.tolist(), strict=True):
        references[row].append(" ".join(sentence))
    segments = [
        Segment(str(row), text, tuple(own)) for row, (text, own) in enumerate(zip(said, references, strict=True)) if own
    ]
    metric = Bleu(BleuOptions(profile="coco"))
    return float(metric.values(metric.statistics(segments).sum(axis=0)[None])["bleu4"][0])


def _snippets(sentences: Sequence[Sequence[str]], choices: NearestOptions) -> list[tuple[str, ...]]:
    """The different snippets that describe something, the most frequent first."""
    idle = stop_words()
    counts = Counter(
        tuple(snippet)
        for snippet in sentences
        if len(snippet) >= choices.min_words and not all(word in idle for word in snippet)
    )
    kept = [snippet for snippet, n in counts.most_common() if n >= choices.min_count]
    if not kept:
        raise DataError("no snippet of the alignment run is long and frequent enough (min_words, min_count).")
    return kept
