from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from vsa_toolkit.errors import DataError
from vsa_toolkit.metrics import bleu
from vsa_toolkit.metrics.bleu import Bleu, BleuOptions, Profile
from vsa_toolkit.metrics.segments import Segment

CORPORA = 1000


def values(corpus: list[Segment], profile: Profile, **options) -> list[float]:
    score = Bleu(BleuOptions(profile=profile, **options)).score(corpus, resamples=0)
    return [estimate.value for estimate in score.values.values()]


def test_a_thousand_random_corpora_score_as_in_sacrebleu(random_corpus, columns):
    peers = [BLEU(max_ngram_order=n) for n in range(1, 5)]
    plain = [BLEU(max_ngram_order=n, tokenize="none", smooth_method="none", force=True) for n in range(1, 5)]
    for seed in range(CORPORA):
        corpus = random_corpus(seed, words=["a", "dog", "runs,", "cat.", "3.5", "Red", "(on"])
        texts, references = [segment.text for segment in corpus], columns(corpus)
        expected = [peer.corpus_score(texts, references).score for peer in peers]
        assert values(corpus, "sacrebleu") == pytest.approx(expected, abs=1e-9), seed
        unpenalised = [
            score.score / score.bp if score.bp else 0.0 for score in (p.corpus_score(texts, references) for p in plain)
        ]
        assert values(corpus, "multibleu", tokenise="whitespace") == pytest.approx(unpenalised, abs=1e-9), seed
        precisions = plain[3].corpus_score(texts, references).precisions
        assert values(corpus, "individual", tokenise="whitespace") == pytest.approx(precisions, abs=1e-9), seed


def test_a_thousand_random_corpora_score_as_in_coco_caption(random_corpus):
    Peer = pytest.importorskip("pycocoevalcap.bleu.bleu", reason="pycocoevalcap is not installed").Bleu
    for seed in range(CORPORA):
        corpus = random_corpus(seed)
        with contextlib.redirect_stdout(io.StringIO()):
            whole, parts = Peer(4).compute_score(
                {s.id: list(s.references) for s in corpus}, {s.id: [s.text] for s in corpus}
            )
        assert values(corpus, "coco") == pytest.approx([100 * value for value in whole], abs=1e-9), seed
        alone = Bleu().count(corpus).segment_scores()
        for n in range(4):
            assert alone[f"bleu{n + 1}"] == pytest.approx(100 * np.array(parts[n]), abs=1e-9), seed


def test_neuraltalks_captions_score_as_their_author_said(real_data: Path):
    file = real_data / "known_answers" / "neuraltalk_lstm30k_flickr30k_test.json"
    blobs = json.loads(file.read_text(encoding="utf-8"))["imgblobs"]
    captions = {str(blob["imgid"]): blob["candidate"]["text"] for blob in blobs}
    references = {str(blob["imgid"]): [reference["text"] for reference in blob["references"]] for blob in blobs}
    for profile, known in (("multibleu", [59.1, 37.2, 22.8, 14.0]), ("coco", [52.2, 32.9, 20.2, 12.4])):
        score = bleu(captions, references, profile=profile, resamples=0)
        assert [round(estimate.value, 1) for estimate in score.values.values()] == known


def test_the_example_of_clipscore_scores_as_published(real_data: Path):
    folder = real_data / "known_answers" / "clipscore_example"
    references = json.loads((folder / "refs.json").read_text(encoding="utf-8"))
    for name, known in (("good", [0.6667, 0.4899, 0.3469, 0]), ("bad", [0.4815, 0.2404, 0.1359, 0])):
        captions = json.loads((folder / f"{name}_captions.json").read_text(encoding="utf-8"))
        score = bleu(captions, references)
        assert [round(estimate.value / 100, 4) for estimate in score.values.values()] == known


def test_the_closest_reference_counts_and_the_shorter_of_two_that_are_equally_close():
    long, short = "a a a a a", "a a a"
    for references in ((long, short), (short, long)):
        counted = Bleu(BleuOptions(tokenise="whitespace")).count([Segment("1", "a a a a", references)])
        assert counted.rows[0, :2].tolist() == [4, 3]


def test_matches_are_clipped_to_the_reference_that_has_most():
    counted = Bleu(BleuOptions(order=1)).count([Segment("1", "the the the the", ("the cat the", "the dog"))])
    assert counted.metric.counts(counted.rows[0])["matched1"] == 2


@given(st.integers(0, 10**6))
def test_matched_n_grams_of_one_reference_never_rise_with_n(random_corpus, seed):
    counted = Bleu().count(random_corpus(seed, references=1))
    matched = counted.rows[:, 2:6]
    assert (np.diff(matched, axis=1) <= 0).all()


def test_with_several_references_matched_n_grams_can_rise():
    """What a checker of tables may not forget: each bigram stands in another reference."""
    pairs = tuple(f"{one} {other}" for one in "xyz" for other in "xyz" if one != other)
    counted = Bleu(BleuOptions(order=2)).count([Segment("1", "x y z x z y x", pairs)])
    assert counted.rows[0, 2:4].tolist() == [3, 6]


@given(st.integers(0, 10**6), st.sampled_from(["coco", "multibleu", "sacrebleu", "individual"]))
def test_neither_the_order_of_segments_nor_that_of_references_matters(random_corpus, seed, profile):
    corpus = random_corpus(seed)
    turned = [Segment(s.id, s.text, s.references[::-1]) for s in reversed(corpus)]
    assert values(turned, profile) == pytest.approx(values(corpus, profile), rel=1e-12)


@given(st.integers(0, 10**6), st.sampled_from(["multibleu", "sacrebleu", "individual"]))
def test_a_corpus_beside_its_copy_scores_as_it_did(random_corpus, seed, profile):
    corpus = random_corpus(seed, references=2)
    twice = [*corpus, *(Segment(f"copy {s.id}", s.text, s.references) for s in corpus)]
    if profile == "sacrebleu" and 0 in Bleu(BleuOptions(profile=profile)).count(corpus).rows.sum(axis=0):
        return  # the smoothing of orders without a match depends on how many n-grams there are
    assert values(twice, profile) == pytest.approx(values(corpus, profile), rel=1e-9)


@pytest.mark.parametrize("profile", ["coco", "multibleu", "sacrebleu", "individual"])
def test_a_hypothesis_that_is_a_reference_has_100(profile):
    corpus = [Segment("1", "a dog runs on the grass", ("a cat sits", "a dog runs on the grass"))]
    assert values(corpus, profile) == pytest.approx([100] * 4, abs=1e-6)


def test_texts_shorter_than_the_order_have_zero_and_not_an_error():
    corpus = [Segment("1", "dog", ("dog", "a dog"))]
    assert values(corpus, "multibleu") == [100, 0, 0, 0]
    assert values(corpus, "sacrebleu")[1:] == [0, 0, 0]
    assert values(corpus, "individual") == [100, 0, 0, 0]


def test_a_hypothesis_of_punctuation_only_has_no_tokens_and_zero():
    assert values([Segment("1", "...", ("a dog runs",))], "coco") == pytest.approx([0] * 4, abs=1e-9)


def test_the_signature_names_everything_that_changes_a_figure():
    one = bleu({"1": "a dog"}, {"1": ["a dog", "the dog"]}, profile="coco").signature
    for part in ("profile:coco", "order:4", "tokenise:ptb", "case:lower", "penalty:closest", "nrefs:2", "segments:1"):
        assert part in one
    others = [
        bleu({"1": "a dog"}, {"1": ["a dog"]}, **options).signature
        for options in ({}, {"profile": "multibleu"}, {"order": 3}, {"tokenise": "13a"}, {"profile": "sacrebleu"})
    ]
    assert len({one, *others}) == 6


def test_plain_dicts_whose_ids_differ_are_refused():
    with pytest.raises(DataError, match=r"2 of 3 ids of hypotheses have no references \('b', 'c'\)"):
        bleu({"a": "x", "b": "y", "c": "z"}, {"a": ["x"]})
