"""The training loop: batches, schedule, averaging, stopping, and going on after an interruption."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from vsa_toolkit.alignment.losses import contrastive
from vsa_toolkit.backend import Backend, Context, Examples, Layout
from vsa_toolkit.errors import DataError
from vsa_toolkit.options import Options
from vsa_toolkit.training import (
    Batch,
    Recipe,
    batches,
    dropout,
    mean_recall,
    rate_factor,
    train_language,
    train_ranking,
)

WORDS = 12


def examples(images: int = 40, sentences: int = 3) -> Examples:
    """Each image shows a few of twelve words as ones in its only region; its sentences name them."""
    generator = torch.Generator().manual_seed(1)
    shown = torch.rand(images, WORDS, generator=generator) < 0.3
    shown[:, 0] |= ~shown.any(dim=1)
    texts = [[str(w) for w in row.nonzero().flatten().tolist()] for row in shown for _ in range(sentences)]
    owner = torch.arange(images).repeat_interleave(sentences)
    return Examples(shown.float()[:, None, :], torch.ones(images, dtype=torch.long), Layout(WORDS), texts, owner)


class Tiny(Backend):
    """A linear map of images against sums of word vectors."""

    name = "tiny"

    def __init__(self) -> None:
        super().__init__(Options())
        generator = torch.Generator().manual_seed(7)
        self.module = nn.ParameterDict(
            {"image": torch.randn(WORDS, 6, generator=generator), "word": torch.randn(WORDS, 6, generator=generator)}
        )

    def fit(self, train: Examples, val: Examples, ctx: Context, recipe: Recipe | None = None) -> None:
        train_ranking(self, self.module, self.loss, lambda: self.recall(val), train, ctx, recipe or Recipe(epochs=4))

    def scores(self, features: Tensor, sentences, generator=None) -> Tensor:
        bags = torch.zeros(len(sentences), WORDS)
        for row, sentence in enumerate(sentences):
            bags[row, [int(word) for word in sentence]] = 1.0
        images = dropout(features[:, 0], 0.2, generator) @ self.module["image"]
        return images @ (bags @ self.module["word"]).t()

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        return contrastive(self.scores(batch.features, batch.sentences, generator), batch.image_of)

    def recall(self, val: Examples) -> float:
        with torch.no_grad():
            return mean_recall(self.scores(val.features, val.sentences), val.sentence_image)

    def state(self):
        return {name: p.detach() for name, p in self.module.items()}, {}

    @classmethod
    def from_state(cls, options, tensors, values, device):
        raise AssertionError("nothing loads it")


class Keeper:
    """What a training saves and reports; may ask it to stop at a step."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.saved: list[dict[str, Tensor]] = []
        self.progress: tuple[dict[str, Tensor], dict] | None = None
        self.curve: list[dict] = []
        self.steps = 0
        self.stop_at = stop_at

    def context(self, seed: int = 0) -> Context:
        return Context(
            generator=torch.Generator().manual_seed(seed),
            progress=self._progress,
            save=lambda backend: self.saved.append({n: t.clone() for n, t in backend.state()[0].items()}),
            save_progress=self._save_progress,
            load_progress=lambda: self.progress,
            cancelled=lambda: self.stop_at is not None and self.steps >= self.stop_at,
        )

    def _progress(self, done: int, total: int, **figures) -> None:
        self.steps = done
        if figures.get("keep"):
            self.curve.append(figures)

    def _save_progress(self, tensors: dict[str, Tensor], values: dict) -> None:
        self.progress = ({name: tensor.clone() for name, tensor in tensors.items()}, values)


RECIPE = Recipe(epochs=4, images=10, sentences=2, rate=0.05, warmup=3, average=0.8)


def test_a_batch_holds_distinct_images_and_their_own_sentences() -> None:
    data = examples()
    seen: list[int] = []
    for batch in batches(data, 8, 2, torch.Generator().manual_seed(0), torch.device("cpu")):
        assert len(batch.features) == 8
        assert torch.bincount(batch.image_of, minlength=8).tolist() == [2] * 8
        for sentence, place in zip(batch.sentences, batch.image_of.tolist(), strict=True):
            assert batch.features[place, 0].nonzero().flatten().tolist() == [int(word) for word in sentence]
        seen += [int((data.features[:, 0] == row[0]).all(dim=1).nonzero()[0]) for row in batch.features]
    assert len(seen) == 40


def test_images_without_sentences_are_left_out() -> None:
    data = examples(images=6)
    only = Examples(data.features, data.counts, data.layout, [["1"], ["2"]], torch.tensor([4, 2]))
    (batch,) = batches(only, 10, 5, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert len(batch.features) == 2


def test_a_short_last_batch_is_left_out() -> None:
    sizes = [len(b.features) for b in batches(examples(25), 10, 1, torch.Generator(), torch.device("cpu"))]
    assert sizes == [10, 10]


def test_training_lifts_recall_and_keeps_the_best() -> None:
    keeper, backend, data = Keeper(), Tiny(), examples()
    before = backend.recall(data)
    backend.fit(data, data, keeper.context(), Recipe(epochs=12, images=10, rate=0.05, warmup=3))
    recalls = [point["recall"] for point in keeper.curve]
    assert max(recalls) > before + 10
    assert len(keeper.saved) == sum(1 for i, r in enumerate(recalls) if r > max([-1.0, *recalls[:i]]))
    assert [point["epoch"] for point in keeper.curve] == list(range(1, 13))


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
@pytest.mark.parametrize("stop_at", [4, 6, 9])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(optimiser: str, stop_at: int) -> None:
    recipe = Recipe(epochs=4, images=10, sentences=2, rate=0.02, warmup=3, average=0.8, optimiser=optimiser)
    whole, whole_keeper = Tiny(), Keeper()
    whole.fit(examples(), examples(), whole_keeper.context(), recipe)

    keeper = Keeper(stop_at=stop_at)
    Tiny().fit(examples(), examples(), keeper.context(), recipe)
    assert len(keeper.curve) == stop_at // 4
    keeper.stop_at = None
    again = Tiny()
    again.fit(examples(), examples(), keeper.context(seed=99), recipe)

    for name, parameter in whole.module.items():
        assert torch.equal(parameter, again.module[name]), name
    assert [p["recall"] for p in keeper.curve] == [p["recall"] for p in whole_keeper.curve]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def weights(seed: int) -> Tensor:
        backend = Tiny()
        backend.fit(examples(), examples(), Keeper().context(seed), RECIPE)
        return backend.module["word"].detach()

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_a_loss_that_is_not_finite_is_refused_by_step_and_the_best_so_far_is_kept() -> None:
    class Exploding(Tiny):
        calls = 0

        def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
            self.calls += 1
            loss = super().loss(batch, generator)
            return loss * math.nan if self.calls == 6 else loss

    keeper = Keeper()
    with pytest.raises(DataError, match=r"nan at step 6 \(epoch 2\).*rate.*checkpoint of epoch 1"):
        Exploding().fit(examples(), examples(), keeper.context(), RECIPE)
    assert len(keeper.saved) == 1
    assert torch.isfinite(keeper.saved[0]["word"]).all()


class Talking(Tiny):
    """Trained as a language model is: the lowest figure is kept."""

    figures = (9.0, 7.0, 8.0, 6.5)

    def fit(self, train: Examples, val: Examples, ctx: Context, recipe: Recipe | None = None) -> None:
        left = iter(self.figures)
        train_language(self, self.module, self.loss, lambda: next(left), train, ctx, recipe or RECIPE)

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        return super().loss(batch, generator) + 100


def test_a_language_model_keeps_the_epochs_with_the_lowest_perplexity() -> None:
    keeper = Keeper()
    Talking().fit(examples(), examples(), keeper.context(), Recipe(epochs=4, images=10))
    assert len(keeper.saved) == 3
    assert [point["perplexity"] for point in keeper.curve if "perplexity" in point] == [9.0, 7.0, 8.0, 6.5]


def test_a_language_models_loss_that_grows_beyond_twice_the_first_stops_the_training() -> None:
    class Growing(Talking):
        calls = 0

        def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
            self.calls += 1
            loss = super().loss(batch, generator)
            return loss + 200 if self.calls == 6 else loss

    keeper = Keeper()
    with pytest.raises(
        DataError, match=r"after .* at the first step, at step 6 \(epoch 2\).*checkpoint of epoch 1 \(perp"
    ):
        Growing().fit(examples(), examples(), keeper.context(), RECIPE)
    assert len(keeper.saved) == 1


def test_what_is_kept_are_the_averaged_weights() -> None:
    keeper, backend = Keeper(), Tiny()
    backend.fit(examples(), examples(), keeper.context(), Recipe(epochs=1, images=10, rate=0.05, average=0.9))
    tensors, _ = keeper.progress
    assert torch.equal(keeper.saved[0]["word"], tensors["average.1"])
    assert not torch.equal(tensors["average.1"], tensors["weights.1"])


def test_patience_stops_after_epochs_without_a_better_recall() -> None:
    class Flat(Tiny):
        def recall(self, val: Examples) -> float:
            return 50.0

    keeper = Keeper()
    Flat().fit(examples(), examples(), keeper.context(), Recipe(epochs=20, images=10, patience=3))
    assert len(keeper.curve) == 4
    assert len(keeper.saved) == 1


def test_a_time_budget_ends_after_the_epoch_that_passes_it() -> None:
    keeper = Keeper()
    Tiny().fit(examples(), examples(), keeper.context(), Recipe(epochs=20, images=10, minutes=1e-9))
    assert len(keeper.curve) == 1


def test_no_sentences_is_refused() -> None:
    data = examples(4)
    empty = Examples(data.features, data.counts, data.layout, [], torch.zeros(0, dtype=torch.long))
    with pytest.raises(DataError, match="no sentences"):
        Tiny().fit(empty, data, Keeper().context())


def test_the_rate_rises_then_falls_to_a_fiftieth() -> None:
    recipe = Recipe(warmup=10, schedule="cosine")
    factors = [rate_factor(recipe, step, 100) for step in range(101)]
    assert factors[0] == pytest.approx(0.1, rel=0.01)
    assert factors[9] > factors[8]
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[-1] == pytest.approx(0.02)
    assert rate_factor(Recipe(warmup=0, schedule="constant"), 77, 100) == 1.0


def test_dropout_without_a_generator_is_the_identity_and_with_one_keeps_the_mean() -> None:
    x = torch.ones(20_000)
    assert dropout(x, 0.5, None) is x
    dropped = dropout(x, 0.25, torch.Generator().manual_seed(0))
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.02)
