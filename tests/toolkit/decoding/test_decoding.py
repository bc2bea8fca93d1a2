"""Greedy, beam search and sampling over tiny language models whose sentences can all be listed."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vsa_toolkit.backend import State
from vsa_toolkit.decoding import Decoded, Decoding, beam_search, decode, greedy, sample, text
from vsa_toolkit.errors import DataError, UserError

from ..tiny_models import TinyModel, images, log_probability


def every_sentence(words: int, longest: int) -> list[tuple[int, ...]]:
    return [s for length in range(1, longest + 1) for s in product(range(1, words + 1), repeat=length)]


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    words=st.integers(1, 3),
    longest=st.integers(1, 3),
    power=st.sampled_from([0, 0.7, 1.0]),
)
def test_a_beam_as_wide_as_there_are_sentences_finds_the_best_of_all(
    seed: int, words: int, longest: int, power: float
) -> None:
    model, features = TinyModel(words, seed=seed), images(2, seed=seed + 1)
    found = beam_search(model, features, (words + 1) ** (longest + 1), longest, power)
    for row, decoded in enumerate(found):
        values = {s: log_probability(model, features[row], s) for s in every_sentence(words, longest)}
        keys = {s: value / (len(s) + 1) ** power for s, value in values.items()}
        assert keys[decoded.words] == pytest.approx(max(keys.values()), abs=1e-5)
        assert decoded.log_probability == pytest.approx(values[decoded.words], abs=1e-4)


@pytest.mark.parametrize("width", [1, 2, 3, 7])
@pytest.mark.parametrize("power", [0.0, 0.8])
def test_a_beam_is_what_a_search_item_by_item_and_sentence_by_sentence_finds(width: int, power: float) -> None:
    model, features = TinyModel(5, sharp=3.0), images(20)
    for row, decoded in enumerate(beam_search(model, features, width, 8, power)):
        assert decoded.words == slow_beam(model, features[row], width, 8, power)
        assert decoded.log_probability == pytest.approx(log_probability(model, features[row], decoded.words), abs=1e-4)


def slow_beam(model: TinyModel, item: Tensor, width: int, longest: int, power: float) -> tuple[int, ...]:
    """Karpathy and Li's decoder, word for word: finished sentences stay in the beam."""
    pool: list[tuple[float, tuple[int, ...], bool]] = [(0.0, (), False)]
    while any(not done for _, _, done in pool):
        candidates = [entry for entry in pool if entry[2]]
        for total, words, done in pool:
            if done:
                continue
            state = model.start(item[None])
            for last in (0, *words):
                logits, state = model.step(state, torch.tensor([last]))
            values = logits.log_softmax(dim=1)[0].tolist()
            for token, value in enumerate(values):
                if (token == 0 and not words) or (token != 0 and len(words) == longest):
                    continue
                candidates.append((total + value, words if token == 0 else (*words, token), token == 0))
        pool = sorted(candidates, key=lambda e: -e[0] / (len(e[1]) + e[2]) ** power)[:width]
    return pool[0][1]


def test_a_beam_of_one_is_greedy() -> None:
    model, features = TinyModel(6, sharp=3.0), images(50)
    for one, other in zip(beam_search(model, features, 1), greedy(model, features)):
        assert one.words == other.words
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-4)


@pytest.mark.parametrize("how", [Decoding(1), Decoding(3), Decoding(7, 0.9), Decoding(max_words=2)])
def test_an_item_gets_the_same_sentence_in_any_company(how: Decoding) -> None:
    model, features = TinyModel(8, sharp=3.0), images(30)
    together = decode(model, features, how)
    alone = [decode(model, features[row : row + 1], how)[0] for row in range(30)]
    assert [d.words for d in together] == [d.words for d in alone]


def test_items_that_do_not_fit_at_once_are_decoded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    model, features = TinyModel(8), images(30)
    whole = decode(model, features)
    monkeypatch.setattr("vsa_toolkit.decoding.ROWS", 21)
    assert [d.words for d in decode(model, features)] == [d.words for d in whole]


def test_sentences_have_at_least_one_word_and_at_most_as_many_as_allowed() -> None:
    for bias in (20.0, -20.0):
        model = Biased(4, bias)
        for how in (Decoding(1, max_words=5), Decoding(3, max_words=5), Decoding(temperature=1.0, max_words=5)):
            lengths = {len(d.words) for d in decode(model, images(10), how, torch.Generator().manual_seed(0))}
            assert lengths == {1 if bias > 0 else 5}


class Biased(TinyModel):
    """All but sure of the end (or of no end)."""

    def __init__(self, words: int, bias: float) -> None:
        super().__init__(words)
        self._bias = bias

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        logits, state = super().step(state, tokens)
        return torch.cat([logits[:, :1] + self._bias, logits[:, 1:]], dim=1), state


def test_length_normalisation_makes_longer_sentences() -> None:
    model, features = TinyModel(6, sharp=1.0), images(60)
    means = [
        sum(len(d.words) for d in beam_search(model, features, 5, 10, power)) / 60 for power in (0.0, 0.5, 1.0, 1.5)
    ]
    assert means == sorted(means)
    assert means[-1] > means[0]


def test_samples_come_as_often_as_they_are_likely() -> None:
    model, item = TinyModel(2, sharp=1.0), images(1)
    drawn = sample(model, item.expand(20_000, -1), max_words=2, generator=torch.Generator().manual_seed(3))
    one, two = sum(d.words == (1,) for d in drawn) / 20_000, sum(d.words == (2,) for d in drawn) / 20_000
    sentences = every_sentence(2, 2)
    # Of the sentences with one word; the end is barred at first, and nothing else is possible after the second word.
    first = [torch.tensor(log_probability(model, item[0], s)).exp() for s in ((1,), (2,))]
    assert len(sentences) == 6
    assert one / two == pytest.approx(float(first[0] / first[1]), rel=0.1)
    assert {d.words: d.log_probability for d in drawn}[(1,)] == pytest.approx(float(first[0].log()), abs=1e-4)


def test_the_same_generator_draws_the_same_sentences_and_a_cold_one_is_greedy() -> None:
    model, features = TinyModel(8), images(40)
    draws = [
        [d.words for d in sample(model, features, 1.0, 20, torch.Generator().manual_seed(seed))] for seed in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]
    cold = sample(model, features, 1e-4, 20, torch.Generator().manual_seed(0))
    assert [d.words for d in cold] == [d.words for d in greedy(model, features)]


def test_text_is_words_joined_by_blanks() -> None:
    assert text(Decoded((2, 1, 2), -3.0), TinyModel(2)) == "w2 w1 w2"


def test_probabilities_that_are_not_finite_are_refused() -> None:
    with pytest.raises(DataError, match="not finite"):
        decode(Biased(3, float("nan")), images(2))


@pytest.mark.parametrize("wrong", [{"beam": 0}, {"max_words": 0}, {"temperature": 0.0}])
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError):
        Decoding(**wrong)
