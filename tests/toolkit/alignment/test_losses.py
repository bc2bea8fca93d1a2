"""Ranking losses: against loops that read like the formulas, and rules that must hold."""

from __future__ import annotations

import math

import pytest
import torch

from vsa_toolkit.alignment.losses import contrastive, hardest, hinge


@pytest.fixture
def scores() -> torch.Tensor:
    return torch.randn(4, 7, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


IMAGE_OF = torch.tensor([0, 0, 1, 2, 2, 2, 3])


def test_hinge_is_the_papers_sum_over_wrong_sentences_and_wrong_images(scores: torch.Tensor) -> None:
    expected = 0.0
    for pair, image in enumerate(IMAGE_OF.tolist()):
        true = scores[image, pair]
        for other in range(7):
            if IMAGE_OF[other] != image:
                expected += max(0.0, float(scores[image, other] - true + 1))
        for other in range(4):
            if other != image:
                expected += max(0.0, float(scores[other, pair] - true + 1))
    assert float(hinge(scores, IMAGE_OF, margin=1.0)) == pytest.approx(expected)


def test_hardest_keeps_only_the_worst_wrong_pair_of_each_direction(scores: torch.Tensor) -> None:
    expected = 0.0
    for pair, image in enumerate(IMAGE_OF.tolist()):
        true = scores[image, pair]
        wrong_sentences = [float(scores[image, o] - true + 0.2) for o in range(7) if IMAGE_OF[o] != image]
        wrong_images = [float(scores[o, pair] - true + 0.2) for o in range(4) if o != image]
        expected += max(0.0, *wrong_sentences) + max(0.0, *wrong_images)
    assert float(hardest(scores, IMAGE_OF, margin=0.2)) == pytest.approx(expected / 7)


def test_contrastive_sets_each_true_sentence_against_those_of_other_images_only(scores: torch.Tensor) -> None:
    expected = 0.0
    for pair, image in enumerate(IMAGE_OF.tolist()):
        true = float(scores[image, pair])
        to_image = sum(math.exp(float(scores[k, pair])) for k in range(4))
        to_sentence = math.exp(true) + sum(math.exp(float(scores[image, o])) for o in range(7) if IMAGE_OF[o] != image)
        expected += math.log(to_image) - true + math.log(to_sentence) - true
    assert float(contrastive(scores, IMAGE_OF)) == pytest.approx(expected / 7)


@pytest.mark.parametrize("loss", [hinge, hardest, contrastive])
def test_a_loss_does_not_depend_on_the_order_of_images_or_sentences(loss, scores: torch.Tensor) -> None:
    images = torch.tensor([2, 0, 3, 1])
    sentences = torch.tensor([6, 1, 4, 0, 2, 5, 3])
    moved = torch.argsort(images)[IMAGE_OF[sentences]]
    assert float(loss(scores[images][:, sentences], moved)) == pytest.approx(float(loss(scores, IMAGE_OF)))


@pytest.mark.parametrize("loss", [hinge, hardest])
def test_well_separated_pairs_cost_nothing_and_send_no_gradient(loss) -> None:
    scores = torch.full((4, 7), -9.0)
    scores[IMAGE_OF, torch.arange(7)] = 9.0
    scores.requires_grad_()
    value = loss(scores, IMAGE_OF)
    value.backward()
    assert float(value.detach()) == 0
    assert not scores.grad.any()


@pytest.mark.parametrize("loss", [hinge, hardest, contrastive])
def test_sentences_of_one_image_are_never_each_others_negatives(loss, scores: torch.Tensor) -> None:
    scores.requires_grad_()
    loss(scores, IMAGE_OF).backward()
    own = torch.arange(4)[:, None] == IMAGE_OF[None, :]
    assert (scores.grad[own] <= 0).all()


def test_one_image_alone_has_no_wrong_pair() -> None:
    scores = torch.randn(1, 3)
    image_of = torch.zeros(3, dtype=torch.long)
    for loss in (hinge, hardest, contrastive):
        assert float(loss(scores, image_of)) == pytest.approx(0.0, abs=1e-6)
