"""The scan backend: its attention beside the equations written out, its scores as a ranker, its training and state."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cosine_similarity, leaky_relu, normalize

from vsa_toolkit.alignment.losses import contrastive, hardest, hinge
from vsa_toolkit.backend import Examples, Layout, abilities
from vsa_toolkit.checkpoint import load_backend, save_backend
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.options import parse_options
from vsa_toolkit.plugins.scan import Scan, ScanOptions, attention
from vsa_toolkit.plugins.scan.attention import Attention, attention_logits, attention_scores
from vsa_toolkit.registry import Registry
from vsa_toolkit.scorer import make_scorer
from vsa_toolkit.training import Batch

from .simulated import Keeper
from .simulated import scenes as photos

SMALL = ("dimension=12", "word_dimension=9", "min_count=1", "images=16")
KINDS = [
    (),
    ("direction=i2t",),
    ("pool=logsumexp", "recurrence=lstm"),
    ("direction=i2t", "pool=logsumexp"),
    ("hardest_after=none",),
    ("preset=paper",),
    ("calibrate=false",),
]
every_kind = pytest.mark.parametrize("pairs", KINDS)
LONG = ["dog", "and"] * 100
HOW = [Attention(d, 7.0, pool, 5.0) for d in ("t2i", "i2t") for pool in ("mean", "logsumexp")]  # type: ignore[arg-type]


def scenes(images: int, seed: int = 0) -> Examples:
    examples = photos(images, seed)
    features = examples.features[:, :, :16]
    return Examples(features, examples.counts, Layout(16), examples.sentences, examples.sentence_image)


def trained(pairs: Sequence[str], seed: int = 0) -> tuple[Scan, Keeper]:
    keeper = Keeper(seed)
    backend = Scan(parse_options(ScanOptions, ["epochs=2", *SMALL, *pairs], owner="scan"))
    backend.fit(scenes(64), scenes(32, seed=1), keeper.context())
    assert keeper.kept is not None
    return backend, keeper


@cache
def fitted(pairs: tuple[str, ...]) -> Scan:
    backend, keeper = trained(pairs)
    return Scan.from_state(backend.options, *keeper.kept, torch.device("cpu"))


def score(backend: Scan, examples: Examples, sentences: Sequence[Sequence[str]]) -> Tensor:
    return backend.score(examples.features, examples.counts, sentences)


def written_out(words: Tensor, lengths: Tensor, regions: Tensor, counts: Tensor, how: Attention) -> Tensor:
    """Pair by pair, with the attended vectors that the backend never makes."""
    rows = []
    for v in (image[:count] for image, count in zip(regions, counts.tolist(), strict=True)):
        row = []
        for s in torch.split(words, lengths.tolist()):
            x = s @ v.t()
            positive = leaky_relu(x, 0.1)
            if how.direction == "t2i":
                weights = (how.sharpness * positive / positive.norm(dim=0, keepdim=True)).softmax(dim=1)
                cosines = cosine_similarity(s, weights @ v)
            else:
                weights = (how.sharpness * positive / positive.norm(dim=1, keepdim=True)).softmax(dim=0)
                cosines = cosine_similarity(v, weights.t() @ s)
            row.append(
                cosines.mean()
                if how.pool == "mean"
                else torch.logsumexp(how.pool_sharpness * cosines, dim=0) / how.pool_sharpness
            )
        rows.append(torch.stack(row))
    return torch.stack(rows)


def some_vectors(lengths: Sequence[int], counts: Sequence[int], seed: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    words = normalize(torch.randn(sum(lengths), 8, generator=generator), dim=1)
    regions = normalize(torch.randn(len(counts), max(counts), 8, generator=generator), dim=2)
    there = torch.arange(max(counts))[None, :] < torch.tensor(counts)[:, None]
    return words, torch.tensor(lengths), regions * there[..., None], torch.tensor(counts)


def scores_of(words: Tensor, lengths: Tensor, regions: Tensor, counts: Tensor, how: Attention) -> Tensor:
    x = (words @ regions.flatten(0, 1).t()).view(len(words), *regions.shape[:2])
    return attention_scores(x, words, lengths, regions, counts, how)


# Attention ------------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from(HOW),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_scores_are_the_papers_equations(lengths: list[int], counts: list[int], how: Attention, seed: int) -> None:
    vectors = some_vectors(lengths, counts, seed)
    products = (vectors[0] @ vectors[2].flatten(0, 1).t()).abs()
    assume(products[products > 0].min() > 1e-3)  # a norm of next to nothing is as good as any
    torch.testing.assert_close(scores_of(*vectors, how), written_out(*vectors, how), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", HOW)
def test_gradients_are_those_of_the_equations(how: Attention) -> None:
    words, lengths, regions, counts = some_vectors([1, 4, 2], [3, 1, 2], seed=3)
    there = (torch.arange(3)[None, :] < counts[:, None])[..., None]
    weight = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    raw = [(2 * vectors).requires_grad_() for vectors in (words, regions)]
    found, wanted = (
        torch.autograd.grad(
            (function(normalize(raw[0], dim=1), lengths, normalize(raw[1], dim=2) * there, counts, how) * weight).sum(),
            raw,
        )
        for function in (scores_of, written_out)
    )
    for mine, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", HOW)
def test_how_many_sentences_are_worked_on_at_a_time_changes_nothing(
    how: Attention, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = some_vectors([3, 1, 9, 2, 2, 5], [4, 2, 5], seed=1)
    whole = scores_of(*vectors, how)
    for most in (1, 60, 100):
        monkeypatch.setitem(attention.VALUES, "cpu", most)
        torch.testing.assert_close(scores_of(*vectors, how), whole)


def test_a_word_attends_to_the_only_region_there_is() -> None:
    words, lengths, regions, counts = some_vectors([1], [1], seed=0)
    x = float(words[0] @ regions[0, 0])
    assert float(scores_of(words, lengths, regions, counts, Attention("t2i"))) == pytest.approx(x, abs=1e-6)
    assert float(scores_of(words, lengths, regions, counts, Attention("i2t"))) == pytest.approx(x, abs=1e-6)


def test_logits_are_each_regions_cosines_over_their_norm_in_the_sentence() -> None:
    x = torch.tensor([[3.0, -0.5], [4.0, 1.0], [2.0, 0.0]])
    logits = attention_logits(x, torch.tensor([2, 1]))
    expected = [[0.6, -0.05 / (0.05**2 + 1) ** 0.5], [0.8, 1 / (0.05**2 + 1) ** 0.5], [1.0, 0.0]]
    torch.testing.assert_close(logits, torch.tensor(expected))


# The backend ----------------------------------------------------------------------------------------------


def test_the_registry_finds_it_by_name_and_as_a_ranker() -> None:
    assert Registry().get("backends", "scan") is Scan
    assert abilities(Scan) == ["ranker"]
    assert Scan.required(ScanOptions()).features == "regions"


def test_each_direction_has_the_authors_sharpness_where_none_is_stated() -> None:
    assert (ScanOptions().sharpness, ScanOptions().pool_sharpness) == (9, 6)
    other = parse_options(ScanOptions, ["direction=i2t", "sharpness=7"], owner="scan")
    assert (other.sharpness, other.pool_sharpness) == (7, 5)
    assert ScanOptions.model_validate(other.model_dump(mode="json")) == other
    with pytest.raises(UserError, match="direction"):
        parse_options(ScanOptions, ["directions=i2t"], owner="scan")


@every_kind
def test_a_sentences_scores_do_not_depend_on_its_batch(pairs: tuple[str, ...]) -> None:
    backend, examples = fitted(pairs), scenes(10, seed=2)
    sentences = [["dog"], *examples.sentences, LONG, [], ["xyzzy"]]
    together = score(backend, examples, sentences)
    for place in (0, 1, 5, len(sentences) - 3, len(sentences) - 2, len(sentences) - 1):
        alone = score(backend, examples, [sentences[place]])
        torch.testing.assert_close(alone, together[:, place : place + 1], rtol=1e-5, atol=1e-5)
    count = int(examples.counts[3])
    one = backend.score(examples.features[3:4, :count], examples.counts[3:4], sentences)
    torch.testing.assert_close(one, together[3:4], rtol=1e-5, atol=1e-5)


@every_kind
def test_odd_sentences_and_photos_with_one_region_have_finite_scores(pairs: tuple[str, ...]) -> None:
    odd = [[], ["xyzzy"], ["xyzzy", "plugh"], ["dog"], LONG]
    examples = scenes(4)
    one_region = Examples(
        examples.features, torch.tensor([1, 1, 3, 2]), examples.layout, odd, torch.tensor([0, 0, 1, 2, 3])
    )
    scorer = make_scorer(fitted(pairs), odd)
    assert np.isfinite(scorer.scores(one_region, [0, 1, 2, 3])).all()
    words, own = scorer.word_scores(one_region, [0, 1, 2, 3])
    assert words.shape == (sum(map(len, odd)), 6)
    assert own == [0, 1, 2, 3, 4]
    there = np.concatenate([np.repeat(one_region.counts[[0, 0, 1, 2, 3]].numpy(), [len(s) for s in odd])])
    assert (np.isfinite(words).sum(axis=1) == there).all()


@every_kind
def test_odd_sentences_and_photos_with_one_region_can_be_trained_on(pairs: tuple[str, ...]) -> None:
    train = scenes(64)
    counts = train.counts.clone()
    counts[:4] = 1
    sentences = [[], ["xyzzy"], ["dog"], LONG, *train.sentences[4:]]
    keeper = Keeper()
    backend = Scan(parse_options(ScanOptions, [*SMALL, *pairs, "epochs=1"], owner="scan"))
    odd = Examples(train.features, counts, train.layout, sentences, train.sentence_image)
    backend.fit(odd, scenes(8, seed=1), keeper.context())
    assert keeper.kept is not None
    assert all(torch.isfinite(tensor).all() for tensor in keeper.kept[0].values())


def test_words_are_scored_with_regions_alike_whatever_sentences_are_beside_them() -> None:
    for pairs in KINDS[:2]:
        backend, examples = fitted(pairs), scenes(3, seed=2)
        sentences = [["dog"], ["a", "cat", "ball"], []]
        together = backend.word_region_scores(examples.features, examples.counts, sentences)
        alone = backend.word_region_scores(examples.features[1:2], examples.counts[1:2], sentences[1:2])
        torch.testing.assert_close(together[1:], alone, rtol=1e-5, atol=1e-5, equal_nan=True)


@every_kind
def test_a_checkpoint_saved_and_loaded_gives_identical_scores(pairs: tuple[str, ...], tmp_path: Path) -> None:
    backend, examples = fitted(pairs), scenes(6, seed=2)
    save_backend(backend, examples.layout, tmp_path)
    again, _ = load_backend(Scan, backend.options.model_dump(mode="json"), tmp_path, torch.device("cpu"))
    assert isinstance(again, Scan)
    assert torch.equal(score(again, examples, examples.sentences), score(backend, examples, examples.sentences))


@pytest.mark.parametrize("pairs", KINDS[:2])
def test_the_same_seed_gives_the_same_weights_and_another_one_others(pairs: tuple[str, ...]) -> None:
    first, second, other = (trained((*pairs, "epochs=1"), seed)[1].kept for seed in (0, 0, 1))
    assert first is not None
    assert second is not None
    assert other is not None
    assert all(torch.equal(tensor, second[0][name]) for name, tensor in first[0].items())
    assert any(not torch.equal(tensor, other[0][name]) for name, tensor in first[0].items())


def test_an_interrupted_training_ends_with_the_same_weights() -> None:
    _, whole = trained(())
    backend, keeper = Scan(fitted(()).options), Keeper(stop_after=7)
    backend.fit(scenes(64), scenes(32, seed=1), keeper.context())
    assert len(keeper.curve) < 2
    again = Keeper()
    again.kept, again.progress = keeper.kept, keeper.progress
    Scan(backend.options).fit(scenes(64), scenes(32, seed=1), again.context())
    assert whole.kept is not None
    assert again.kept is not None
    assert all(torch.equal(tensor, again.kept[0][name]) for name, tensor in whole.kept[0].items())


def test_what_validation_scores_is_what_the_scorer_gives() -> None:
    for pairs in ((), ("calibrate=false",)):
        backend, examples = fitted(pairs), scenes(20, seed=2)
        scorer = make_scorer(backend, examples.sentences)
        with torch.inference_mode():
            validated = backend.split_scores(examples)
        torch.testing.assert_close(validated, torch.as_tensor(scorer.scores(examples, list(range(20)))))


def test_a_calibration_takes_away_what_the_bank_scores() -> None:
    backend, examples = fitted(()), scenes(5, seed=2)
    sentences = [["a", "dog"], ["cat"], []]
    calibration, network, words = backend._calibration, backend.fitted, backend.encode(sentences)
    assert calibration is not None
    bank = calibration.tensors
    with torch.inference_mode():
        seen = (network.embed_regions(examples.features, examples.counts), examples.counts)
        read = (network.embed_words(words), words.lengths)
        plain = network.scores(*seen, *read, torch.float32)
        of_images = network.scores(*seen, bank["words"].float(), bank["lengths"], torch.float32)
        of_sentences = network.scores(bank["regions"].float(), bank["counts"], *read, torch.float32)
    assert (len(bank["counts"]), len(bank["lengths"])) == (64, 128)
    expected = plain - calibration.bound(of_sentences, 0) - calibration.bound(of_images, 1)[:, None]
    torch.testing.assert_close(score(backend, examples, sentences), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("direction", ["t2i", "i2t"])
def test_it_learns_which_sentence_belongs_to_which_photo(direction: str) -> None:
    keeper = Keeper()
    pairs = ["dimension=32", "word_dimension=16", "min_count=1", "images=32", "epochs=10", "rate=0.01"]
    backend = Scan(parse_options(ScanOptions, [*pairs, f"direction={direction}"], owner="scan"))
    backend.fit(scenes(240), scenes(60, seed=1), keeper.context())
    assert keeper.curve[-1]["recall"] > 60, keeper.curve  # chance: 17


def test_words_of_validation_sentences_are_not_learnt() -> None:
    val = scenes(16, seed=1)
    renamed = [["unseen", *sentence] for sentence in val.sentences]
    keeper = Keeper()
    backend = Scan(parse_options(ScanOptions, [*SMALL, "epochs=1"], owner="scan"))
    backend.fit(
        scenes(32), Examples(val.features, val.counts, val.layout, renamed, val.sentence_image), keeper.context()
    )
    assert keeper.kept is not None
    assert "unseen" not in keeper.kept[1]["words"]  # type: ignore[operator]


def test_an_exploding_loss_stops_and_names_the_step() -> None:
    train = scenes(32)
    broken = train.features.clone()
    broken[5] = float("inf")
    examples = Examples(broken, train.counts, train.layout, train.sentences, train.sentence_image)
    with pytest.raises(DataError, match=r"the loss became nan at step \d+ \(epoch 1\)"):
        Scan(parse_options(ScanOptions, SMALL)).fit(examples, scenes(8), Keeper().context())


def test_the_loss_is_that_of_hard_negatives_once_training_has_begun() -> None:
    scores, owner = torch.rand(4, 8, generator=torch.Generator().manual_seed(0)), torch.arange(8) // 2
    early, late = (Batch(torch.zeros(4, 1, 1), torch.ones(4), [], owner, epoch) for epoch in (0, 9))
    hard, soft = Scan(ScanOptions(hardest_after=2)), Scan(ScanOptions(hardest_after=None, first_loss="hinge"))
    assert torch.equal(hard.loss(scores, early), contrastive(scores * 20, owner))
    assert torch.equal(hard.loss(scores, late), hardest(scores, owner, 0.2))
    assert torch.equal(soft.loss(scores, late), hinge(scores, owner, 0.2))
