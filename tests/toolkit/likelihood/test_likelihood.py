"""Log-probabilities of sentences, perplexity, and the matrix that ranks by likelihood."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.decoding import greedy
from vsa_toolkit.errors import DataError
from vsa_toolkit.likelihood import Prefixes, SentenceRanker, known_words, perplexity, sentence_likelihoods
from vsa_toolkit.metrics.perplexity import perplexity as perplexity_of_sentences

from ..tiny_models import LateTiny, TinyModel, images, log_probability

SENTENCES = [["w1", "w2"], [], ["w3"], ["w1", "w2", "w1", "w4"], ["xyzzy"], ["w1"] * 200, ["w2", "plugh", "w1"]]


@pytest.mark.parametrize("kind", [TinyModel, LateTiny])
def test_a_sentences_log_probability_is_the_sum_over_its_words_and_its_end(kind: type[TinyModel]) -> None:
    model, features = kind(4), images(3)
    item_of = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    found = sentence_likelihoods(model, features, SENTENCES, item_of)
    for row, words in enumerate(known_words(model, SENTENCES)):
        expected = log_probability(model, features[item_of[row]], tuple(words))
        assert float(found.log_probabilities[row]) == pytest.approx(expected, rel=1e-4)
    assert found.tokens.tolist() == [3, 1, 2, 5, 1, 201, 3]
    assert found.unknown.tolist() == [0, 0, 0, 0, 1, 0, 1]


def test_it_does_not_depend_on_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    model, features, item_of = TinyModel(4), images(3), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    together = sentence_likelihoods(model, features, SENTENCES, item_of)
    monkeypatch.setattr("vsa_toolkit.likelihood.sentences.SENTENCES", 2)
    in_pairs = sentence_likelihoods(model, features, SENTENCES, item_of)
    torch.testing.assert_close(together.log_probabilities, in_pairs.log_probabilities)


def test_all_sentences_up_to_a_length_have_probabilities_that_sum_to_less_than_one_and_nearly_one() -> None:
    model, features = TinyModel(2, sharp=1.0), images(1)
    sentences = [[f"w{i}" for i in s] for length in range(9) for s in product((1, 2), repeat=length)]
    found = sentence_likelihoods(model, features, sentences, torch.zeros(len(sentences), dtype=torch.int64))
    total = float(found.log_probabilities.exp().sum())
    assert 0.85 < total < 1.0


def test_perplexity_is_that_of_the_metric_and_says_what_it_is_of() -> None:
    model, features, item_of = TinyModel(4), images(3), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    found = perplexity(model, features, SENTENCES, item_of)
    values = sentence_likelihoods(model, features, SENTENCES, item_of)
    metric = perplexity_of_sentences(
        {str(i): float(v) for i, v in enumerate(values.log_probabilities)},
        {str(i): int(n) for i, n in enumerate(values.tokens)},
        vocabulary=5,
        unknown={str(i): int(n) for i, n in enumerate(values.unknown)},
    )
    assert found["value"] == pytest.approx(metric.values["perplexity"].value)
    assert found["oov_rate"] == pytest.approx(metric.values["oov_rate"].value)
    assert (found["words"], found["oov"], found["tokens"], found["sentences"]) == (5, "removed", 216, 7)


def test_a_model_without_any_knowledge_has_the_perplexity_of_its_vocabulary() -> None:
    model = TinyModel(9, sharp=0.0)
    found = perplexity(model, images(1), [["w1", "w9"], ["w5"]], torch.zeros(2, dtype=torch.int64))
    assert found["value"] == pytest.approx(10.0)


def test_no_sentences_have_no_perplexity() -> None:
    with pytest.raises(DataError, match="no sentences"):
        perplexity(TinyModel(2), images(1), [], torch.zeros(0, dtype=torch.int64))


def test_what_is_not_finite_is_refused() -> None:
    model = TinyModel(2, sharp=float("nan"))
    with pytest.raises(DataError, match="not finite"):
        sentence_likelihoods(model, images(1), [["w1"]], torch.zeros(1, dtype=torch.int64))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(1, 3), max_size=5), min_size=1, max_size=12))
def test_prefixes_lead_back_to_their_sentences(sentences: list[list[int]]) -> None:
    p = Prefixes.of(sentences, torch.device("cpu"))
    beginnings = {tuple(s[:n]) for s in sentences for n in range(len(s) + 1)}
    assert len(p.tokens) == len(beginnings) == sum(p.sizes)
    assert sorted(p.after.tolist()) == p.after.tolist()
    words = torch.split(p.follows[p.paths], p.lengths.tolist())
    assert [w.tolist() for w in words] == [[*s, 0] for s in sentences]
    for path in torch.split(p.paths, p.lengths.tolist()):
        node = 0
        for step in path.tolist():
            assert int(p.after[step]) == node
            children = [n for n in range(1, len(p.tokens)) if int(p.parents[n]) == node]
            node = next((n for n in children if int(p.tokens[n]) == int(p.follows[step])), -1)


@pytest.mark.parametrize("kind", [TinyModel, LateTiny])
def test_the_matrix_is_the_likelihood_of_each_pair_less_that_of_the_sentence(
    kind: type[TinyModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsa_toolkit.likelihood.matrix.ROWS", 40)
    monkeypatch.setattr("vsa_toolkit.likelihood.matrix.IMAGES", 4)
    model, features, prior = kind(4), images(6), images(3, seed=5)
    ranker = SentenceRanker(model, SENTENCES, prior, torch.device("cpu"))
    scores = ranker.scores(features)
    for column, words in enumerate(known_words(model, SENTENCES)):
        given = [log_probability(model, item, tuple(words)) for item in prior]
        alone = float(torch.tensor(given).logsumexp(dim=0)) - math.log(3)
        for row in range(6):
            expected = log_probability(model, features[row], tuple(words)) - alone
            assert float(scores[row, column]) == pytest.approx(expected, rel=2e-4, abs=2e-4)


def test_without_a_prior_it_is_the_likelihood_itself() -> None:
    model, features = LateTiny(4), images(2)
    ranker = SentenceRanker(model, SENTENCES, None, torch.device("cpu"))
    torch.testing.assert_close(ranker.scores(features), ranker.log_probabilities(features))


@pytest.mark.parametrize("kind", [TinyModel, LateTiny])
def test_no_images_have_no_scores(kind: type[TinyModel]) -> None:
    ranker = SentenceRanker(kind(4), SENTENCES, images(3), torch.device("cpu"))
    assert ranker.scores(images(2)[:0]).shape == (0, len(SENTENCES))


def test_late_fusion_decodes_as_a_language_model() -> None:
    assert all(1 <= len(d.words) <= 20 for d in greedy(LateTiny(5), images(4)))
