"""SDT-RNN (Socher, Karpathy, Le, Manning and Ng, "Grounded Compositional Semantics for Finding and Describing Images
with Sentences", TACL 2014).

    h_i = f( 1/l(i) ( W_v x_i + Σ_{c in C(i)} l(c) W_{r(i,c)} h_c ) )      node i of the dependency tree, children C(i)
    v   = W_I z                                                           the whole photo
    S   = v · h_root

l(i) counts the words under i, itself included; r(i,c) is the relation of the edge, or in the DT-RNN
(`-o matrices=positions`) the child's place beside its head. Several roots: the mean of their h, weighed by l. All
nodes of one height, in all sentences of a batch, are computed together, one product a kind of edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from vsa_toolkit.alignment.losses import contrastive, hinge
from vsa_toolkit.backend import Backend, Examples, Requires
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions
from vsa_toolkit.parse import ParsedSentence
from vsa_toolkit.training import Batch
from vsa_toolkit.vocabulary import Vocabulary

from .brnn.edges import as_parsed, relation_kinds
from .dependency_trees import Trees, positions
from .image_vectors import ImageMap
from .joint_embedding import JointEmbedding, JointNetwork, SentenceNetwork
from .ranking_options import RankingOptions
from .sentence_words import Words, WordTable, encode


class SdtRnnOptions(RankingOptions):
    """The defaults are how one would train it today; `preset=paper` is as the paper has it."""

    PAPER: ClassVar[dict[str, Any]] = {
        "dimension": 50,
        "word_dimension": 50,
        "bottleneck": 0,
        "unit_norm": False,
        "loss": "hinge",
        "margin": 1.0,
        "average": 0.0,
        "dropout": 0.0,
        "word_dropout": 0.0,
        "images": 100,
        "sentences": 1,
    }

    preset: Literal["modern", "paper"] = Field(
        "modern", description="what fills all that is not stated: our own choices, or those of the paper"
    )
    matrices: Literal["relations", "positions"] = Field(
        "relations", description="a matrix for each relation (SDT-RNN) or for each place beside the head (DT-RNN)"
    )
    rare_relation: float = Field(
        0.01, ge=0, lt=1, description="kinds of edges rarer than this share of all in training share a matrix"
    )
    dimension: int = Field(512, ge=1, description="h, the length of the nodes', the sentences' and the photos' vectors")
    word_dimension: int = Field(300, ge=1, description="length of the word vectors x_i")
    bottleneck: int = Field(0, ge=0, description="hidden units of a second, non-linear path for images; 0: linear")
    unit_norm: bool = Field(True, description="divide both vectors by their lengths")
    loss: Literal["contrastive", "hinge"] = Field(
        "contrastive", description="a softmax over the batch, or all its wrong pairs by a margin"
    )
    margin: float = Field(0.2, gt=0, description="of the hinge")
    sharpness: float = Field(20.0, gt=0, description="what cosines are multiplied with: 1 / temperature")
    epochs: int = Field(20, ge=1, description="passes over the training images")
    rate: float = Field(2e-3, gt=0, description="the learning rate")
    dropout: float = Field(0.5, ge=0, lt=1, description="of image features and of the bottleneck")
    word_dropout: float = Field(0.3, ge=0, lt=1, description="of the elements of word vectors")


@dataclass(frozen=True)
class TreeWords(Words):
    """Words with the trees that they are the nodes of."""

    trees: Trees


class TreeNetwork(SentenceNetwork):
    """h_i from the leaves up; W_r starts near the identity, so that a sentence starts as the mean of its words."""

    def __init__(self, vocabulary: Vocabulary, kinds: int, options: SdtRnnOptions) -> None:
        super().__init__()
        self.options = options
        self.table = WordTable(vocabulary, options.word_dimension)
        self.of_word = nn.Linear(options.word_dimension, options.dimension, bias=False)
        self.of_child = nn.Parameter(torch.empty(kinds, options.dimension, options.dimension))

    def reset(self, generator: torch.Generator, vocabulary: Vocabulary) -> None:
        self.table.reset(generator)
        if self.options.vectors is not None:
            self.table.start_from(self.options.vectors, vocabulary)
        nn.init.xavier_uniform_(self.of_word.weight, generator=generator)
        with torch.no_grad():
            nn.init.normal_(self.of_child, std=0.01, generator=generator)
            self.of_child.add_(torch.eye(self.options.dimension))

    def forward(self, words: Words, generator: torch.Generator | None = None) -> Tensor:
        trees = cast(TreeWords, words).trees
        x = self.of_word(self.table(words, self.options.word_dropout, generator)).float()
        nodes = torch.cat([level.nodes for level in trees.levels])
        of_level = torch.split(x[nodes], [len(level.nodes) for level in trees.levels])
        of_child = self.of_child.unbind(0)
        from_children = torch.zeros_like(x)
        root_nodes, root_states = [], []
        for level, own in zip(trees.levels, of_level, strict=True):
            sizes = trees.sizes[level.nodes][:, None]
            h = torch.tanh((own + from_children[level.nodes]) / sizes)
            root_nodes.append(level.nodes[: level.roots])
            root_states.append((h * sizes)[: level.roots])
            if not level.kinds:
                continue
            parts = torch.split(h[level.roots :], [count for _, count in level.kinds])
            sent = torch.cat(
                [part @ of_child[kind] for part, (kind, _) in zip(parts, level.kinds, strict=True)]
            ).float()
            parents = trees.heads[level.nodes[level.roots :]]
            from_children.index_add_(0, parents, sent * sizes[level.roots :])
        none = x.new_zeros(len(words.lengths), x.shape[1])
        total: Tensor = none.index_add(0, words.sentence[torch.cat(root_nodes)], torch.cat(root_states))
        return total / words.lengths[:, None]


class SdtRnn(JointEmbedding):
    """A recursive network over each sentence's dependency tree, against the photo as a whole."""

    name = "sdt-rnn"
    requires = Requires(features="frame", parses=True)
    paper = (
        "Socher et al., Grounded Compositional Semantics for Finding and Describing Images with Sentences, TACL 2014"
    )
    Options: ClassVar[type[BaseOptions]] = SdtRnnOptions

    def __init__(self, options: BaseOptions, device: torch.device | None = None) -> None:
        super().__init__(options, device)
        self.choices = cast(SdtRnnOptions, options)
        self._kinds = Vocabulary(())

    def choose_words(self, train: Examples) -> Vocabulary:
        self._kinds = relation_kinds(self._trees(train.sentences), self.choices.rare_relation, roots=False)
        return super().choose_words(train)

    def build(self, size: int, vocabulary: Vocabulary) -> JointNetwork:
        choices = self.choices
        images = ImageMap(size, choices.dimension, choices.bottleneck, dropped=choices.dropout)
        sentences = TreeNetwork(vocabulary, len(self._kinds), choices)
        return JointNetwork(images, sentences, choices.unit_norm, choices.sharpness if choices.unit_norm else 1.0)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        if self.choices.loss == "contrastive":
            return contrastive(scores, batch.image_of)
        return hinge(scores, batch.image_of, self.choices.margin)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, values = super().state()
        return tensors, {**values, "kinds": list(self._kinds.words)}

    def take_words(self, values: dict[str, Any]) -> None:
        super().take_words(values)
        self._kinds = Vocabulary(tuple(values["kinds"]))

    def encode(self, sentences: Sequence[Sequence[str]]) -> Words:
        words = encode(self._vocabulary, sentences, self.device)
        return TreeWords(words.ids, words.lengths, Trees.of(self._trees(sentences), self._kinds, self.device))

    def _trees(self, sentences: Sequence[Sequence[str]]) -> list[ParsedSentence]:
        parsed = [as_parsed(sentence) for sentence in sentences]
        return parsed if self.choices.matrices == "relations" else [positions(sentence) for sentence in parsed]


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(SdtRnn)
