"""Pictures of alignments say what the alignment says, and can be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vsa_toolkit.pictures import (
    FRAME,
    INK,
    PALETTE,
    PAPER,
    QUIET,
    contrast,
    draw_alignment,
    ink_on,
    region_marks,
    strength,
    strengths,
    tint,
)
from vsa_toolkit.records import Region, Sentence, SentenceAlignment, WordAlignment

PHOTO = Image.new("RGB", (320, 240), (120, 130, 120))
REGIONS = [
    Region(10, 1, (0, 0, 320, 240), is_frame=True),
    Region(11, 1, (20, 60, 80, 90)),
    Region(12, 1, (180, 60, 70, 70)),
    Region(13, 1, (250, 150, 40, 50)),
]


def _aligned(text: str, ties: list[tuple[int | None, float | None]], id: int = 1) -> tuple[Sentence, SentenceAlignment]:
    words, at = [], 0
    for token, (region, score) in zip(text.split(), ties, strict=True):
        start = text.index(token, at)
        at = start + len(token)
        words.append(WordAlignment(token, start, at, region, score))
    return Sentence(id, 1, 0, text), SentenceAlignment(id, 1, tuple(words))


def _draw(*pairs: tuple[Sentence, SentenceAlignment], width: int = 960) -> np.ndarray:
    picture = draw_alignment(PHOTO, REGIONS, [s for s, _ in pairs], [a for _, a in pairs], width=width)
    assert picture.width == width
    return np.asarray(picture).astype(int)


def _has(pixels: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels - colour).max(-1) <= 1).sum() > 20)


def test_regions_are_numbered_as_the_words_come_and_the_frame_is_zero() -> None:
    _, a = _aligned("a red ball there", [(None, None), (12, 1.0), (11, 0.5), (10, 0.2)])
    marks = region_marks(REGIONS, [a])
    assert {id: mark.number for id, mark in marks.items()} == {12: 1, 11: 2, 10: 0}
    assert marks[12].colour != marks[11].colour
    assert marks[10].colour == FRAME


def test_the_tied_region_has_its_colour_in_the_picture_and_another_has_none() -> None:
    pixels = _draw(_aligned("red ball", [(11, 1.0), (11, 0.4)]))
    assert _has(pixels, PALETTE[0])
    assert not any(_has(pixels, colour) for colour in PALETTE[1:])


def test_the_strongest_word_has_the_full_colour_and_the_weakest_a_faint_one() -> None:
    pixels = _draw(_aligned("red ball", [(11, 3.0), (12, -1.0)]))
    assert _has(pixels, tint(PALETTE[0], 1.0))
    assert _has(pixels, tint(PALETTE[1], 0.0))


def test_a_word_without_score_has_no_colour() -> None:
    pixels = _draw(_aligned("of the", [(None, None), (None, None)]))
    assert not any(_has(pixels, colour) for colour in (*PALETTE, FRAME))


def test_a_long_sentence_takes_more_lines_and_stays_inside_the_page() -> None:
    text = "word " * 60
    ties: list[tuple[int | None, float | None]] = [(11, 0.5)] * 60
    long = _draw(_aligned(text.strip(), ties))
    short = _draw(_aligned("word", [(11, 0.5)]))
    assert len(long) > len(short) + 100
    assert (long[:, :20] == 255).all()
    assert (long[:, -20:] == 255).all()


def test_a_squashed_photo_is_shown_in_its_true_aspect() -> None:
    square = Image.new("RGB", (224, 224), (90, 90, 90))
    sentence, alignment = _aligned("ball", [(None, None)])
    wide = draw_alignment(square, [], [sentence], [alignment], frame=(500, 250))
    plain = draw_alignment(square, [], [sentence], [alignment])
    assert wide.height < plain.height - 300


def test_a_picture_without_regions_or_sentences_is_no_trouble() -> None:
    assert draw_alignment(PHOTO, [], [], []).height > 600


def test_sentences_and_alignments_must_go_together() -> None:
    sentence, _ = _aligned("ball", [(None, None)])
    with pytest.raises(ValueError):
        draw_alignment(PHOTO, REGIONS, [sentence], [])


def test_equal_scores_are_all_strong() -> None:
    _, a = _aligned("red ball", [(11, 0.5), (11, 0.5)])
    assert strength(0.5, strengths([a])) == 1.0


@given(st.sampled_from([*PALETTE, FRAME]), st.floats(0, 1))
def test_words_can_be_read_on_every_colour_of_every_strength(colour: tuple[int, int, int], amount: float) -> None:
    fill = tint(colour, amount)
    assert contrast(ink_on(fill), fill) >= 4.5


def test_grey_words_can_be_read_on_paper() -> None:
    assert contrast(QUIET, PAPER) >= 4.5
    assert contrast(INK, PAPER) >= 7


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_without_a_legend_nothing_but_the_note_stands_below_the_sentences() -> None:
    sentence, alignment = _aligned("red ball", [(11, 1.0), (11, 1.0)])
    shown = [
        np.asarray(draw_alignment(PHOTO, REGIONS, [sentence], [alignment], legend=legend)).astype(int)
        for legend in (True, False)
    ]
    assert shown[0].shape == shown[1].shape
    below = [picture[-40:] for picture in shown]
    assert (below[0] < 255).any()
    assert (below[1] == 255).all()
