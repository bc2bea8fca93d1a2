from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vsa_toolkit.backend import Layout
from vsa_toolkit.errors import DataError
from vsa_toolkit.examples import build_examples, label_names, region_inputs
from vsa_toolkit.records import Image, Region, Sentence, Split

IMAGES = [Image(3, "a", Path("a.jpg"), "", 100, 50), Image(7, "b", Path("b.jpg"), "", 20, 20)]
REGIONS = [
    Region(1, 3, (0, 0, 100, 50), is_frame=True),
    Region(2, 3, (25, 10, 50, 20), label="dog", score=0.5),
    Region(3, 7, (0, 0, 20, 20), is_frame=True),
    Region(4, 7, (5, 5, 5, 10), label="cat", score=0.25),
    Region(5, 7, (0, 0, 10, 10), label="dog"),
]
SENTENCES = [Sentence(1, 3, 0, "A dog's bone ."), Sentence(2, 7, 0, "Cats"), Sentence(3, 7, 1, "Two !")]


def split(regions: list[Region] = REGIONS) -> Split:
    return Split("d", "train", "set", IMAGES, SENTENCES, regions, [], "")


def test_geometry_is_relative_to_the_image() -> None:
    inputs = region_inputs(split(), Layout(0, 7))
    assert inputs.shape == (2, 3, 7)
    expected = torch.tensor([0.25, 0.2, 0.75, 0.6, 0.5, 0.4, 0.2])
    torch.testing.assert_close(inputs[0, 1].float(), expected, atol=1e-3, rtol=0)
    assert inputs[1, 0].tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert (inputs[0, 2] == 0).all()


def test_a_label_column_holds_the_score_and_one_where_there_is_none() -> None:
    assert label_names(split()) == ("cat", "dog")
    inputs = region_inputs(split(), Layout(0, 0, ("dog", "zebra", "cat")))
    assert inputs[0].tolist() == [[0, 0, 0], [0.5, 0, 0], [0, 0, 0]]
    assert inputs[1].tolist() == [[0, 0, 0], [0, 0, 0.25], [1, 0, 0]]


def test_features_geometry_and_labels_stand_side_by_side() -> None:
    layout = Layout(4, 7, ("cat", "dog"))
    features, counts = torch.ones(2, 3, 4).half(), torch.tensor([2, 3])
    made = build_examples(split(), features, counts, layout)
    assert made.features.shape == (2, 3, layout.dimension)
    assert torch.equal(made.features[..., :4], features)
    assert torch.equal(made.features[..., 4:], region_inputs(split(), layout))
    room = torch.zeros(2, 3, layout.dimension).half()
    room[..., :4] = 1
    again = build_examples(split(), room, counts, layout)
    assert torch.equal(again.features, made.features)
    assert again.features.data_ptr() == room.data_ptr()


def test_sentences_are_tokens_and_know_their_image() -> None:
    made = build_examples(split(), torch.zeros(2, 3, 4).half(), torch.tensor([2, 3]), Layout(4))
    assert made.sentences == [["a", "dogs", "bone"], ["cats"], ["two"]]
    assert made.sentence_image.tolist() == [0, 1, 1]


def test_an_image_without_a_region_is_named() -> None:
    with pytest.raises(DataError, match="image b of d has no region in set"):
        build_examples(split(REGIONS[:2]), torch.zeros(2, 2, 4).half(), torch.tensor([2, 0]), Layout(4))
