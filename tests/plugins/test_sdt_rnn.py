"""The sdt-rnn backend: its recursion against the equation, its trees, its training, its state."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vsa_toolkit.backend import Examples, Layout, abilities
from vsa_toolkit.errors import DataError
from vsa_toolkit.options import parse_options
from vsa_toolkit.parse import ROOT, ParsedSentence, bigrams
from vsa_toolkit.plugins.dependency_trees import Trees, positions
from vsa_toolkit.plugins.sdt_rnn import SdtRnn
from vsa_toolkit.registry import Registry
from vsa_toolkit.vocabulary import Vocabulary

from .simulated import Keeper, parsed_scenes

SMALL = ("dimension=12", "word_dimension=9", "min_count=1", "images=16")
KINDS: list[tuple[str, ...]] = [
    (),
    ("matrices=positions",),
    ("loss=hinge", "bottleneck=8"),
    ("preset=paper", *SMALL, "epochs=3"),
]
NONE = ParsedSentence([], [], [])
DOG = ParsedSentence(["dog"], [ROOT], ["ROOT"])
UNKNOWN = ParsedSentence(["xyzzy", "plugh"], [1, ROOT], ["amod", "ROOT"])
LONG = bigrams(["dog", "and"] * 100)


def frames(images: int, seed: int = 0) -> Examples:
    """The frames of the simulated photos, with the same sentences."""
    found = parsed_scenes(images, seed)
    one = torch.ones_like(found.counts)
    return Examples(found.features[:, :1, :16], one, Layout(16), found.sentences, found.sentence_image)


@cache
def fitted(pairs: tuple[str, ...], seed: int = 0) -> SdtRnn:
    backend = SdtRnn(parse_options(SdtRnn.Options, [*SMALL, "epochs=3", *pairs], owner="sdt-rnn"))
    keeper = Keeper(seed)
    backend.fit(frames(64), frames(32, seed=1), keeper.context())
    assert keeper.kept is not None
    return SdtRnn.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def matrix(backend: SdtRnn, examples: Examples, sentences: Sequence[Sequence[str]] | None = None) -> Tensor:
    images = backend.embed_images(examples.features, examples.counts)
    return images @ backend.embed_sentences(sentences or examples.sentences).t()


@st.composite
def trees(draw: st.DrawFn) -> ParsedSentence:
    """Any tree, or several: each word hangs on one drawn before it, the words in any order."""
    length = draw(st.integers(1, 9))
    order = draw(st.permutations(range(length)))
    heads = [ROOT] * length
    for place in range(1, length):
        heads[order[place]] = draw(st.sampled_from([ROOT, *order[:place]]))
    relations = draw(st.lists(st.sampled_from(["det", "amod", "rare"]), min_size=length, max_size=length))
    words = draw(st.lists(st.sampled_from(["a", "dog", "cat", "xyzzy"]), min_size=length, max_size=length))
    return ParsedSentence(words, heads, relations)


def by_hand(backend: SdtRnn, sentence: ParsedSentence) -> Tensor:
    """The equation, node by node."""
    network = backend.fitted.sentences
    kinds = Vocabulary(tuple(backend.state()[1]["kinds"]))
    edges = positions(sentence).relations if backend.choices.matrices == "positions" else sentence.relations
    words = Vocabulary(tuple(backend.state()[1]["words"])).encode(sentence)
    children = [[child for child, head in enumerate(sentence.heads) if head == node] for node in range(len(sentence))]

    def size(node: int) -> int:
        return 1 + sum(size(child) for child in children[node])

    def h(node: int) -> Tensor:
        total = network.of_word.weight @ network.table.vectors[words[node]]
        for child in children[node]:
            total = total + size(child) * h(child) @ network.of_child[kinds.encode([edges[child]])[0]]
        return torch.tanh(total / size(node))

    roots = [node for node, head in enumerate(sentence.heads) if head == ROOT]
    return sum(size(root) * h(root) for root in roots) / len(sentence)


def test_the_registry_finds_it_as_a_dual_encoder_that_needs_trees() -> None:
    assert Registry().get("backends", "sdt-rnn") is SdtRnn
    assert abilities(SdtRnn) == ["dual-encoder"]
    assert SdtRnn.requires.parses
    assert SdtRnn.requires.features == "frame"


@pytest.mark.parametrize("pairs", KINDS)
@given(sentences=st.lists(trees(), min_size=1, max_size=4))
@settings(deadline=None)
def test_level_by_level_is_the_papers_recursion(pairs: tuple[str, ...], sentences: list[ParsedSentence]) -> None:
    backend = fitted(pairs)
    with torch.no_grad():
        found = backend.fitted.sentences(backend.encode(sentences))
        expected = torch.stack([by_hand(backend, sentence) for sentence in sentences])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_levels_hold_nodes_of_one_height_roots_first_then_by_relation() -> None:
    sentence = ParsedSentence(["a", "dog", "and", "a", "cat"], [1, ROOT, 1, 4, 1], ["det", "ROOT", "cc", "det", "conj"])
    found = Trees.of([sentence, DOG], Vocabulary(("det", "cc", "conj")), torch.device("cpu"))
    assert found.heads.tolist() == [1, ROOT, 1, 4, 1, ROOT]
    assert found.sizes.tolist() == [1, 5, 1, 1, 2, 1]
    assert [level.nodes.tolist() for level in found.levels] == [[5, 0, 3, 2], [4], [1]]
    assert [(level.roots, level.kinds) for level in found.levels] == [(1, [(1, 2), (2, 1)]), (0, [(3, 1)]), (1, [])]


def test_positions_count_the_dependents_on_either_side_of_the_head() -> None:
    sentence = ParsedSentence(["a", "big", "dog", "runs", "fast"], [2, 2, 3, ROOT, 3], ["x"] * 5)
    assert positions(sentence).relations == ("l2", "l1", "l1", "r1", "r1")


def test_heads_in_a_circle_are_refused() -> None:
    with pytest.raises(DataError, match="round in a circle"):
        fitted(()).embed_sentences([ParsedSentence(["a", "dog"], [1, 0], ["det", "dep"])])


def test_a_sentence_without_a_tree_is_refused() -> None:
    with pytest.raises(DataError, match="'a dog' has no dependency tree"):
        fitted(()).embed_sentences([["a", "dog"]])


@pytest.mark.parametrize("pairs", KINDS)
def test_a_sentences_vector_does_not_depend_on_the_others(pairs: tuple[str, ...]) -> None:
    backend, sentences = fitted(pairs), frames(4).sentences
    together = backend.embed_sentences([LONG, *sentences, NONE])
    torch.testing.assert_close(backend.embed_sentences(sentences[2:3]), together[3:4], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pairs", KINDS)
def test_odd_sentences_have_scores(pairs: tuple[str, ...]) -> None:
    assert torch.isfinite(matrix(fitted(pairs), frames(4), [NONE, UNKNOWN, DOG, LONG])).all()


@pytest.mark.parametrize("pairs", KINDS)
def test_the_same_seed_gives_the_same_scores_and_another_seed_others(pairs: tuple[str, ...]) -> None:
    first = matrix(fitted(pairs), frames(6, seed=2))
    assert torch.equal(matrix(fitted.__wrapped__(pairs), frames(6, seed=2)), first)
    assert not torch.equal(matrix(fitted(pairs, seed=1), frames(6, seed=2)), first)


@pytest.mark.parametrize("pairs", KINDS)
def test_state_and_from_state_give_the_same_scores(pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(pairs), frames(6, seed=2)
    again = SdtRnn.from_state(backend.options, *backend.state(), torch.device("cpu"))
    assert torch.equal(matrix(again, examples), matrix(backend, examples))


def test_words_and_relations_of_the_validation_sentences_are_not_learned() -> None:
    val = frames(24, seed=1)
    unseen = [ParsedSentence([*s, "unseen"], [*s.heads, 1], [*s.relations, "new"]) for s in val.sentences]
    backend = SdtRnn(parse_options(SdtRnn.Options, [*SMALL, "epochs=1", "rare_relation=0"]))
    val = Examples(val.features, val.counts, val.layout, unseen, val.sentence_image)
    backend.fit(frames(64), val, Keeper().context())
    values = backend.state()[1]
    assert "unseen" not in values["words"]
    assert values["kinds"] == ["conj", "det"]


def test_it_learns_what_sentences_are_about() -> None:
    backend = SdtRnn(parse_options(SdtRnn.Options, [*SMALL, "epochs=25", "dropout=0", "word_dropout=0", "rate=0.01"]))
    keeper = Keeper()
    backend.fit(frames(240), frames(32, seed=1), keeper.context())
    assert keeper.curve[-1]["recall"] > keeper.curve[0]["recall"] + 20
