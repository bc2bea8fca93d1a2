"""The deptree and defrag backends: dependency edges as fragments under two costs, with the model of brnn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
import torch
from torch import Tensor

from vsa_toolkit.alignment import score_matrix
from vsa_toolkit.backend import Backend, Examples, abilities
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.options import parse_options
from vsa_toolkit.parse import ROOT, ParsedSentence, bigrams
from vsa_toolkit.plugins.brnn.edges import EdgeMap, encode_edges, relation_kinds
from vsa_toolkit.plugins.brnn.fragment_cost import fragment_cost
from vsa_toolkit.plugins.brnn.network import region_products
from vsa_toolkit.plugins.defrag import Defrag
from vsa_toolkit.plugins.deptree import Deptree
from vsa_toolkit.registry import Registry
from vsa_toolkit.vocabulary import Vocabulary

from .simulated import LAYOUT, THINGS, Keeper, parsed_scenes, scenes

SMALL = ("dimension=12", "global_dimension=10", "bottleneck=16", "word_dimension=9", "min_count=1", "images=16")
KINDS: list[tuple[type[Deptree], tuple[str, ...]]] = [
    (Deptree, ()),
    (Deptree, ("preset=paper", *SMALL, "epochs=3")),
    (Deptree, ("fragments=bigrams",)),
    (Defrag, ()),
    (Defrag, ("global_fragment=false", "calibrate=false")),
    (Defrag, ("preset=paper", *SMALL, "epochs=3")),
]
ODD = ParsedSentence([], [], [])
DOG = ParsedSentence(["dog"], [ROOT], ["ROOT"])
UNKNOWN = ParsedSentence(["xyzzy", "plugh"], [1, ROOT], ["amod", "ROOT"])
LONG = bigrams(["dog", "and"] * 100)


@cache
def fitted(kind: type[Deptree], pairs: tuple[str, ...], seed: int = 0) -> Deptree:
    backend = kind(parse_options(kind.Options, [*SMALL, "epochs=3", *pairs], owner=kind.name))
    keeper = Keeper(seed)
    backend.fit(parsed_scenes(64), parsed_scenes(32, seed=1), keeper.context())
    assert keeper.kept is not None
    return kind.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def matrix(backend: Deptree, examples: Examples, sentences: Sequence[Sequence[str]] | None = None) -> Tensor:
    found = backend.embed_fragments(sentences or examples.sentences)
    regions = backend.embed_regions(examples.features, examples.counts)
    return score_matrix(regions, found.vectors, found.lengths, examples.counts, scoring=backend.scoring)


@pytest.mark.parametrize("kind", [Deptree, Defrag])
def test_the_registry_finds_them_by_name_as_aligners_that_need_trees(kind: type[Backend]) -> None:
    assert Registry().get("backends", kind.name) is kind
    assert abilities(kind) == ["aligner"]
    assert kind.required(kind.Options()).parses
    assert not kind.required(parse_options(kind.Options, ["fragments=bigrams"])).parses


def test_the_paper_scores_edges_between_known_words_and_edges_without_them_where_there_are_no_others() -> None:
    sentences = [
        ParsedSentence(["a", "red", "xyzzy", "dog"], [3, 3, 3, ROOT], ["det", "amod", "amod", "ROOT"]),
        ParsedSentence(["xyzzy", "dog"], [1, ROOT], ["amod", "ROOT"]),
        ODD,
    ]
    vocabulary, relations = Vocabulary(("a", "red", "dog")), Vocabulary(("det", "amod"))
    edges = encode_edges(sentences, vocabulary, relations, every=False)
    assert edges.heads.tolist() == [3, 3, 3, ROOT, 5, ROOT, ROOT]
    assert edges.relations.tolist() == [1, 2, 2, 0, 2, 0, 0]
    assert edges.scored.tolist() == [True, True, False, False, True, True, True]
    assert encode_edges(sentences, vocabulary, relations, every=True).scored.all()


def test_an_edge_is_a_map_of_head_and_dependent_with_a_bias_of_its_relation() -> None:
    layer = EdgeMap(4, 5, 3)
    layer.reset(torch.Generator().manual_seed(0))
    torch.nn.init.normal_(layer.bias)
    sentence = ParsedSentence(["red", "dog", "dog"], [1, ROOT, 1], ["amod", "ROOT", "amod"])
    edges = encode_edges([sentence], Vocabulary(("dog", "red")), Vocabulary(("amod", "ROOT")), every=True)
    x, place = torch.randn(2, 4), torch.tensor([1, 0, 0])
    vectors, rows = layer(x, place, edges)
    w_dependent, w_head = layer.of_dependent.weight, layer.of_head.weight
    expected = torch.stack(
        [
            w_dependent @ x[1] + w_head @ x[0] + layer.bias[1],
            w_dependent @ x[0] + layer.bias[2],
            w_dependent @ x[0] + w_head @ x[0] + layer.bias[1],
        ]
    )
    torch.testing.assert_close(vectors[rows], expected)


def test_equal_edges_are_computed_once() -> None:
    layer = EdgeMap(4, 5, 3)
    edges = encode_edges([DOG, DOG, DOG], Vocabulary(("dog",)), Vocabulary(("ROOT",)), every=True)
    vectors, rows = layer(torch.randn(1, 4), torch.zeros(3, dtype=torch.int64), edges)
    assert len(vectors) == 1
    assert rows.tolist() == [0, 0, 0]


def test_rare_relations_are_one_kind() -> None:
    sentence = ParsedSentence(["a"] * 10, [ROOT, *[0] * 9], ["ROOT", *["det"] * 8, "odd"])
    assert relation_kinds([sentence], 0.2).words == ("det",)
    assert relation_kinds([sentence], 0.0).words == ("det", "ROOT", "odd")
    assert relation_kinds([sentence], 0.0, roots=False).words == ("det", "odd")


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("margin", [1.0, 0.3])
def test_the_fragment_cost_is_the_papers(instances: bool, margin: float) -> None:
    generator = torch.Generator().manual_seed(4)
    products = torch.randn(5, 3, 4, generator=generator)
    products[2, 1] = -products[2, 1].abs()  # no region of its own image is positive
    counts = torch.tensor([4, 3, 1])
    rows, image_of = torch.tensor([0, 1, 2, 2, 4]), torch.tensor([0, 0, 1, 2, 2])
    products *= torch.arange(4) < counts[:, None]
    costs = fragment_cost(products, rows, image_of, counts, instances, margin)
    for fragment, (row, own) in enumerate(zip(rows.tolist(), image_of.tolist(), strict=True)):
        labels = {}
        for image in range(3):
            for region in range(int(counts[image])):
                positive = image == own and (not instances or float(products[row, image, region]) > 0)
                labels[image, region] = 1 if positive else -1
        if 1 not in labels.values():
            labels[own, int(products[row, own, : counts[own]].argmax())] = 1
        total = 0.0
        for sign in (1, -1):
            cells = [cell for cell, label in labels.items() if label == sign]
            total += sum(max(0.0, margin - sign * float(products[row][cell])) for cell in cells) / len(cells)
        assert costs[fragment] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(("kind", "pairs"), KINDS)
def test_scores_do_not_depend_on_the_company_that_sentences_and_images_keep(
    kind: type[Deptree], pairs: tuple[str, ...]
) -> None:
    backend, examples = fitted(kind, pairs), parsed_scenes(10, seed=2)
    count = int(examples.counts[3])
    alone = Examples(examples.features[3:4, :count], examples.counts[3:4], LAYOUT, [], torch.zeros(0))
    together = matrix(backend, examples, [*examples.sentences[:2], LONG, ODD])
    torch.testing.assert_close(
        matrix(backend, alone, [examples.sentences[1]]), together[3:4, 1:2], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(("kind", "pairs"), KINDS)
def test_the_engine_gives_the_score_that_training_ranked_with(kind: type[Deptree], pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(kind, pairs), parsed_scenes(10, seed=2)
    network = backend._fitted()
    with torch.inference_mode():
        regions = network.embed_regions(examples.features, examples.counts)
        sentences = network.embed_sentences(backend.encode(examples.sentences))
        local, whole = network.scores(regions, sentences, examples.counts)
        expected = local if whole is None else local + whole + backend.lift
        if backend._calibration is not None:
            of_photos = backend._calibration.of_photos(network, regions, examples.counts, torch.float32)
            expected = expected - of_photos[:, None]
            expected = expected - backend._calibration.of_sentences(network, sentences, torch.float32)
    torch.testing.assert_close(matrix(backend, examples), expected, rtol=1e-4, atol=1e-4)


def test_the_two_scores_are_the_equations() -> None:
    plain = ("normalise=false", "salience=false", "votes=false", "word_weights=false", "class_words=false")
    plain = (*plain, "global_fragment=false", "calibrate=false", "words_on_frame=true", "length_power=1")
    sentences, examples = [DOG, bigrams(["a", "dog", "and"])], parsed_scenes(6, seed=2)
    for kind, pairs in ((Deptree, (*plain, "length_power=0")), (Defrag, (*plain, "smoothing=4"))):
        backend = fitted(kind, pairs)
        with torch.no_grad():
            found = backend._fitted().embed_sentences(backend.encode(sentences))
        v = backend.embed_regions(examples.features, examples.counts)
        scores = matrix(backend, examples, sentences)
        for image, count in enumerate(examples.counts.tolist()):
            products = v[image, :count] @ found.local[found.rows].t()
            for sentence, edges in enumerate((products[:, :1], products[:, 1:])):
                expected = edges.amax(dim=0).sum() if kind is Deptree else edges.relu().sum() / (edges.shape[1] + 4)
                torch.testing.assert_close(scores[image, sentence], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "pairs"), KINDS)
def test_an_edge_belongs_to_its_dependents_token(kind: type[Deptree], pairs: tuple[str, ...]) -> None:
    backend = fitted(kind, pairs)
    found = backend.embed_fragments([ParsedSentence(["a", "dog", "cat"], [1, ROOT, 1], ["det", "ROOT", "conj"])])
    tokens = [token for token in found.token_index.tolist() if token >= 0]
    paper = "preset=paper" in pairs
    assert tokens == ([0, 2] if paper else [0, 1, 2])


@pytest.mark.parametrize(("kind", "pairs"), KINDS)
def test_odd_sentences_and_a_photo_with_one_region_have_scores(kind: type[Deptree], pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(kind, pairs), parsed_scenes(4)
    single = Examples(examples.features[:, :1], torch.ones_like(examples.counts), LAYOUT, [], torch.zeros(0))
    odd = [ODD, UNKNOWN, DOG, LONG]
    assert (backend.embed_fragments(odd).lengths >= 1).all()
    for photos in (examples, single):
        assert torch.isfinite(matrix(backend, photos, odd)).all()


@pytest.mark.parametrize("kind", [Deptree, Defrag])
def test_a_sentence_without_a_tree_is_refused(kind: type[Deptree]) -> None:
    with pytest.raises(DataError, match="'a dog' has no dependency tree"):
        fitted(kind, ()).embed_fragments([["a", "dog"]])


def test_bigrams_need_no_tree() -> None:
    backend = fitted(Deptree, ("fragments=bigrams",))
    torch.testing.assert_close(
        matrix(backend, scenes(5), [["a", "dog"]]), matrix(backend, scenes(5), [bigrams(["a", "dog"])])
    )


@pytest.mark.parametrize(("kind", "pairs"), KINDS)
def test_the_same_seed_gives_the_same_scores_and_another_seed_others(
    kind: type[Deptree], pairs: tuple[str, ...]
) -> None:
    examples = parsed_scenes(6, seed=2)
    first = matrix(fitted(kind, pairs), examples)
    assert torch.equal(matrix(fitted.__wrapped__(kind, pairs), examples), first)
    assert not torch.equal(matrix(fitted(kind, pairs, seed=1), examples), first)


@pytest.mark.parametrize(("kind", "pairs"), KINDS)
def test_state_and_from_state_give_the_same_scores(kind: type[Deptree], pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(kind, pairs), parsed_scenes(6, seed=2)
    again = kind.from_state(backend.options, *backend.state(), torch.device("cpu"))
    assert torch.equal(matrix(again, examples), matrix(backend, examples))


def test_words_and_relations_of_the_validation_sentences_are_not_learned() -> None:
    val = parsed_scenes(24, seed=1)
    unseen = [ParsedSentence([*s, "unseen"], [*s.heads, 1], [*s.relations, "new"]) for s in val.sentences]
    val = Examples(val.features, val.counts, LAYOUT, unseen, val.sentence_image)
    backend = Deptree(parse_options(Deptree.Options, [*SMALL, "epochs=1", "rare_relation=0"]))
    backend.fit(parsed_scenes(64), val, Keeper().context())
    values = backend.state()[1]
    assert "unseen" not in values["words"]
    assert values["relations"] == ["ROOT", "conj", "det"]


def test_a_recurrence_over_edges_is_refused() -> None:
    with pytest.raises(UserError, match="edges have no recurrence"):
        parse_options(Deptree.Options, ["recurrence=gru"], owner="deptree")


@pytest.mark.parametrize("kind", [Deptree, Defrag])
def test_it_learns_which_region_an_edge_means(kind: type[Deptree]) -> None:
    pairs = ("epochs=20", "dropout=0", "word_dropout=0", "words_on_frame=true", "votes=false")
    backend = kind(parse_options(kind.Options, [*SMALL, *pairs]))
    backend.fit(parsed_scenes(240), parsed_scenes(32, seed=1), Keeper().context())
    examples, right, total = parsed_scenes(40, seed=5), 0, 0
    look = torch.randn(len(THINGS), 16, generator=torch.Generator().manual_seed(99))
    regions = backend.embed_regions(examples.features, examples.counts)
    for sentence, row in zip(examples.sentences, examples.sentence_image.tolist(), strict=True):
        count = int(examples.counts[row])
        thing = ParsedSentence([sentence[1]], [ROOT], ["ROOT"])
        scores = backend.embed_fragments([thing]).vectors[0] @ regions[row, 1:count].t()
        shown = torch.cdist(examples.features[row, 1:count, :16], look).argmin(dim=1)
        right += THINGS[int(shown[int(scores.argmax())])] == sentence[1]
        total += 1
    assert right / total > 0.9


def test_products_beyond_an_images_regions_are_zero() -> None:
    products = region_products(torch.ones(2, 3), torch.ones(2, 4, 3), torch.tensor([4, 1]))
    assert products[0].tolist() == [[3, 3, 3, 3], [3, 0, 0, 0]]
