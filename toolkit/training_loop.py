"""What trainings share: optimiser, schedule, clipping, an average of the weights, early stopping, going on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from .backend import Backend, Context, Examples
from .batches import Batch, batches, sentences_of
from .errors import DataError

Loss = Callable[[Batch, torch.Generator], Tensor]
"""(batch, generator on the training device for dropout) → scalar."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    images, sentences: distinct images a batch, and at most how many of each image's sentences.
    minutes: stop after the epoch in which this much training time has passed (no limit: None).
    schedule: after `warmup` steps of linear rise, a "cosine" to a fiftieth of `rate`, or "constant".
    clip_value, clip_norm: bound each gradient element, or the norm of them all.
    average: decay of the moving average of weights that is validated and kept (0: the weights themselves).
    patience: epochs without a better recall before stopping (None: train all epochs and keep the best).
    """

    epochs: int = 20
    minutes: float | None = None
    images: int = 128
    sentences: int = 5
    optimiser: Literal["adamw", "sgd", "rmsprop"] = "adamw"
    rate: float = 1e-3
    momentum: float = 0.9
    decay: float = 0.01
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: int = 200
    clip_value: float | None = None
    clip_norm: float | None = 2.0
    average: float = 0.0
    patience: int | None = None


@dataclass(frozen=True)
class Goal:
    """What chooses the epoch that is kept: a figure of the validation split, and whether it should be high or low.

    explodes: how many times the first step's loss a loss may be before the training counts as lost (None: any).
    """

    name: str
    measure: Callable[[], float]
    best: Literal["high", "low"] = "high"
    explodes: float | None = None

    def better(self, value: float, than: float) -> bool:
        return value > than if self.best == "high" else value < than


def run_training(
    backend: Backend, module: nn.Module, loss: Loss, goal: Goal, train: Examples, ctx: Context, recipe: Recipe
) -> None:
    """Train `module`; `ctx.save(backend)` for each epoch that is the best yet by `goal`.

    Raises:
        DataError: no sentences; a loss that is not finite or explodes, naming the step and what is kept.
    """
    if not train.sentences:
        raise DataError("the training split has no sentences: import some, or name another split.")
    training = _Training(backend, module, loss, goal, train, ctx, recipe)
    training.resume()
    training.run()


class _Training:
    """The state of one training; `run` goes on from wherever it is."""

    def __init__(
        self,
        backend: Backend,
        module: nn.Module,
        loss: Loss,
        goal: Goal,
        train: Examples,
        ctx: Context,
        recipe: Recipe,
    ) -> None:
        self._backend, self._module, self._loss, self._goal = backend, module, loss, goal
        self._train, self._ctx, self._recipe = train, ctx, recipe
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._optimiser = _optimiser(self._parameters, recipe)
        self._average = [p.detach().clone() for p in self._parameters]
        self._noise = torch.Generator(device=ctx.device)
        self._noise.manual_seed(int(torch.randint(2**62, (1,), generator=ctx.generator)))
        with_sentences = sum(1 for numbers in sentences_of(train) if numbers)
        self._steps_an_epoch = max(with_sentences // recipe.images, 1)
        self._epoch = self._step = 0
        self._best, self._best_epoch, self._seconds = 0.0, -1, 0.0
        self._first_loss: float | None = None

    def run(self) -> None:
        recipe = self._recipe
        while self._epoch < recipe.epochs and not self._ctx.cancelled():
            if recipe.minutes is not None and self._seconds >= 60 * recipe.minutes:
                break
            since_best = self._epoch - 1 - self._best_epoch
            if recipe.patience is not None and self._best_epoch >= 0 and since_best >= recipe.patience:
                break
            if not self._one_epoch():
                return
        self._use_average()

    def _one_epoch(self) -> bool:
        """False where it was cancelled on the way: the epoch then starts afresh next time."""
        began, total, steps = time.monotonic(), 0.0, 0
        recipe, ctx = self._recipe, self._ctx
        for batch in batches(self._train, recipe.images, recipe.sentences, ctx.generator, ctx.device, self._epoch):
            if ctx.cancelled():
                return False
            total += self._one_step(batch)
            steps += 1
            ctx.progress(self._step, recipe.epochs * self._steps_an_epoch)
        self._epoch += 1
        figure = self._validate()
        self._seconds += time.monotonic() - began
        ctx.progress(
            self._step,
            recipe.epochs * self._steps_an_epoch,
            keep=True,
            epoch=self._epoch,
            loss=total / max(steps, 1),
            seconds=round(self._seconds, 1),
            **{self._goal.name: figure},
        )
        ctx.save_progress(*self._progress())
        return True

    def _one_step(self, batch: Batch) -> float:
        recipe = self._recipe
        for group in self._optimiser.param_groups:
            group["lr"] = recipe.rate * rate_factor(recipe, self._step, recipe.epochs * self._steps_an_epoch)
        loss = self._loss(batch, self._noise)
        value = float(loss.detach())
        self._check(value)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.clip_value is not None:
            nn.utils.clip_grad_value_(self._parameters, recipe.clip_value)
        if recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, recipe.clip_norm)
        self._optimiser.step()
        self._step += 1
        self._follow()
        return value

    def _check(self, loss: float) -> None:
        if self._first_loss is None:
            self._first_loss = loss
        limit = math.inf if self._goal.explodes is None else self._goal.explodes * self._first_loss
        if math.isfinite(loss) and loss <= limit:
            return
        beside = "" if not math.isfinite(loss) else f", after {self._first_loss:.4g} at the first step,"
        raise DataError(
            f"the loss became {loss:.4g}{beside} at step {self._step + 1} (epoch {self._epoch + 1}): lower the learning"
            f" rate (it was {self._recipe.rate:g}); {self._kept()}"
        )

    def _kept(self) -> str:
        if self._best_epoch < 0:
            return "no checkpoint was kept yet."
        return f"the checkpoint of epoch {self._best_epoch + 1} ({self._goal.name} {self._best:.1f}) is kept."

    @torch.no_grad()
    def _follow(self) -> None:
        if self._recipe.average == 0:
            return
        # A young average must not remember the random start.
        decay = min(self._recipe.average, self._step / (self._step + 10))
        torch._foreach_lerp_(self._average, [p.detach() for p in self._parameters], 1 - decay)

    def _validate(self) -> float:
        """The figure of the averaged weights, which are kept where they are the best so far."""
        own = [p.detach().clone() for p in self._parameters]
        self._use_average()
        self._module.eval()
        figure = self._goal.measure()
        if math.isfinite(figure) and (self._best_epoch < 0 or self._goal.better(figure, self._best)):
            self._best, self._best_epoch = figure, self._epoch - 1
            self._ctx.save(self._backend)
        self._ctx.keep_epoch(self._backend, self._epoch)
        self._module.train()
        self._put(own)
        return figure

    def _use_average(self) -> None:
        if self._recipe.average:
            self._put(self._average)

    @torch.no_grad()
    def _put(self, values: Sequence[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)

    # Going on after an interruption -------------------------------------------------------------------------

    def _progress(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors = {f"weights.{i}": p.detach() for i, p in enumerate(self._parameters)}
        tensors |= {f"average.{i}": p for i, p in enumerate(self._average)}
        for i, state in self._optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{name}": torch.as_tensor(value) for name, value in state.items()}
        tensors |= {"generator": self._ctx.generator.get_state(), "noise": self._noise.get_state()}
        values = {
            "epoch": self._epoch,
            "step": self._step,
            "best": self._best,
            "best_epoch": self._best_epoch,
            "seconds": self._seconds,
            "first_loss": self._first_loss,
        }
        return tensors, values

    def resume(self) -> None:
        kept = self._ctx.load_progress()
        if kept is None:
            return
        tensors, values = kept
        count = range(len(self._parameters))
        self._put([tensors[f"weights.{i}"] for i in count])
        for mean, i in zip(self._average, count, strict=True):
            mean.copy_(tensors[f"average.{i}"])
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, number, field = name.split(".")
                state.setdefault(int(number), {})[field] = value
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": state})
        self._ctx.generator.set_state(tensors["generator"].cpu())
        self._noise.set_state(tensors["noise"].cpu())
        self._epoch, self._step = values["epoch"], values["step"]
        self._best, self._best_epoch, self._seconds = values["best"], values["best_epoch"], values["seconds"]
        self._first_loss = values.get("first_loss")


def rate_factor(recipe: Recipe, step: int, steps: int) -> float:
    """What the learning rate is multiplied with at a step (from 0)."""
    rise = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    if recipe.schedule == "constant":
        return rise
    return rise * (0.02 + 0.98 * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2)


def _optimiser(parameters: Sequence[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, recipe.rate, momentum=recipe.momentum, weight_decay=recipe.decay)
    if recipe.optimiser == "rmsprop":
        # torch adds eps to the root. neuraltalk had 1e-8 within it, which is this; elements whose gradient is smaller
        # would otherwise move as far as all others.
        return torch.optim.RMSprop(parameters, recipe.rate, alpha=0.999, eps=1e-4, weight_decay=recipe.decay)
    # Decay shrinks maps, not biases and temperatures.
    maps = [p for p in parameters if p.dim() > 1]
    rest = [p for p in parameters if p.dim() <= 1]
    groups = [{"params": maps, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, recipe.rate, betas=(0.9, 0.98))
