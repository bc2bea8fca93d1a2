"""Checks of what a fitted backend answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from ..backend import Aligner, Captioner, DualEncoder, Examples, LanguageModel, Ranker
from .backend_subject import BackendSubject, cloned, expect_close, expect_shape, same_outputs
from .checks import Check, DoesNotApplyError, add_to, require
from .world import UNKNOWN

ANSWERS: list[Check[BackendSubject]] = []
says = add_to(ANSWERS)


@says("shapes", "Every ability gives the shapes that it promises.", ["fit"])
def _shapes(subject: BackendSubject) -> None:
    test, backend = cloned(subject.world.test), subject.fitted
    images, sentences = len(test.counts), len(test.sentences)
    with torch.inference_mode():
        if "dual-encoder" in subject.can:
            dual = cast(DualEncoder, backend)
            left, right = dual.embed_images(test.features, test.counts), dual.embed_sentences(test.sentences)
            expect_shape("embed_images", left, (images, right.shape[-1]))
            expect_shape("embed_sentences", right, (sentences, left.shape[-1]))
        if "aligner" in subject.can:
            _fragment_shapes(subject, cast(Aligner, backend), test)
        if "language-model" in subject.can:
            model = cast(LanguageModel, backend)
            require(len(set(model.words)) == len(model.words), "its words are not all different")
            expect_shape("step", subject.first_logits(model, test.features[:, 0]), (images, len(model.words) + 1))
        if "captioner" in subject.can:
            said = cast(Captioner, backend).caption(test.features[:, 0])
            require(len(said) == images, f"caption gave {len(said)} texts for {images} items")
            require(all(isinstance(text, str) for text in said), "caption gave something that is no text")


def _fragment_shapes(subject: BackendSubject, aligner: Aligner, test: Examples) -> None:
    regions, fragments = aligner.embed_regions(test.features, test.counts), aligner.embed_fragments(test.sentences)
    total, width = len(fragments.vectors), fragments.vectors.shape[-1]
    expect_shape("embed_regions", regions, (len(test.counts), test.features.shape[1], width))
    expect_shape("embed_fragments: lengths", fragments.lengths, (len(test.sentences),))
    expect_shape("embed_fragments: token_index", fragments.token_index, (total,))
    require(int(fragments.lengths.sum()) == total, "embed_fragments: lengths do not sum up to the vectors")
    require(int(fragments.lengths.min()) >= 1, "embed_fragments: a sentence has no fragment")


@says("finite", "All numbers are finite.", ["shapes"])
def _finite(subject: BackendSubject) -> None:
    test = subject.world.test
    for name, value in subject.outputs(subject.fitted, test.features, test.counts, test.sentences).items():
        require(bool(torch.isfinite(value).all()), f"{name} gives numbers that are not finite")


@says("determinism", "The same question gets the same answer.", ["shapes"])
def _determinism(subject: BackendSubject) -> None:
    same_outputs(subject, subject.fitted, subject.fitted, "asked twice, it answers differently:", exact=True)


@says("score-matrix", "The matrix of scores is what its definition gives pair by pair.", ["shapes", "determinism"])
def _score_matrix(subject: BackendSubject) -> None:
    from ..scorer import make_scorer

    if not {"dual-encoder", "aligner", "ranker"} & set(subject.can):
        raise DoesNotApplyError("it does not score images against sentences")
    test = cloned(subject.world.test)
    if "ranker" in subject.can:
        _ranker_pairs(subject, test)
    texts = test.sentences[:10]
    small = replace(test, sentences=texts, sentence_image=test.sentence_image[:10])
    matrix = make_scorer(subject.fitted, texts).scores(small, range(len(test.counts)))
    require(matrix.shape == (len(test.counts), 10), f"10 images × 10 sentences gave scores of shape {matrix.shape}")
    expected = _pair_by_pair(subject, test, texts)
    if expected is not None:
        expect_close(torch.from_numpy(np.asarray(matrix)), expected, "scores differ from those pair by pair")


def _ranker_pairs(subject: BackendSubject, test: Examples) -> None:
    ranker, texts = cast(Ranker, subject.fitted), test.sentences[:10]
    with torch.inference_mode():
        tile = ranker.score(test.features, test.counts, texts)
        require(tuple(tile.shape) == (10, 10), f"score gave {tuple(tile.shape)} for 10 images × 10 sentences")
        one = ranker.score(test.features[2:3], test.counts[2:3], texts[7:8])
    expect_close(tile[2:3, 7:8], one, "score(images, sentences)[2, 7] is not the score of image 2 and sentence 7")


def _pair_by_pair(subject: BackendSubject, test: Examples, texts: Sequence[Sequence[str]]) -> Tensor | None:
    with torch.inference_mode():
        if "aligner" in subject.can:
            aligner = cast(Aligner, subject.fitted)
            regions, fragments = aligner.embed_regions(test.features, test.counts), aligner.embed_fragments(texts)
            parts = torch.split(fragments.vectors, fragments.lengths.tolist())
            rows = [
                [_fragment_score(aligner, r[: int(n)], part) for part in parts]
                for r, n in zip(regions, test.counts, strict=True)
            ]
            return torch.tensor(rows)
        if "dual-encoder" in subject.can:
            dual = cast(DualEncoder, subject.fitted)
            left, right = dual.embed_images(test.features, test.counts), dual.embed_sentences(texts)
            return torch.tensor([[float(a @ b) for b in right] for a in left])
    return None


def _fragment_score(aligner: Aligner, regions: Tensor, fragments: Tensor) -> float:
    products, scoring = fragments @ regions.T, aligner.scoring
    best = products.max(dim=1).values if scoring.reduce == "max" else products.clamp(min=0).sum(dim=1)
    over = {"none": 1.0, "mean": float(len(best)), "smoothed": len(best) + scoring.smoothing}[scoring.normalise]
    return float(best.sum() / over)


@says("padding", "What stands beyond an image's regions is of no matter.", ["determinism", "score-matrix"])
def _padding(subject: BackendSubject) -> None:
    test = cloned(subject.world.test)
    if test.features.shape[1] == 1:
        raise DoesNotApplyError("it takes one region an image")
    before = subject.outputs(subject.fitted, test.features, test.counts, test.sentences)
    beyond = torch.arange(test.features.shape[1])[None, :] >= test.counts[:, None]
    after = subject.outputs(
        subject.fitted, test.features.masked_fill(beyond[..., None], 7.0), test.counts, test.sentences
    )
    for name in before:
        expect_close(before[name], after[name], f"{name} changes with what stands beyond an image's regions")


@says(
    "batch",
    "An image's and a sentence's answer does not depend on what else is in the batch.",
    ["determinism", "score-matrix", "padding"],
)
def _batch(subject: BackendSubject) -> None:
    test, backend = cloned(subject.world.test), subject.fitted
    order = torch.tensor([4, 1, 7])
    whole = subject.outputs(backend, test.features, test.counts, test.sentences)
    few = [test.sentences[i] for i in (9, 2, 5)]
    part = subject.outputs(backend, test.features[order], test.counts[order], few)
    for name, value in part.items():
        expected = whole[name][[9, 2, 5]] if name == "embed_sentences" else whole[name][order]
        if name == "score":
            expected = expected[:, [9, 2, 5]]
        expect_close(value, expected, f"{name} depends on what else is in the batch")
    if "aligner" in subject.can:
        aligner = cast(Aligner, backend)
        with torch.inference_mode():
            all_, some = aligner.embed_fragments(test.sentences), aligner.embed_fragments(few)
        parts = torch.split(all_.vectors, all_.lengths.tolist())
        expect_close(
            some.vectors,
            torch.cat([parts[i] for i in (9, 2, 5)]),
            "embed_fragments depends on what else is in the batch",
        )


@says("unknown-words", "A word that it does not know leaves the others where they are.", ["shapes"])
def _unknown_words(subject: BackendSubject) -> None:
    sentences = subject.sentences([f"{UNKNOWN} a red cat", UNKNOWN])
    test = subject.world.test
    for name, value in subject.outputs(subject.fitted, test.features, test.counts, sentences).items():
        require(bool(torch.isfinite(value).all()), f"{name} is not finite for a sentence of unknown words")
    if "aligner" not in subject.can:
        return
    with torch.inference_mode():
        found = cast(Aligner, subject.fitted).embed_fragments(sentences)
    require(int(found.lengths.min()) >= 1, "a sentence of unknown words has no fragment: a zero vector will do")
    of_words = [int(i) for i in found.token_index[: int(found.lengths[0])] if i >= 0]
    require(
        max(of_words, default=3) == 3,
        f"the last word of {UNKNOWN!r} a red cat is token 3, its fragment says {max(of_words, default=0)}",
    )
    require(of_words == sorted(of_words) or subject.requires.parses, "token_index does not follow the sentence")


@says("end", "A language model expects the end where sentences end.", ["shapes"])
def _end(subject: BackendSubject) -> None:
    if "language-model" not in subject.can:
        raise DoesNotApplyError("it is no language model")
    model, train = cast(LanguageModel, subject.fitted), subject.world.train
    index = {word: number + 1 for number, word in enumerate(model.words)}
    at_end, at_start = [], []
    with torch.inference_mode():
        for row, sentence in list(zip(train.sentence_image.tolist(), train.sentences, strict=True))[:12]:
            state = model.start(train.features[row : row + 1, 0].clone())
            tokens = [0, *(index[word] for word in sentence if word in index)]
            ends = []
            for token in tokens:
                logits, state = model.step(state, torch.tensor([token]))
                ends.append(float(logits.softmax(-1)[0, 0]))
            at_start.append(ends[0])
            at_end.append(ends[-1])
    require(bool(np.isfinite(at_end).all()), "the probability of the end is not finite")
    chance = 1 / (len(model.words) + 1)
    says_it = f"after a sentence the end has probability {np.mean(at_end):.3f}"
    require(bool(np.mean(at_end) > np.mean(at_start)), f"{says_it}, before one {np.mean(at_start):.3f}")
    require(bool(np.mean(at_end) > chance / 2), f"{says_it}, a word drawn at random {chance:.3f}")


@says("odd-sentences", "Empty, one-word and 200-word sentences and any script are answered.", ["shapes"])
def _odd_sentences(subject: BackendSubject) -> None:
    texts = ["", "cat", " ".join(["a red cat and"] * 50), "猫 кошка 🐈 a\u0301 قطة"]
    test = subject.world.test
    for name, value in subject.outputs(subject.fitted, test.features, test.counts, subject.sentences(texts)).items():
        require(bool(torch.isfinite(value).all()), f"{name} is not finite for an odd sentence")
    if "aligner" in subject.can:
        with torch.inference_mode():
            found = cast(Aligner, subject.fitted).embed_fragments(subject.sentences(texts))
        require(int(found.lengths.min()) >= 1, "an odd sentence has no fragment: a zero vector will do")
        require(bool(torch.isfinite(found.vectors).all()), "embed_fragments is not finite for an odd sentence")


@says("odd-regions", "A single region, a box of one pixel and features of zeros are answered.", ["shapes"])
def _odd_regions(subject: BackendSubject) -> None:
    test, layout = subject.world.test, subject.world.test.layout
    features = test.features[:2].clone()
    features[1] = 0
    if layout.geometry:
        features[0, -1, layout.encoder : layout.encoder + layout.geometry] = torch.tensor(
            [0.5, 0.5, 0.501, 0.501, 1e-3, 1e-3, 1e-6]
        )
    for name, rows, counts in (
        ("a box of one pixel", features, torch.tensor([features.shape[1]] * 2)),
        ("a single region", features[:, :1], torch.ones(2, dtype=torch.int64)),
    ):
        for method, value in subject.outputs(subject.fitted, rows, counts, test.sentences).items():
            require(bool(torch.isfinite(value).all()), f"{method} is not finite for {name}")
