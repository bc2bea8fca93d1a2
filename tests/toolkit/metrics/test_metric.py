"""What every metric must keep to, whatever it measures."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics.bleu import Bleu, BleuOptions
from vsa_toolkit.metrics.chrf import Chrf, ChrfOptions
from vsa_toolkit.metrics.cider import Cider
from vsa_toolkit.metrics.diversity import Copied, Distinct
from vsa_toolkit.metrics.metric import MeanMetric, TextMetric
from vsa_toolkit.metrics.paired import differences
from vsa_toolkit.metrics.perplexity import Likelihood, Perplexity, PerplexityOptions
from vsa_toolkit.metrics.rouge import RougeL
from vsa_toolkit.metrics.segments import Segment
from vsa_toolkit.signature import read_signature

METRICS: list[TextMetric] = [
    *(Bleu(BleuOptions(profile=profile)) for profile in ("coco", "multibleu", "sacrebleu", "individual")),
    Chrf(),
    Chrf(ChrfOptions(word_order=2)),
    Cider(),
    RougeL(),
    Copied(training=["a dog runs", "red"]),
]
every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def with_images(corpus: list[Segment], images: Sequence[str]) -> list[Segment]:
    return [Segment(s.id, s.text, s.references, image) for s, image in zip(corpus, images)]


@every_metric
@given(seed=st.integers(0, 10**6), weights=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_weights_of_images_score_as_their_segments_repeated(random_corpus, metric, seed, weights):
    corpus = random_corpus(seed, smallest=3)
    generator = random.Random(seed)
    images = ["i0", "i1", "i2", *(f"i{generator.randrange(3)}" for _ in corpus[3:])]
    counted = metric.count(with_images(corpus, images))
    repeats = [weights[int(image[1:])] for image in images]
    expected = metric.values(np.repeat(counted.rows, repeats, axis=0).sum(axis=0)[None])
    for key, statistic in counted.statistics(["i0", "i1", "i2"]).items():
        assert statistic(np.array([weights], dtype=float)) == pytest.approx(expected[key], abs=1e-9)


@every_metric
def test_segments_scores_are_those_of_each_alone(random_corpus, metric):
    corpus = random_corpus(3, smallest=4)
    counted = metric.count(corpus)
    for key, scores in counted.segment_scores().items():
        assert scores.shape == (len(corpus),)
        alone = [metric.values(row[None])[key][0] for row in counted.rows]
        assert scores.tolist() == pytest.approx(alone)


@every_metric
def test_no_set_of_images_gives_a_number_that_is_not_finite(random_corpus, metric):
    nothing = np.zeros((1, metric.count(random_corpus(1, smallest=2)).rows.shape[1]))
    assert all(np.isfinite(value).all() for value in metric.values(nothing).values())


@every_metric
def test_a_signature_can_be_read_back_and_states_how_it_was_resampled(random_corpus, metric):
    corpus = with_images(random_corpus(5, smallest=3), "aabbccdd")
    fields = read_signature(metric.score(corpus, seed=4, resamples=50).signature)
    assert fields["segments"] == str(len(corpus))
    assert fields["resample"] == "image×50"
    assert fields["seed"] == "4"
    assert read_signature(metric.score(random_corpus(5, smallest=3)).signature)["resample"] == "none"


def test_intervals_are_there_only_where_images_are_named(random_corpus):
    corpus = random_corpus(5, smallest=6, references=3)
    assert all(estimate.low is None for estimate in Bleu().score(corpus).values.values())
    for estimate in Bleu().score(with_images(corpus, "aabbccdd")).values.values():
        assert estimate.low <= estimate.value <= estimate.high
    assert Bleu().score(with_images(corpus, "aaaaaaaa")).values["bleu1"].low is None


def test_two_systems_are_compared_over_the_same_images_in_the_same_order(random_corpus):
    references = random_corpus(8, smallest=8, references=3)
    copies = [Segment(s.id, s.references[0], s.references, s.id) for s in references]
    others = [Segment(s.id, s.text, s.references, s.id) for s in reversed(references)]
    one, other = Bleu().count(copies), Bleu().count(others)
    order = one.image_names
    found = differences(one.statistics(order), other.statistics(order), len(order), seed=0, resamples=200)
    assert found["bleu1"].estimate.low > 0
    assert found["bleu1"].estimate.value == pytest.approx(
        one.score(resamples=0).values["bleu1"].value - other.score(resamples=0).values["bleu1"].value
    )


def test_images_that_only_some_items_name_are_refused():
    half = [Segment("1", "a dog", ("a dog",), "x.jpg"), Segment("2", "a dog", ("a dog",))]
    with pytest.raises(DataError, match=r"1 of 2 segments \('2'\) has no image, the others have one"):
        Bleu().count(half)
    sentences = [Likelihood("1", -1.0, 2), Likelihood("2", -1.0, 2, image="x.jpg")]
    with pytest.raises(DataError, match=r"\('1'\) has no image"):
        Perplexity(PerplexityOptions(vocabulary=9)).count(sentences)


def test_a_value_that_is_not_finite_is_refused():
    metric = Perplexity(PerplexityOptions(vocabulary=9))
    with pytest.raises(DataError, match="perplexity gives perplexity the value inf"):
        metric.score([Likelihood("1", -1e6, 1)])


def test_statistics_over_other_images_are_refused(random_corpus):
    counted = Bleu().count(with_images(random_corpus(5, smallest=4), "abcdefgh"))
    with pytest.raises(DataError, match="counted over other images"):
        counted.statistics(["a", "z"])


def test_a_figure_of_all_texts_together_has_no_parts(random_corpus):
    counted = Distinct().count(random_corpus(5))
    with pytest.raises(DataError, match="all texts together"):
        counted.statistics()
    with pytest.raises(DataError, match="all texts together"):
        counted.segment_scores()


def test_a_metric_of_ones_own_is_a_score_for_each_segment():
    class Length(MeanMetric):
        """Words, in hundredths."""

        name = "length"
        value = "words"

        def scores(self, items):
            return np.array([len(item.text.split()) / 100 for item in items])

    score = Length().score([Segment("1", "a dog", ("x",)), Segment("2", "a dog runs far", ("x",))])
    assert score.values["words"].value == 3
    assert score.signature.startswith("metric:length|nrefs:1|segments:2|")


def test_statistics_of_the_wrong_shape_are_a_bug_of_the_metric():
    class Wrong(MeanMetric):
        name = "wrong"
        value = "wrong"

        def scores(self, items):
            return np.zeros(len(items))

        def statistics(self, items):
            return np.zeros(3)

    with pytest.raises(ValueError, match="wrong made statistics of shape"):
        Wrong().count([Segment("1", "x", ("x",))])
