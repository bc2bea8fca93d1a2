"""The scoring engine against a naive loop, and the rules that any score matrix must obey."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vsa_toolkit.alignment import score_matrix, tiles
from vsa_toolkit.backend import Scoring
from vsa_toolkit.errors import DataError

RULES = [
    Scoring(reduce, normalise) for reduce in ("max", "thresholded_sum") for normalise in ("none", "mean", "smoothed")
]


def naive(regions: Tensor, fragments: Tensor, lengths: list[int], counts: list[int], rule: Scoring) -> Tensor:
    """The definition, one pair at a time, in double precision."""
    scores = torch.zeros(len(regions), len(lengths), dtype=torch.float64)
    parts = fragments.double().split(lengths)
    for k, count in enumerate(counts):
        for j, part in enumerate(parts):
            products = part @ regions[k, :count].double().T
            best = products.amax(1) if rule.reduce == "max" else products.clamp(min=0).sum(1)
            divisor = {"none": 1.0, "mean": len(part), "smoothed": len(part) + rule.smoothing}[rule.normalise]
            scores[k, j] = best.sum() / divisor
    return scores


def problem(seed: int, images: int, most: int, sentences: int, d: int, shift: float = 0.0):
    """Random vectors; the padding holds NaN, so that a look at it shows."""
    g = torch.Generator().manual_seed(seed)
    counts = torch.randint(1, most + 1, (images,), generator=g)
    lengths = torch.randint(1, 9, (sentences,), generator=g)
    regions = torch.randn(images, most, d, generator=g).abs() + shift
    regions[torch.arange(most) >= counts[:, None]] = torch.nan
    fragments = torch.randn(int(lengths.sum()), d, generator=g)
    return regions, fragments, lengths, counts


problems = st.builds(
    problem,
    seed=st.integers(0, 10_000),
    images=st.integers(1, 12),
    most=st.integers(1, 7),
    sentences=st.integers(1, 12),
    d=st.integers(1, 9),
)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles so small that sentences reach over several of them."""
    monkeypatch.setattr(tiles, "TILE_FRAGMENTS", {"cpu": 5})
    monkeypatch.setattr(tiles, "TILE_COLUMNS", {"cpu": 9})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.reduce}-{rule.normalise}")
@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_the_definition(rule: Scoring, seed: int) -> None:
    regions, fragments, lengths, counts = problem(seed, 23, 6, 40, 16)
    expected = naive(regions, fragments, lengths.tolist(), counts.tolist(), rule)
    scores = score_matrix(regions, fragments, lengths, counts, scoring=rule)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.reduce}-{rule.normalise}")
def test_sentences_that_reach_over_several_tiles_are_added_up(rule: Scoring) -> None:
    g = torch.Generator().manual_seed(1)
    lengths = torch.tensor([1, 17, 3, 2, 5, 5, 12, 1, 1])
    regions, fragments = torch.randn(7, 4, 6, generator=g), torch.randn(int(lengths.sum()), 6, generator=g)
    counts = torch.tensor([4, 1, 3, 2, 4, 1, 2])
    expected = naive(regions, fragments, lengths.tolist(), counts.tolist(), rule)
    scores = score_matrix(regions, fragments, lengths, counts, scoring=rule)
    torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=40)
@given(problems, st.randoms(use_true_random=False))
def test_permuting_images_and_sentences_permutes_the_scores(data, random) -> None:
    regions, fragments, lengths, counts = data
    images = random.sample(range(len(regions)), len(regions))
    sentences = random.sample(range(len(lengths)), len(lengths))
    parts = fragments.split(lengths.tolist())
    scores = score_matrix(regions, fragments, lengths, counts)
    shuffled = score_matrix(
        regions[images], torch.cat([parts[j] for j in sentences]), lengths[sentences], counts[images]
    )
    torch.testing.assert_close(shuffled, scores[images][:, sentences])


@settings(max_examples=40)
@given(problems)
def test_a_part_of_the_images_and_sentences_scores_as_in_the_whole(data) -> None:
    regions, fragments, lengths, counts = data
    half, first = (len(regions) + 1) // 2, (len(lengths) + 1) // 2
    part = score_matrix(regions[:half], fragments[: int(lengths[:first].sum())], lengths[:first], counts[:half])
    torch.testing.assert_close(part, score_matrix(regions, fragments, lengths, counts)[:half, :first])


@settings(max_examples=40)
@given(problems, st.integers(1, 5), st.sampled_from(["max", "thresholded_sum"]))
def test_more_padding_changes_nothing(data, extra: int, reduce) -> None:
    regions, fragments, lengths, counts = data
    padded = torch.cat([regions, torch.full((len(regions), extra, regions.shape[2]), 1e30)], 1)
    rule = Scoring(reduce)
    torch.testing.assert_close(
        score_matrix(padded, fragments, lengths, counts, scoring=rule),
        score_matrix(regions, fragments, lengths, counts, scoring=rule),
    )


@settings(max_examples=40)
@given(problems)
def test_padding_is_never_the_maximum_of_negative_scores(data) -> None:
    regions, fragments, lengths, counts = data
    regions = regions + 0.1
    scores = score_matrix(regions, -fragments.abs() - 0.1, lengths, counts)
    assert bool((scores < 0).all())


@settings(max_examples=40)
@given(problems)
def test_the_order_and_repetition_of_regions_do_not_matter(data) -> None:
    regions, fragments, lengths, _ = data
    regions = regions.nan_to_num(0)
    doubled = torch.cat([regions.flip(1), regions], 1)
    torch.testing.assert_close(
        score_matrix(doubled, fragments, lengths), score_matrix(regions, fragments, lengths), rtol=1e-4, atol=1e-5
    )


def test_scaling_the_fragments_scales_the_scores() -> None:
    regions, fragments, lengths, counts = problem(3, 9, 5, 11, 8)
    scores = score_matrix(regions, fragments, lengths, counts)
    torch.testing.assert_close(score_matrix(regions, 4 * fragments, lengths, counts), 4 * scores)


def test_one_region_and_one_word_is_a_dot_product() -> None:
    regions, fragments = torch.randn(5, 1, 8), torch.randn(6, 8)
    scores = score_matrix(regions, fragments, torch.ones(6, dtype=torch.int64))
    torch.testing.assert_close(scores, regions[:, 0] @ fragments.T)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types_are_summed_as_float32(dtype: torch.dtype) -> None:
    regions, fragments, lengths, counts = problem(4, 8, 5, 9, 32)
    regions, fragments = regions.to(dtype), fragments.to(dtype)
    scores = score_matrix(regions, fragments, lengths, counts)
    assert scores.dtype == torch.float32
    expected = naive(regions.float(), fragments.float(), lengths.tolist(), counts.tolist(), Scoring())
    torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=1e-4)


def test_float16_scores_may_pass_the_range_of_float16() -> None:
    regions, fragments = torch.full((1, 1, 512), 60.0).half(), torch.full((1, 512), 60.0).half()
    assert score_matrix(regions, fragments, torch.tensor([1])).item() == 512 * 3600


def test_numpy_arrays_are_taken_too() -> None:
    regions, fragments, lengths, counts = problem(5, 4, 3, 5, 6)
    scores = score_matrix(regions.numpy(), fragments.numpy(), lengths.numpy(), counts.numpy())
    torch.testing.assert_close(scores, score_matrix(regions, fragments, lengths, counts))


def test_the_inputs_are_left_as_they_were() -> None:
    regions, fragments, lengths, counts = problem(6, 4, 3, 5, 6)
    before = regions.clone(), fragments.clone()
    score_matrix(regions, fragments, lengths, counts, scoring=Scoring("thresholded_sum"))
    torch.testing.assert_close((regions, fragments), before, equal_nan=True)


def test_no_sentences_or_no_images_give_an_empty_matrix() -> None:
    nothing = torch.zeros(0, dtype=torch.int64)
    assert score_matrix(torch.randn(3, 2, 4), torch.zeros(0, 4), nothing).shape == (3, 0)
    assert score_matrix(torch.zeros(0, 2, 4), torch.randn(3, 4), torch.tensor([2, 1])).shape == (0, 2)


def test_an_image_without_regions_is_refused_by_its_id() -> None:
    with pytest.raises(DataError, match=r"image b\.jpg has no regions"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 4), [2], torch.tensor([3, 0]), image_ids=["a.jpg", "b.jpg"])
    with pytest.raises(DataError, match="image 1 has no regions"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 4), [2], torch.tensor([3, 0]))
    with pytest.raises(DataError, match="image 0 has no regions"):
        score_matrix(torch.zeros(2, 0, 4), torch.randn(2, 4), [2])


def test_a_sentence_without_fragments_is_refused_by_its_id() -> None:
    with pytest.raises(DataError, match="sentence 77 has no fragments"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 4), [2, 0], sentence_ids=[5, 77])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused_by_id(value: float) -> None:
    regions, fragments = torch.randn(3, 2, 4), torch.randn(5, 4)
    broken = regions.clone()
    broken[1, 1, 2] = value
    with pytest.raises(DataError, match="image x1: a region vector"):
        score_matrix(broken, fragments, [2, 3], image_ids=["x0", "x1", "x2"])
    broken = fragments.clone()
    broken[2, 0] = value
    with pytest.raises(DataError, match="sentence 1: a fragment vector"):
        score_matrix(regions, broken, [2, 3])


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="one d"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 5), [2])
    with pytest.raises(DataError, match="add up"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 4), [3])
    with pytest.raises(DataError, match="each of 2 images"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 4), [2], [3])
    with pytest.raises(DataError, match="says 5"):
        score_matrix(torch.randn(2, 3, 4), torch.randn(2, 4), [2], [3, 5])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.reduce}-{rule.normalise}")
def test_cuda_gives_the_scores_of_the_cpu(rule: Scoring) -> None:
    regions, fragments, lengths, counts = problem(7, 50, 6, 300, 64)
    scores = score_matrix(regions.cuda(), fragments.cuda(), lengths, counts, scoring=rule)
    assert scores.is_cuda
    torch.testing.assert_close(
        scores.cpu(), score_matrix(regions, fragments, lengths, counts, scoring=rule), rtol=1e-4, atol=1e-4
    )
