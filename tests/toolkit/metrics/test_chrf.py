from __future__ import annotations

import pytest
from sacrebleu.metrics.chrf import CHRF

from vsa_toolkit.metrics import chrf
from vsa_toolkit.metrics.chrf import Chrf, ChrfOptions


@pytest.mark.parametrize("options", [{}, {"word_order": 2}, {"char_order": 4, "beta": 1}, {"lowercase": True}])
def test_random_corpora_score_as_in_sacrebleu(random_corpus, columns, options):
    peer = CHRF(**options)
    for seed in range(100):
        corpus = random_corpus(seed, words=("A", "dog,", "runs", "(on", "grass.", "é"))
        expected = peer.corpus_score([s.text for s in corpus], columns(corpus)).score
        counted = Chrf(ChrfOptions(**options)).count(corpus)
        assert counted.score().values["chrf"].value == pytest.approx(expected, abs=1e-9)
        alone = [peer.sentence_score(s.text, s.references).score for s in corpus]
        assert counted.segment_scores()["chrf"] == pytest.approx(alone, abs=1e-9)


def test_the_signature_names_the_version_whose_counts_these_are():
    line = chrf({"1": "a dog"}, {"1": ["a dog"]}, word_order=2).signature
    assert line.startswith("metric:chrf++|char_order:6|word_order:2|beta:2|case:mixed|whitespace:no|sacrebleu:")
