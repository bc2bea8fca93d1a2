from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.metrics import rouge
from vsa_toolkit.metrics.rouge import RougeL, common_subsequence
from vsa_toolkit.metrics.segments import Segment

tokens = st.lists(st.sampled_from("abcd"), max_size=70)


@given(tokens, tokens)
def test_the_common_subsequence_is_that_of_the_dynamic_program(one, other):
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    assert common_subsequence(one, other) == common_subsequence(other, one) == table[-1][-1]


def test_random_corpora_score_as_in_coco_caption(random_corpus):
    Peer = pytest.importorskip("pycocoevalcap.rouge.rouge", reason="pycocoevalcap is not installed").Rouge
    for seed in range(300):
        corpus = random_corpus(seed)
        whole, parts = Peer().compute_score(
            {s.id: list(s.references) for s in corpus}, {s.id: [s.text] for s in corpus}
        )
        counted = RougeL().count(corpus)
        assert counted.score().values["rouge_l"].value == pytest.approx(100 * whole, abs=1e-9)
        assert counted.segment_scores()["rouge_l"] == pytest.approx(100 * parts, abs=1e-9)


def test_a_copy_has_100_and_a_text_without_a_common_word_0():
    assert rouge({"1": "a dog runs"}, {"1": ["a cat", "a dog runs"]}).values["rouge_l"].value == pytest.approx(100)
    assert rouge({"1": "a dog runs"}, {"1": ["the cat"]}).values["rouge_l"].value == 0


def test_texts_without_tokens_have_0():
    assert RougeL().count([Segment("1", "...", ("a dog", "."))]).segment_scores()["rouge_l"].tolist() == [0]
    assert RougeL().count([Segment("1", "a dog", (".",))]).segment_scores()["rouge_l"].tolist() == [0]
