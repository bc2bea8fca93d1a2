from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics import perplexity
from vsa_toolkit.metrics.perplexity import Likelihood, Perplexity, PerplexityOptions


@given(st.integers(2, 10000), st.lists(st.integers(1, 30), min_size=1, max_size=10))
def test_a_uniform_model_has_the_perplexity_of_its_vocabulary(vocabulary, lengths):
    tokens = {str(i): length for i, length in enumerate(lengths)}
    found = perplexity({i: -n * math.log(vocabulary) for i, n in tokens.items()}, tokens, vocabulary=vocabulary)
    assert found.values["perplexity"].value == pytest.approx(vocabulary)
    assert found.values["bits"].value == pytest.approx(math.log2(vocabulary))


def test_it_is_of_the_corpus_and_not_a_mean_of_sentences():
    found = perplexity({"1": -2.0, "2": -30.0}, {"1": 2, "2": 10}, vocabulary=50)
    assert found.values["perplexity"].value == pytest.approx(math.exp(32 / 12))


def test_the_share_of_unknown_words_follows_the_rule():
    removed = perplexity({"1": -9.0}, {"1": 5}, unknown={"1": 1}, vocabulary=50, oov="removed")
    assert removed.values["oov_rate"].value == pytest.approx(100 / 5)  # four words and the end were scored, one removed
    predicted = perplexity({"1": -9.0}, {"1": 5}, unknown={"1": 1}, vocabulary=50, oov="unk")
    assert predicted.values["oov_rate"].value == pytest.approx(100 / 4)
    assert "vocabulary:50|oov:unk" in predicted.signature


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (Likelihood("7", math.nan, 3), "sentence '7' has the log-probability nan"),
        (Likelihood("7", -math.inf, 3), "sentence '7' has the log-probability -inf"),
        (Likelihood("7", 0.5, 3), "not above 0"),
        (Likelihood("7", -1.0, 0), "its end mark is a token"),
        (Likelihood("7", -1.0, 2, unknown=2), "with oov=unk each of them is one of its tokens"),
        (Likelihood("1", -1.0, 2), "more than one prediction"),
    ],
)
def test_what_no_model_can_say_is_refused(item, reason):
    metric = Perplexity(PerplexityOptions(vocabulary=9, oov="unk"))
    with pytest.raises(DataError, match=reason):
        metric.count([Likelihood("1", -1.0, 2), item])


def test_nothing_to_score_is_refused():
    with pytest.raises(DataError, match="no sentence to score"):
        Perplexity(PerplexityOptions(vocabulary=9)).count([])


def test_a_line_must_have_its_numbers():
    read = Perplexity.read
    assert read({"id": 3, "log_probability": -2, "tokens": 4, "unknown": 1, "image": 5}, "x") == Likelihood(
        "3", -2.0, 4, 1, "5"
    )
    for line, reason in (
        ({"id": 3, "tokens": 4}, 'x, line 2: there is no "log_probability"'),
        ({"id": 3, "log_probability": "-2", "tokens": 4}, "x, line 2: .* must be numbers"),
        ({"id": 3, "log_probability": -2, "tokens": True}, "x, line 2: .* must be numbers"),
        ({"id": 3, "log_probability": -2, "tokens": 4.5}, "x, line 2: .* must be whole numbers"),
    ):
        with pytest.raises(DataError, match=reason):
            read(line, "x, line 2")
