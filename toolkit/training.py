"""How backends are trained: batches of distinct images, their sentences, one loss.

A backend brings a module and a loss on a `Batch`; the loop brings optimiser, schedule, clipping, an average of the
weights, early stopping on a figure of the validation split, the curve, checkpoints, and going on after an interruption
as if there had been none.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .backend import Backend, Context, Examples
from .batches import Batch, batches, sentences_of
from .metrics.ranks import ranks, recall_at
from .training_loop import Goal, Loss, Recipe, rate_factor, run_training

__all__ = [
    "Batch",
    "Loss",
    "Recipe",
    "batches",
    "dropout",
    "mean_recall",
    "rate_factor",
    "sentences_of",
    "train_language",
    "train_ranking",
]


def train_ranking(
    backend: Backend,
    module: nn.Module,
    loss: Loss,
    recall: Callable[[], float],
    train: Examples,
    ctx: Context,
    recipe: Recipe,
) -> None:
    """Train `module`, which `backend` scores with; `ctx.save(backend)` for each new best validation `recall()`.

    Leaves the weights of the last epoch (averaged, where the recipe averages) in `module`; the best are where
    `ctx.save` put them. The same seed, data and machine give the same weights, interrupted or not.

    Raises:
        DataError: a loss that is not finite (names the step; the best checkpoint so far stays), no sentences.
    """
    run_training(backend, module, loss, Goal("recall", recall), train, ctx, recipe)


def train_language(
    backend: Backend,
    module: nn.Module,
    loss: Loss,
    perplexity: Callable[[], float],
    train: Examples,
    ctx: Context,
    recipe: Recipe,
) -> None:
    """As `train_ranking`, for a language model: the epoch with the lowest validation `perplexity()` is kept.

    Raises:
        DataError: as `train_ranking`; a loss above twice that of the first step, as neuraltalk stops.
    """
    run_training(backend, module, loss, Goal("perplexity", perplexity, "low", explodes=2.0), train, ctx, recipe)


def dropout(x: Tensor, p: float, generator: torch.Generator | None) -> Tensor:
    """Inverted dropout with a generator of its own; the identity without one (that is how evaluation calls it)."""
    if generator is None or p == 0:
        return x
    keep = torch.rand(x.shape, generator=generator, device=x.device) >= p
    return x * keep / (1 - p)


def mean_recall(scores: Tensor, sentence_image: Tensor) -> float:
    """Mean R@10 of both directions, percent. scores: (images, sentences); sentence_image: (sentences,)."""
    found = ranks(scores.cpu().numpy(), sentence_image.cpu().numpy())
    return (recall_at(found.image_to_text, 10) + recall_at(found.text_to_image, 10)) / 2
