"""Words are tied to the region that scores best for them, in characters of their sentences."""

from __future__ import annotations

import numpy as np
import pytest

from vsa_toolkit.alignment.words import align_words, without_idle_words
from vsa_toolkit.errors import DataError
from vsa_toolkit.records import Region, Sentence

NONE = float("nan")
REGIONS = [Region(7, 1, (0, 0, 10, 10), is_frame=True), Region(8, 1, (1, 1, 3, 3))]
SENTENCES = [Sentence(1, 1, 0, "A dog's ball."), Sentence(2, 1, 1, ""), Sentence(3, 1, 2, "run")]


def test_each_word_has_its_best_region_and_its_characters() -> None:
    scores = np.array([[NONE, NONE], [0.1, 0.9], [0.5, 0.2], [0.0, 0.3]])
    first, empty, last = align_words(scores, SENTENCES, REGIONS)
    assert [(w.token, w.region_id, w.score) for w in first.words] == [
        ("a", None, None),
        ("dogs", 8, 0.9),
        ("ball", 7, 0.5),
    ]
    assert [SENTENCES[0].text[w.start : w.end] for w in first.words] == ["A", "dog's", "ball"]
    assert empty.words == ()
    assert [(w.region_id, w.score) for w in last.words] == [(8, 0.3)]


def test_a_large_beta_ties_a_sentence_to_one_region_and_stops_at_its_end() -> None:
    scores = np.array([[0.1, 0.2], [0.1, 0.9], [0.5, 0.2], [0.4, 0.3]])
    first, _, last = align_words(scores, SENTENCES, REGIONS, beta=10.0)
    assert [w.region_id for w in first.words] == [8, 8, 8]
    assert first.words[2].score == 0.2
    assert last.words[0].region_id == 7


def test_scores_of_another_image_are_refused() -> None:
    with pytest.raises(DataError, match="do not fit 4 tokens and 2 regions"):
        align_words(np.zeros((5, 2)), SENTENCES, REGIONS)


def test_stretches_of_stop_words_are_let_go_and_those_of_a_noun_are_kept() -> None:
    sentence = [Sentence(1, 1, 0, "the dog and the ball")]
    scores = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    (aligned,) = align_words(scores, sentence, REGIONS)
    assert [word.region_id for word in without_idle_words(aligned).words] == [8, 8, None, 8, 8]
