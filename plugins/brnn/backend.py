"""The brnn backend: fitting the network, and its vectors as the toolkit's aligner wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self, cast

import torch
from torch import Tensor

from vsa_toolkit.backend import Backend, Context, Examples, Fragments, Layout, Requires, Scoring
from vsa_toolkit.errors import DataError
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.precision import precision, products
from vsa_toolkit.training import mean_recall, train_ranking
from vsa_toolkit.vocabulary import Vocabulary

from ..sentence_words import refuse_other_words, start_from_file, training_vocabulary
from .calibration import Bank, Calibration
from .control import OtherPhotos
from .network import BrnnNetwork, Design, RegionVectors
from .objective import Objective
from .options import BrnnOptions
from .words import Words, encode

LIFT = 1e3
"""What is added where a sum of positive parts would cut off negative scores of whole sentences: far above any score."""

APART = 1e4
"""What keeps the fragment of a whole sentence from every region but the frame: far above any score."""


class Brnn(Backend):
    """Words against regions: each word of a sentence is scored with the region of a photo that fits it best."""

    name = "brnn"
    paper = "Karpathy and Li, Deep Visual-Semantic Alignments for Generating Image Descriptions, CVPR 2015"
    Options: ClassVar[type[BaseOptions]] = BrnnOptions

    def __init__(self, options: BaseOptions, device: torch.device | None = None) -> None:
        super().__init__(options, device)
        self.choices = cast(BrnnOptions, options)
        self._network: BrnnNetwork | None = None
        self._vocabulary = Vocabulary(())
        self._relations: Vocabulary | None = None
        self._others: OtherPhotos | None = None
        self._dtype = torch.float32
        self._calibration: Calibration | None = None

    @classmethod
    def required(cls, options: BaseOptions) -> Requires:
        choices = cast(BrnnOptions, options)
        return Requires("regions", geometry=choices.geometry, labels=choices.labels)

    # Learning -----------------------------------------------------------------------------------------------

    def fit(self, train: Examples, val: Examples, ctx: Context) -> None:
        """Train on `train`, keep the weights with the best mean R@10 of both directions on `val`.

        Raises:
            DataError: no sentences, a loss that is not finite, word vectors that cannot be read.
        """
        self.device = ctx.device
        self._dtype = precision(ctx.dtype, ctx.device)
        self._learn_words(train)
        if self.choices.shuffle_regions:
            self._others = OtherPhotos.of(train, ctx.generator)
        network = BrnnNetwork(self.choices, train.layout, self._vocabulary, self.design)
        network.reset(ctx.generator)  # before it moves: the same first weights on every device
        network.regions.standardise(train.features[:2000], train.counts[:2000])
        if self.choices.vectors is not None:
            start_from_file(network.words.table, self.choices.vectors, self._vocabulary)
        self._network = network.to(ctx.device)
        bank = Bank.choose(train, ctx.generator) if self.choices.calibrate else None

        def recall() -> float:
            self._calibration = None if bank is None else self._calibrate(train, bank)
            return self._recall(val)

        train_ranking(self, network, self._objective(network), recall, train, ctx, self.choices.recipe())

    def _learn_words(self, train: Examples) -> None:
        self._vocabulary = training_vocabulary(train.sentences, self.choices.min_count)

    def _objective(self, network: BrnnNetwork) -> Objective:
        return Objective(network, self.choices, self.encode, self._inputs, self._dtype)

    @torch.inference_mode()
    def _calibrate(self, train: Examples, bank: Bank) -> Calibration:
        network, parts = self._fitted(), []
        for rows in torch.split(bank.photos, 128):
            features, counts = self._inputs(train.features[rows], train.counts[rows])
            parts.append((network.embed_regions(features, counts), counts))
        sentences = [train.sentences[i] for i in bank.sentences.tolist()]
        return Calibration(
            torch.cat([vectors.local.half() for vectors, _ in parts]),
            torch.cat([vectors.whole.half() for vectors, _ in parts if vectors.whole is not None]),
            torch.cat([counts for _, counts in parts]),
            self.encode(sentences),
            self.choices.calibration_sharpness,
        )

    def _recall(self, val: Examples) -> float:
        """Mean R@10 of both directions; words of one kind are scored once, which the engine cannot know."""
        network = self._fitted()
        dtype = self._dtype
        with torch.inference_mode(), products(dtype, self.device):
            groups = [val.sentences[start : start + 512] for start in range(0, len(val.sentences), 512)]
            texts = [network.embed_sentences(self.encode(group)) for group in groups]
            rows = []
            for start in range(0, len(val.counts), 128):
                features, counts = self._inputs(val.features[start : start + 128], val.counts[start : start + 128])
                regions = network.embed_regions(features, counts)
                parts = [network.scores(regions, text, counts, dtype) for text in texts]
                row = torch.cat(
                    [local.float() if whole is None else local + whole.float() for local, whole in parts], 1
                )
                if self._calibration is not None:
                    row = row - self._calibration.of_photos(network, regions, counts, dtype)[:, None]
                rows.append(row)
            scores = torch.cat(rows)
            if self._calibration is not None:
                scores -= torch.cat([self._calibration.of_sentences(network, text, dtype) for text in texts])
        return mean_recall(scores, val.sentence_image)

    # What the toolkit asks for ------------------------------------------------------------------------------

    @property
    def design(self) -> Design:
        return Design()

    @property
    def lift(self) -> float:
        """What is added to all scores, the same for every image and sentence."""
        return LIFT if self.design.reduce == "thresholded_sum" else 0.0

    @property
    def scoring(self) -> Scoring:
        return Scoring(reduce=self.design.reduce, normalise="none")

    @torch.inference_mode()
    def embed_regions(self, features: Tensor, counts: Tensor) -> Tensor:
        """(images, R, d), (images,) → (images, R, h), or with a global fragment (images, R, h + g + 3).

        The frame carries the photo's vector in the g columns after the first h, then 0, 1 and what its score is
        corrected by; the other regions are held far away from whole-sentence fragments by −APART in the column where
        the frame has 0, so that what such a fragment scores over all regions is the frame's product.
        """
        most = features.shape[1]
        features, counts = self._inputs(features, counts)
        network = self._fitted()
        found = network.embed_regions(features, counts)
        correction = found.local.new_zeros(len(counts))
        if self._calibration is not None:
            correction = self._calibration.of_photos(network, found, counts, torch.float32)
        vectors = _side_by_side(found, self.lift - correction)
        if not self.choices.frame_only:
            return vectors
        if self.design.reduce == "max":  # copies of the frame where regions were never change a maximum
            return vectors.expand(-1, most, -1)
        return torch.cat([vectors, vectors.new_zeros(len(vectors), most - 1, vectors.shape[2])], dim=1)

    @torch.inference_mode()
    def embed_fragments(self, sentences: Sequence[Sequence[str]]) -> Fragments:
        """Each word, and with a global fragment after them the sentence as a whole (token_index −1)."""
        network = self._fitted()
        words = self.encode(sentences)
        found = network.embed_sentences(words)
        kept = words.scored
        vectors = (found.local[found.rows] * found.weights[:, None])[kept]
        token, sentence = words.token[kept], words.sentence[kept]
        lengths = torch.zeros_like(words.lengths).index_add(0, words.sentence, kept.long())
        if found.whole is None:
            return Fragments(vectors, lengths, token)
        correction = found.whole.new_zeros(len(sentences))
        if self._calibration is not None:
            correction = self._calibration.of_sentences(network, found, torch.float32)
        one = correction.new_ones(len(sentences), 1)
        tail = torch.cat([found.whole, one, -correction[:, None], one], dim=1)
        vectors = torch.cat([vectors, vectors.new_zeros(len(vectors), tail.shape[1])], dim=1)
        whole = torch.cat([tail.new_zeros(len(tail), found.local.shape[1]), tail], dim=1)
        # Sorting is stable: each sentence's own words come first, its whole after them.
        order = torch.cat([sentence, torch.arange(len(whole), device=self.device)]).argsort(stable=True)
        minus_one = token.new_full((len(whole),), -1)
        return Fragments(torch.cat([vectors, whole])[order], lengths + 1, torch.cat([token, minus_one])[order])

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        network = self._fitted()
        layout = network.layout
        values: dict[str, Any] = {
            "words": list(self._vocabulary.words),
            "layout": {"encoder": layout.encoder, "geometry": layout.geometry, "labels": list(layout.labels)},
        }
        if self._relations is not None:
            values["relations"] = list(self._relations.words)
        tensors = dict(network.state_dict())
        if self._calibration is not None:
            tensors |= self._calibration.tensors()
        if self._others is not None:
            tensors |= {"others.features": self._others.features, "others.counts": self._others.counts}
        return tensors, values

    @classmethod
    def from_state(
        cls, options: BaseOptions, tensors: dict[str, Tensor], values: dict[str, Any], device: torch.device
    ) -> Self:
        backend = cls(options, device)
        backend._vocabulary = Vocabulary(tuple(values["words"]))
        refuse_other_words(backend._vocabulary, tensors["words.table"])
        if "relations" in values:
            backend._relations = Vocabulary(tuple(values["relations"]))
        layout = values["layout"]
        seen = Layout(layout["encoder"], layout["geometry"], tuple(layout["labels"]))
        network = BrnnNetwork(backend.choices, seen, backend._vocabulary, backend.design).to(device)
        backend._network = network
        beside = ("others.", "calibration.")
        weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(beside)}
        network.load_state_dict(weights)
        network.eval()
        backend._calibration = Calibration.from_tensors(tensors, backend.choices.calibration_sharpness, device)
        if "others.features" in tensors:
            backend._others = OtherPhotos(tensors["others.features"], tensors["others.counts"])
        return backend

    def encode(self, sentences: Sequence[Sequence[str]]) -> Words:
        """The words of sentences as the network reads them."""
        return encode(self._vocabulary, sentences, self.device)

    def _inputs(self, features: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Features and counts on the device, changed where an ablation asks for it."""
        features, counts = features.to(self.device), counts.to(self.device)
        if self._others is not None:
            features = self._others.around(features)
        if self.choices.frame_only:
            return features[:, :1], torch.ones_like(counts)
        return features, counts

    def _fitted(self) -> BrnnNetwork:
        if self._network is None:
            raise DataError(f"this {self.name} has not been trained yet.")
        return self._network


def _side_by_side(vectors: RegionVectors, offset: Tensor) -> Tensor:
    if vectors.whole is None:
        return vectors.local
    images, most, _ = vectors.local.shape
    tail = vectors.local.new_zeros(images, most, vectors.whole.shape[1] + 3)
    tail[:, 1:, -3] = -APART
    tail[:, 0, :-3] = vectors.whole
    tail[:, 0, -2] = 1.0
    tail[:, 0, -1] = offset
    return torch.cat([vectors.local, tail], dim=2)
