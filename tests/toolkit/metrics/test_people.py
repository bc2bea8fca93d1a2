"""How well people agree on Flickr8k: the first sentence of each test image against the other four."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.metrics import bleu, cider, rouge


@pytest.fixture(scope="module")
def sentences(real_data: Path) -> dict[str, list[str]]:
    folder = real_data / "flickr8k"
    test = (folder / "Flickr_8k.testImages.txt").read_text(encoding="utf-8").split()
    found: dict[str, list[str]] = {image: [] for image in test}
    for line in (folder / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines():
        image, sentence = line.split("\t")
        if image.partition("#")[0] in found:
            found[image.partition("#")[0]].append(sentence)
    return found


def test_one_sentence_against_the_other_four_scores_as_measured_independently(sentences):
    first = {image: texts[0] for image, texts in sentences.items()}
    others = {image: texts[1:] for image, texts in sentences.items()}
    images = {image: image for image in sentences}
    scores = bleu(first, others, profile="coco", images=images)
    assert [round(e.value / 100, 4) for e in scores.values.values()] == [0.6364, 0.4458, 0.3055, 0.2095]
    assert "nrefs:4|segments:1000|images:1000|resample:image×1000" in scores.signature
    assert round(rouge(first, others, resamples=0).values["rouge_l"].value / 100, 4) == 0.4875
    assert round(cider(first, others, resamples=0).values["cider"].value / 100, 4) == 0.7886
