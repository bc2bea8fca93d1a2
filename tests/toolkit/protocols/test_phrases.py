from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit.boxes import centre, contains, iou
from vsa_toolkit.errors import DataError
from vsa_toolkit.protocols.phrases import read_phrases
from vsa_toolkit.records import Grounding, Region


def test_a_phrase_has_the_tokens_that_its_characters_touch(split):
    phrases = read_phrases(split)
    assert phrases.words == (("a", "man"), ("a", "brown", "dog"))
    assert phrases.tokens.tolist() == [[0, 2], [3, 6]]


def test_a_region_hits_at_half_overlap_with_any_box(split):
    phrases = read_phrases(split)
    assert phrases.hit.tolist() == [[True, True, False, False], [True, False, True, False]]
    assert phrases.pointed.tolist() == [[False, True, False, False], [True, False, True, True]]
    assert not read_phrases(split, iou=0.6).hit[0, 0]
    two = replace(split.groundings[0], boxes=(*split.groundings[0].boxes, *split.groundings[1].boxes))
    assert read_phrases(replace(split, groundings=[two])).hit.tolist() == [[True, True, True, False]]


def test_what_cannot_be_grounded_is_skipped_and_counted(split):
    good = split.groundings[0]
    others = [
        replace(good, boxes=(), no_box=True),
        replace(good, boxes=(), scene=True),
        replace(good, categories=("notvisual",)),
        replace(good, boxes=()),
        replace(good, start=22, end=23),
    ]
    phrases = read_phrases(replace(split, groundings=[good, *others]))
    assert len(phrases) == 1
    assert phrases.skipped == {"no box": 2, "scene": 1, "not visual": 1, "no word": 1}


def test_a_split_without_any_phrase_is_refused(split):
    with pytest.raises(DataError, match="no phrase with a box: import some"):
        read_phrases(replace(split, groundings=[]))


def test_a_region_set_without_regions_is_refused(split):
    with pytest.raises(DataError, match="no region"):
        read_phrases(replace(split, regions=[]))


boxes = st.tuples(*[st.integers(0, 90).map(float)] * 2, *[st.integers(1, 60).map(float)] * 2)


@given(st.lists(boxes, min_size=1, max_size=5), st.lists(boxes, min_size=1, max_size=4))
def test_hits_equal_those_of_the_plain_definition(regions, truth):
    from .conftest import make_split

    split = make_split()
    split = replace(
        split,
        regions=[Region(i, 1, box) for i, box in enumerate(regions)],
        groundings=[Grounding(1, 1, 1, 0, 5, tuple(truth))],
    )
    phrases = read_phrases(split)
    for i, box in enumerate(regions):
        overlap = max(iou(box, t) for t in truth)
        assert abs(overlap - 0.5) < 1e-9 or phrases.hit[0, i] == (overlap >= 0.5)
        point = centre(box)
        on_edge = any(p in (t[k], t[k] + t[k + 2]) for t in truth for k, p in enumerate(point))
        assert on_edge or phrases.pointed[0, i] == any(contains(t, point) for t in truth)


def test_images_with_fewer_regions_are_padded(split):
    from .conftest import make_split

    two = make_split(images=2)
    fewer = replace(two, regions=[r for r in two.regions if r.image_id == 1 or r.is_frame])
    phrases = read_phrases(fewer)
    assert phrases.regions.exists.sum(axis=1).tolist() == [4, 1]
    assert not phrases.hit[2:, 1:].any()
    assert np.array_equal(phrases.sentence_image, [0, 1])


def test_merged_boxes_are_judged_by_the_box_around_them(split):
    ends = replace(split.groundings[0], boxes=((0, 0, 10, 50), (90, 0, 10, 50)))
    phrases = replace(split, groundings=[ends])
    assert read_phrases(phrases).hit.tolist() == [[False] * 4]
    merged = read_phrases(phrases, boxes="merged")
    assert merged.hit.tolist() == [[True, False, False, False]]  # the frame is the box around both
    assert merged.pointed.all()


def test_one_box_for_all_photos_is_judged_like_a_region(split):
    phrases = read_phrases(split)
    assert [side.tolist() for side in phrases.judge((0, 0, 0.45, 1))] == [[True, False], [True, False]]
