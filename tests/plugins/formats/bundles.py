"""Images with labels, made up by hypothesis; and what of them must come back when a format is written and read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from vsa_toolkit.format import Export, Format, image_key
from vsa_toolkit.records import (
    Box,
    GroundingSpan,
    ImageBundle,
    ImageFile,
    Problem,
    RegionBox,
    RegionPhrase,
    SentenceText,
)

FRAME = (640, 480)
STATES = ("draft", "submitted", "accepted", "rejected")

# As they are kept: one line, no spaces around it.
_letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp", "Cs", "Cn"))
lines = st.lists(st.text(_letters, min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join)
names = st.text(_letters, min_size=1, max_size=10)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """Hundredths of a pixel, inside the frame."""
    x, y = draw(st.integers(0, 63_000)), draw(st.integers(0, 47_000))
    width, height = draw(st.integers(1, 64_000 - x)), draw(st.integers(1, 48_000 - y))
    return (x / 100, y / 100, width / 100, height / 100)


@st.composite
def regions(draw: st.DrawFn) -> tuple[RegionBox, ...]:
    keys = draw(st.lists(st.one_of(st.integers(1, 999).map(str), names), unique=True, max_size=4))
    labels = st.none() | names
    return tuple(RegionBox(key, draw(boxes()), draw(labels)) for key in keys)


@st.composite
def phrases(draw: st.DrawFn, on: tuple[RegionBox, ...]) -> tuple[RegionPhrase, ...]:
    if not on:
        return ()
    one = st.builds(
        RegionPhrase,
        st.sampled_from([region.key for region in on]),
        lines,
        st.sampled_from(["ann", "bob", "Zoë O'Neil"]),
        st.sampled_from(STATES),
    )
    return tuple(draw(st.lists(one, max_size=5)))


@st.composite
def bundles(draw: st.DrawFn) -> list[ImageBundle]:
    path = st.builds(
        lambda *parts: "".join(parts), st.sampled_from(["", "train/", "a b/"]),
        st.text("abZ09 _-.ü&'", min_size=1, max_size=6).filter(lambda name: name.strip(" .")), st.just(".jpg"),
    )  # fmt: skip
    paths = draw(st.lists(path, unique_by=image_key, max_size=3))
    made = []
    for path in paths:
        on = draw(regions())
        sentences = tuple(SentenceText(n, text) for n, text in enumerate(draw(st.lists(lines, max_size=3))))
        split = draw(st.sampled_from(["train", "val", "test"]))
        file = ImageFile(image_key(path), Path(path), split)
        made.append(
            ImageBundle(
                file.key, file, frame=FRAME, sentences=sentences, regions=on, phrases=draw(phrases(on)), size=FRAME
            )
        )
    return made


def written_and_read(target: Format, path: Path, images: list[ImageBundle]) -> tuple[list[ImageBundle], list[Problem]]:
    """What a format reads of what it wrote, and what it reported on the way."""
    problems: list[Problem] = []
    target.write(path, Export("made up", path.parent, path, images, problems.append))
    return list(target.read(path, problems.append)), problems


def essence(bundle: ImageBundle, holds: frozenset[str]) -> dict[str, Any]:
    """What must be the same, in whatever order it comes."""
    return {
        "key": bundle.key,
        "path": bundle.file.path.as_posix() if bundle.file else None,
        "split": bundle.file.split if bundle.file else None,
        "sentences": [s.text for s in bundle.sentences] if "sentences" in holds else [],
        "regions": {r.key: (_rounded(r.box), r.label) for r in bundle.regions} if "regions" in holds else {},
        "phrases": Counter(bundle.phrases) if "phrases" in holds else Counter(),
    }


def _rounded(box: Box) -> tuple[float, ...]:
    """To a millionth of a pixel: corners give a width as a difference."""
    return tuple(round(side, 6) for side in box)


def without_order(spans: tuple[GroundingSpan, ...]) -> Counter[GroundingSpan]:
    return Counter(replace(span, regions=tuple(sorted(span.regions))) for span in spans)
