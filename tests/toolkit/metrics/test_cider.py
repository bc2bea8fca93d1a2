from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics import cider
from vsa_toolkit.metrics.cider import Cider
from vsa_toolkit.metrics.segments import Segment


def test_random_corpora_score_as_in_coco_caption(random_corpus):
    Peer = pytest.importorskip("pycocoevalcap.cider.cider", reason="pycocoevalcap is not installed").Cider
    for seed in range(300):
        corpus = random_corpus(seed, smallest=2)
        whole, parts = Peer().compute_score(
            {s.id: list(s.references) for s in corpus}, {s.id: [s.text] for s in corpus}
        )
        counted = Cider().count(corpus)
        assert counted.score().values["cider"].value == pytest.approx(100 * whole, abs=1e-6), seed
        assert counted.segment_scores()["cider"] == pytest.approx(100 * parts, abs=1e-6), seed


@given(st.integers(0, 10**6))
def test_neither_the_order_of_segments_nor_that_of_references_matters(random_corpus, seed):
    corpus = random_corpus(seed, smallest=2)
    turned = [Segment(s.id, s.text, s.references[::-1]) for s in reversed(corpus)]
    forth, back = Cider().count(corpus).segment_scores()["cider"], Cider().count(turned).segment_scores()["cider"]
    assert back[::-1] == pytest.approx(forth, abs=1e-9)


def test_the_only_reference_repeated_has_the_highest_score():
    texts = {"1": "a red dog runs fast", "2": "two cats sleep on a bed"}
    found = cider(texts, {id: [text] for id, text in texts.items()})
    assert found.values["cider"].value == pytest.approx(1000)


def test_words_of_every_image_count_nothing():
    found = cider({"1": "a b c d", "2": "a b c d"}, {"1": ["a b c d"], "2": ["a b c d"]})
    assert found.values["cider"].value == 0


def test_a_repeated_word_does_not_help_and_another_length_hurts():
    references = {"1": ["a red dog runs fast"], "2": ["two cats sleep on a bed"]}
    once = cider({"1": "a red dog", "2": "two cats sleep"}, references).values["cider"].value
    often = cider({"1": "a red dog dog dog dog", "2": "two cats sleep"}, references).values["cider"].value
    assert often < once


def test_a_single_segment_is_refused_for_it_would_always_be_zero():
    with pytest.raises(DataError, match="at least two segments"):
        cider({"1": "a dog"}, {"1": ["a dog"]})
