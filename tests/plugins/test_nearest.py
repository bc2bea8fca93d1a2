"""The nearest backend: sentences of similar photos, and snippets that fit regions under an alignment model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.backend import Backend, Examples, Layout, abilities
from vsa_toolkit.checkpoint import load_backend, save_backend
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.options import parse_options
from vsa_toolkit.plugins.brnn import Brnn
from vsa_toolkit.plugins.deptree import Deptree
from vsa_toolkit.plugins.nearest.backend import Nearest
from vsa_toolkit.plugins.nearest.consensus import NgramSets
from vsa_toolkit.registry import Registry

from .simulated import LAYOUT, THINGS, Keeper, parsed_scenes, scenes

SENTENCES = [
    ["a", "dog", "runs"], ["a", "dog", "runs", "fast"], ["zebras"],
    ["a", "cat"], ["the", "cat", "sleeps"],
    ["a", "boat"],
]  # fmt: skip
EVERY = ("train_on=regions", "min_words=1", "min_count=1")
OWNERS = torch.tensor([0, 0, 0, 1, 1, 3])


def photos() -> Examples:
    """Four photos along a line; the third has no sentence."""
    places = torch.tensor([0.0, 1.0, 2.0, 5.0])[:, None, None].expand(-1, 1, 2)
    return Examples(places.clone(), torch.ones(4, dtype=torch.int64), Layout(2), SENTENCES, OWNERS)


def fitted(pairs: Sequence[str], train: Examples | None = None, aligner: Backend | None = None) -> Nearest:
    keeper = Keeper()
    context = keeper.context()
    context.aligner = aligner
    backend = Nearest(parse_options(Nearest.Options, pairs, owner="nearest"))
    backend.fit(train or photos(), train or photos(), context)
    assert keeper.kept is not None
    return Nearest.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def test_the_registry_finds_it_by_name_as_a_captioner() -> None:
    assert Registry().get("backends", "nearest") is Nearest
    assert abilities(Nearest) == ["captioner"]
    assert not Nearest.required(Nearest.Options()).alignments
    assert Nearest.required(parse_options(Nearest.Options, ["train_on=regions"])).aligner


def test_a_photo_gets_a_sentence_of_the_nearest_one_that_has_any() -> None:
    said = fitted([]).caption(torch.tensor([[0.1, 0.1], [2.4, 2.4], [9.0, 9.0]]))
    assert said == ["a dog runs", "a cat", "a boat"]


def test_what_is_nearest_may_be_told_by_the_angle() -> None:
    train = photos()
    train.features[:, 0] = torch.tensor([[10.0, 0.0], [0.1, 0.1], [0.0, 3.0], [0.0, 5.0]])
    item = torch.tensor([[1.0, 0.2]])
    assert fitted([], train).caption(item) == ["a cat"]
    assert fitted(["distance=cosine"], train).caption(item) == ["a dog runs"]


def test_of_several_photos_the_most_typical_sentence_is_taken() -> None:
    assert fitted(["consensus=2"]).caption(torch.tensor([[1.0, 1.0]])) == ["a dog runs"]


def test_more_neighbours_than_photos_are_all_of_them() -> None:
    assert fitted(["consensus=99"]).caption(torch.zeros(1, 2)) == ["a dog runs"]


def test_captions_do_not_depend_on_the_batch() -> None:
    train = scenes(60)
    ones = torch.ones_like(train.counts)
    backend = fitted(
        ["consensus=5"], Examples(train.features[:, :1], ones, LAYOUT, train.sentences, train.sentence_image)
    )
    items = scenes(20, seed=1).features[:, 0]
    assert list(backend.caption(items)) == [backend.caption(item[None])[0] for item in items]


def test_a_training_split_without_sentences_is_refused() -> None:
    train = photos()
    empty = Examples(train.features, train.counts, train.layout, [[]], torch.tensor([0]))
    with pytest.raises(DataError, match="no sentences"):
        fitted([], empty)


def test_the_curve_has_the_bleu_of_the_validation_photos() -> None:
    keeper = Keeper()
    Nearest(Nearest.Options()).fit(photos(), photos(), keeper.context())
    assert [set(point) for point in keeper.curve] == [{"keep", "bleu4"}]
    assert 0 <= keeper.curve[0]["bleu4"] <= 100


# Consensus -------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), min_size=1, max_size=8))
def test_likeness_is_the_mean_overlap_of_ngrams(sentences: list[list[str]]) -> None:
    likeness = NgramSets(sentences).likeness(range(len(sentences)))
    for a, one in enumerate(sentences):
        for b, other in enumerate(sentences):
            total = 0.0
            for n in range(1, 5):
                left, right = ({tuple(s[i : i + n]) for i in range(len(s) - n + 1)} for s in (one, other))
                total += 2 * len(left & right) / max(len(left) + len(right), 1)
            assert likeness[a, b] == pytest.approx(total / 4)


def test_the_most_typical_sentence_is_that_most_like_the_others_itself_not_counted() -> None:
    sets = NgramSets([["x"], ["a", "b", "c"], ["a", "b", "d"], ["a", "b", "c", "d"], ["y"]])
    assert sets.most_typical([0, 1, 2, 3, 4]) == 3
    assert sets.most_typical([0, 4]) == 0
    assert sets.most_typical([4]) == 4


def test_only_the_most_alike_need_to_be_like_it() -> None:
    pair = [["p", "q", "r"], ["p", "q", "r"]]
    crowd = [["a", "b", "c"], ["a", "b", "d"], ["a", "b", "e"], ["a", "b", "f"]]
    sets = NgramSets([*crowd, *pair])
    assert sets.most_typical(range(6)) < 4
    assert sets.most_typical(range(6), most_alike=1) == 4


# Snippets --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aligner() -> Brnn:
    small = ["dimension=24", "global_dimension=16", "bottleneck=24", "min_count=1", "images=16", "epochs=30"]
    backend = Brnn(parse_options(Brnn.Options, small, owner="brnn"))
    keeper = Keeper()
    backend.fit(scenes(96), scenes(32, seed=1), keeper.context())
    assert keeper.kept is not None
    return Brnn.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def region_pairs() -> Examples:
    """Snippets of simulated regions; what they are tied to is not looked at."""
    snippets = [["a", thing] for thing in THINGS] + [["a"], ["a", "a"], ["a", "dog", "a"]]
    rows = torch.zeros(len(snippets), 1, LAYOUT.dimension)
    ones = torch.ones(len(snippets), dtype=torch.int64)
    return Examples(rows, ones, LAYOUT, snippets, torch.arange(len(snippets)))


def regions_showing(thing: int, count: int = 8) -> torch.Tensor:
    """Regions as `scenes` simulates them."""
    look = torch.randn(len(THINGS), 16, generator=torch.Generator().manual_seed(99))
    regions = torch.zeros(count, LAYOUT.dimension)
    noise = torch.randn(count, 16, generator=torch.Generator().manual_seed(thing))
    regions[:, :16] = look[thing] + 0.1 * noise
    regions[:, 16:23] = torch.tensor([0.2, 0.2, 0.5, 0.5, 0.3, 0.3, 0.09])
    if thing < 4:
        regions[:, 23 + thing] = 0.7
    return regions


def test_a_region_gets_the_snippet_that_fits_it_best(aligner: Brnn) -> None:
    backend = fitted(EVERY, region_pairs(), aligner)
    right = [said == f"a {thing}" for n, thing in enumerate(THINGS) for said in backend.caption(regions_showing(n))]
    assert sum(right) / len(right) > 0.8


def test_the_score_of_a_snippet_is_the_sum_over_its_words_divided_by_a_power_of_their_number(aligner: Brnn) -> None:
    region = regions_showing(0, 1)
    for power in (0.0, 1.0):
        backend = fitted([*EVERY, f"length_power={power}"], region_pairs(), aligner)
        frame = region.clone()
        frame[:, 16:] = 0
        frame[:, 18:23] = 1.0
        with torch.inference_mode():
            v = aligner.embed_regions(torch.stack([frame, region], dim=1), torch.tensor([2]))[0, 1]
            best, value = "", -torch.inf
            for snippet in backend._sentences:
                found = aligner.embed_fragments([snippet])
                words = found.vectors[found.token_index >= 0]
                score = float((words @ v).sum()) / len(words) ** power
                if score > value:
                    best, value = " ".join(snippet), score
        assert backend.caption(region) == [best]


def test_snippets_of_stop_words_too_short_or_too_rare_are_left_out(aligner: Brnn) -> None:
    pairs = region_pairs()
    often = Examples(
        torch.cat([pairs.features] * 2), torch.cat([pairs.counts] * 2), LAYOUT,
        [*pairs.sentences, *pairs.sentences[:3], *[["cat"]] * 8], torch.arange(22),
    )  # fmt: skip
    assert all(s != "a" for s in fitted(EVERY, often, aligner).state()[1]["sentences"])
    few = fitted(["train_on=regions", "min_count=2", "min_words=2"], often, aligner)
    assert few.state()[1]["sentences"] == ["a dog", "a cat", "a ball"]
    with pytest.raises(DataError, match="no snippet"):
        fitted(["train_on=regions", "min_count=99"], often, aligner)


def test_regions_need_a_model_that_compares_them_with_words(aligner: Brnn) -> None:
    with pytest.raises(UserError, match="--from-run"):
        fitted(EVERY, region_pairs())
    trees = Deptree(
        parse_options(
            Deptree.Options,
            ["dimension=8", "global_dimension=8", "bottleneck=8", "min_count=1", "epochs=1", "images=16"],
        )
    )
    trees.fit(parsed_scenes(32), parsed_scenes(16, seed=1), Keeper().context())
    with pytest.raises(UserError, match="deptree"):
        fitted(EVERY, region_pairs(), trees)


@pytest.mark.parametrize("on", ["frame", "regions"])
def test_a_checkpoint_saved_and_loaded_says_the_same(on: str, aligner: Brnn, tmp_path: Path) -> None:
    train = region_pairs() if on == "regions" else photos()
    backend = fitted(EVERY if on == "regions" else [], train, aligner)
    save_backend(backend, train.layout, tmp_path)
    again, _ = load_backend(Nearest, backend.options.model_dump(mode="json"), tmp_path, torch.device("cpu"))
    items = regions_showing(2) if on == "regions" else train.features[:, 0]
    assert list(again.caption(items)) == list(backend.caption(items))
