"""Pictures of alignments: a photo with its regions, and below it the sentences, each word in its region's colour.

A region that some word is tied to has a colour and a number, on its box and on its words; the stronger a word's
score, the stronger its colour. Words without a score are grey, and so are boxes that no word is tied to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .boxes import iou, scale
from .records import Box, Region, Sentence, SentenceAlignment, Size, WordAlignment

if TYPE_CHECKING:
    from PIL.Image import Image as Photo
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]

# Okabe and Ito's colours, told apart with any colour vision; the darker ones first, black and pale yellow left out.
PALETTE: tuple[Colour, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (120, 94, 240),
    (148, 103, 40),
)
FRAME: Colour = (90, 98, 110)
"""The colour of words tied to the whole picture."""

PAPER: Colour = (255, 255, 255)
INK: Colour = (0, 0, 0)
"""Black, not a dark grey: with it or white on it, words read at 4.5 : 1 on any background there is."""
QUIET: Colour = (104, 110, 119)
"""Words without a score and small print: they recede, and still read at 5 : 1 on paper."""

WIDTH = 960
MARGIN = 28
TEXT = 27
SMALL = 17


@dataclass(frozen=True, slots=True)
class Mark:
    """How a region is shown: its number (0: the whole picture) and its colour."""

    number: int
    colour: Colour


def region_marks(regions: Sequence[Region], alignments: Sequence[SentenceAlignment]) -> dict[int, Mark]:
    """A mark for every region that a word is tied to, by region id, numbered as the words come."""
    frames = {region.id for region in regions if region.is_frame}
    marks: dict[int, Mark] = {}
    count = 0
    for alignment in alignments:
        for word in alignment.words:
            if word.region_id is None or word.region_id in marks:
                continue
            if word.region_id in frames:
                marks[word.region_id] = Mark(0, FRAME)
            else:
                marks[word.region_id] = Mark(count + 1, PALETTE[count % len(PALETTE)])
                count += 1
    return marks


def strengths(alignments: Sequence[SentenceAlignment]) -> tuple[float, float]:
    """The scores that have the weakest and the strongest colour in a picture: the least and the greatest there."""
    scores = [word.score for alignment in alignments for word in alignment.words if word.score is not None]
    return (min(scores), max(scores)) if scores else (0.0, 0.0)


def strength(score: float, limits: tuple[float, float]) -> float:
    """How strong the colour of a score is, 0 to 1; 1 where all scores are the same."""
    low, high = limits
    return (score - low) / (high - low) if high > low else 1.0


def tint(colour: Colour, amount: float) -> Colour:
    """The colour laid over paper: a faint tint at 0, the colour itself at 1."""
    share = 0.10 + 0.90 * amount
    r, g, b = (round(p + (c - p) * share) for p, c in zip(PAPER, colour))
    return (r, g, b)


def ink_on(background: Colour) -> Colour:
    """Ink or paper, whichever reads better on a background."""
    return INK if contrast(INK, background) >= contrast(PAPER, background) else PAPER


def contrast(a: Colour, b: Colour) -> float:
    """WCAG 2 contrast of two colours, 1 to 21."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def draw_alignment(
    photo: Photo,
    regions: Sequence[Region],
    sentences: Sequence[Sentence],
    alignments: Sequence[SentenceAlignment],
    *,
    frame: Size | None = None,
    title: str = "",
    note: str = "",
    width: int = WIDTH,
    legend: bool = True,
) -> Photo:
    """A picture (RGB) of an image's regions and its sentences with coloured words.

    photo: RGB; regions: boxes in its pixels. sentences, alignments: side by side. frame: the photo's size before its
    file was resized, to show it in that aspect. title, note: small print above and below (what made the alignment;
    "simulated"). width: of the whole picture in pixels. legend: whether to say what colour and strength mean (captions
    have no scores by word).
    """
    from PIL import Image

    marks, limits = region_marks(regions, alignments), strengths(alignments)
    shown = _enlarged(photo, frame or photo.size, width)
    _draw_boxes(shown, photo.size, regions, marks)
    # Once to measure and once to draw, by the same code.
    height = _draw_page(Image.new("RGB", (width, 10)), shown, sentences, alignments, marks, limits, title, note, legend)
    page = Image.new("RGB", (width, height), PAPER)
    _draw_page(page, shown, sentences, alignments, marks, limits, title, note, legend)
    return page


def _draw_page(
    page: Photo,
    shown: Photo,
    sentences: Sequence[Sentence],
    alignments: Sequence[SentenceAlignment],
    marks: dict[int, Mark],
    limits: tuple[float, float],
    title: str,
    note: str,
    legend: bool,
) -> int:
    """Draw everything; gives the height that it takes."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(page)
    y = MARGIN // 2
    if title:
        draw.text((MARGIN, y), title, QUIET, _font(SMALL))
        y += SMALL + 12
    page.paste(shown, ((page.width - shown.width) // 2, y))
    y += shown.height + MARGIN // 2
    for sentence, alignment in zip(sentences, alignments, strict=True):
        y = _draw_sentence(draw, y, page.width, sentence.text, alignment, marks, limits)
    y = _draw_legend(draw, y + 10, page.width, marks if legend else {}, limits, note, legend)
    return y + MARGIN // 2


def _enlarged(photo: Photo, aspect: Size, width: int) -> Photo:
    """The photo in its true aspect, as wide as the page allows and no higher than wide."""
    from PIL import Image

    room = width - 2 * MARGIN
    factor = min(room / aspect[0], room / aspect[1])
    size = (max(1, round(aspect[0] * factor)), max(1, round(aspect[1] * factor)))
    return photo.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _draw_boxes(shown: Photo, source: Size, regions: Sequence[Region], marks: dict[int, Mark]) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(shown, "RGBA")
    idle = [region for region in regions if not region.is_frame and region.id not in marks]
    tied = [region for region in regions if not region.is_frame and region.id in marks]
    for region in idle:
        draw.rectangle(_corners(region.box, source, shown.size), outline=(255, 255, 255, 110), width=1)
    for region in sorted(tied, key=lambda r: -r.box[2] * r.box[3]):
        corners = _corners(region.box, source, shown.size)
        draw.rectangle(corners, outline=(*PAPER, 235), width=7)
        inner = (corners[0] + 1.5, corners[1] + 1.5, corners[2] - 1.5, corners[3] - 1.5)
        draw.rectangle(inner, outline=marks[region.id].colour, width=4)
    tags: list[Box] = []
    for region in tied:
        corners = _corners(region.box, source, shown.size)
        tags.append(_draw_tag(draw, corners, marks[region.id], shown.size, tags))


def _draw_tag(
    draw: ImageDraw, corners: tuple[float, float, float, float], mark: Mark, size: Size, taken: Sequence[Box]
) -> Box:
    """The region's number at the first corner of its box where it hides no other number; gives where it went."""
    font, text = _font(TEXT - 4), str(mark.number)
    w, h = draw.textlength(text, font) + 16, TEXT + 5.0
    left, top, right, bottom = corners
    outside = [(left, top - h + 2), (right - w, top - h + 2), (left, bottom - 2), (right - w, bottom - 2)]
    inside = [(left, top), (right - w, top), (left, bottom - h), (right - w, bottom - h)]
    places = [(x, y, w, h) for x, y in outside + inside if 0 <= x <= size[0] - w and 0 <= y <= size[1] - h]
    free = [place for place in places if all(iou(place, other) == 0 for other in taken)]
    x, y, _, _ = place = (free or places or [(0.0, 0.0, w, h)])[0]
    draw.rounded_rectangle((x, y, x + w, y + h), 5, mark.colour, PAPER, 2)
    draw.text((x + w / 2, y + h / 2), text, ink_on(mark.colour), font, anchor="mm")
    return place


def _corners(box: Box, source: Size, target: Size) -> tuple[float, float, float, float]:
    x, y, w, h = scale(box, source, target)
    return (x, y, max(x + w - 1, x + 8), max(y + h - 1, y + 8))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a sentence that stays on one line: a token, or what stands between tokens."""

    text: str
    word: WordAlignment | None = None
    starts_run: bool = False


def _pieces(text: str, alignment: SentenceAlignment) -> Iterator[_Piece]:
    at, before = 0, None
    for word in alignment.words:
        if word.start > at:
            yield _Piece(text[at : word.start])
        yield _Piece(text[word.start : word.end], word, word.region_id is not None and word.region_id != before)
        at, before = word.end, word.region_id
    if at < len(text):
        yield _Piece(text[at:])


def _draw_sentence(
    draw: ImageDraw,
    y: int,
    width: int,
    text: str,
    alignment: SentenceAlignment,
    marks: dict[int, Mark],
    limits: tuple[float, float],
) -> int:
    """A sentence in lines of the page's width; gives where the next one starts."""
    font, line, x = _font(TEXT), TEXT + 23, float(MARGIN)
    y += 8
    for piece in _pieces(text, alignment):
        mark = marks.get(piece.word.region_id) if piece.word and piece.word.region_id is not None else None
        number = str(mark.number) if mark and mark.number and piece.starts_run else ""
        w = draw.textlength(piece.text, font) + (10 + _number_width(draw, number) if mark else 0)
        if x + w > width - MARGIN and x > MARGIN and piece.text.strip():
            x, y = float(MARGIN), y + line
        if mark and piece.word and piece.word.score is not None:
            _draw_word(draw, x, y, w, piece.text, number, mark, strength(piece.word.score, limits))
        else:
            draw.text((x, y), piece.text, QUIET, font)
        x += w
    return y + line


def _draw_word(
    draw: ImageDraw, x: float, y: float, w: float, text: str, number: str, mark: Mark, amount: float
) -> None:
    fill = tint(mark.colour, amount)
    draw.rounded_rectangle((x, y - 4, x + w, y + TEXT + 9), 6, fill, mark.colour, 1)
    if number:
        draw.text((x + 6, y - 2), number, ink_on(fill), _font(SMALL - 2))
    draw.text((x + 5 + _number_width(draw, number), y), text, ink_on(fill), _font(TEXT))


def _number_width(draw: ImageDraw, number: str) -> float:
    return draw.textlength(number, _font(SMALL - 2)) + 4 if number else 0.0


def _draw_legend(
    draw: ImageDraw,
    y: int,
    width: int,
    marks: dict[int, Mark],
    limits: tuple[float, float],
    note: str,
    legend: bool,
) -> int:
    """What colour and strength mean, and the note."""
    font, x = _font(SMALL), float(MARGIN)
    if marks:
        x = _draw_scale(draw, x, y, next((m.colour for m in marks.values() if m.number), FRAME), limits)
    for text, fill in (("whole picture", FRAME), ("not tied", QUIET)) if legend else ():
        if fill == FRAME and not any(mark.number == 0 for mark in marks.values()):
            continue
        draw.rounded_rectangle((x, y + 2, x + SMALL, y + SMALL + 2), 4, fill if fill == FRAME else PAPER, fill, 1)
        draw.text((x + SMALL + 7, y), text, INK if fill == FRAME else QUIET, font)
        x += SMALL + 7 + draw.textlength(text, font) + 24
    if note:
        if x + draw.textlength(note, font) > width - MARGIN:
            y += SMALL + 12
        draw.text((width - MARGIN, y), note, QUIET, font, anchor="ra")
    return y + SMALL + 8


def _draw_scale(draw: ImageDraw, x: float, y: int, colour: Colour, limits: tuple[float, float]) -> float:
    """A bar from the weakest to the strongest score; gives where it ends."""
    font = _font(SMALL)
    low, high = (f"{limit:.2f}" for limit in limits)
    for text, ink, after in (("word score", INK, 12.0), (low, QUIET, 8.0)):
        draw.text((x, y), text, ink, font)
        x += draw.textlength(text, font) + after
    for step in range(60):
        draw.rectangle((x + 2 * step, y + 2, x + 2 * step + 1, y + SMALL + 2), tint(colour, step / 59))
    draw.text((x + 128, y), high, QUIET, font)
    return x + 128 + draw.textlength(high, font) + 28


def _font(size: int) -> FreeTypeFont:
    """Pillow's own font, so that a picture is the same everywhere."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _luminance(colour: Colour) -> float:
    def linear(channel: int) -> float:
        c = channel / 255
        return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)

    r, g, b = (linear(channel) for channel in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
