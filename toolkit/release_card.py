"""The data card of a release, in markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .release import About, Counts, Part

NOT_STATED = "not stated"

READ = """\
## Reading it

Each `.jsonl` file holds one object a line; `image` joins them, `region` is unique within its image. Boxes are
`[x, y, width, height]` in pixels, origin top left, half-open, on the photo as people see it (EXIF applied): of the size
`frame` where an image has one, else `width` × `height`. `start` and `end` are characters of the sentence, half-open.

Photos are not part of the release: `sha256` and `bytes` in `images.jsonl` say which file each of them is.

    sha256sum -c SHA256SUMS
    vsa release --check DIR
    vsa import release DIR --images PHOTOS
"""


def data_card(about: About, counts: Counts) -> str:
    """What is in a release, where it comes from, under which licences, and how to read and cite it."""
    return "\n".join(_lines(about, counts)) + "\n"


def _lines(about: About, counts: Counts) -> Iterator[str]:
    figures = counts.figures()
    what = f"the campaign {about.campaign!r} on" if about.campaign else "the dataset"
    yield f"# {about.name}\n"
    yield f"A frozen snapshot of {what} `{about.dataset}`, made on {about.created} with vsa {about.vsa}.\n"
    if about.description:
        yield f"## About\n\n{about.description}\n"
    yield "## What is in it\n"
    yield from _table(("", ""), [(name, _figure(figures[key])) for key, name in _ROWS if figures[key]])
    yield ""
    yield from _table(("split", "images"), [(name, f"{count:,}") for name, count in figures["splits"].items()])
    yield "\n## Where it comes from\n"
    header = ("part", "kind", "brought", "source", "licence")
    yield from _table(header, [_part(part) for part in about.parts])
    if any(part.licence is None for part in about.parts):
        yield "\nParts without a stated licence: ask whoever is named as their source before you use or pass them on."
    if about.how:
        yield "\n## How people described it\n"
        yield from about.how
        yield (
            "\nAnnotators are pseudonyms: the same person has the same one in every release of this database, and the"
            " names are not in it."
        )
    yield "\n## Its files\n"
    lines = [(f"`{name}.jsonl`", f"{figures[name]:,}", members) for name, members in _MEMBERS]
    yield from _table(("file", "lines", "members of a line (those that are nothing are left out)"), lines)
    yield f"\n{READ}"
    yield "## Citing it\n"
    yield f"Name it `{about.name}` with the first twelve digits of the sha256 of `release.json`. Evaluations by vsa say"
    yield "`release:` with both where their data is that of this release."
    if about.fingerprints:
        yield ""
        rows = [(name, f"`{digest[:12]}`") for name, digest in about.fingerprints.items()]
        yield from _table(("split", "fingerprint of its data"), rows)


_MEMBERS = (
    ("images", "image, file, split, width, height, frame, sha256, bytes"),
    ("sentences", "image, number, text"),
    ("regions", "image, region, set, box, label, score, raw_box (the integers of its source)"),
    ("groundings", "image, sentence, start, end, regions, chain, categories, no_box, scene"),
    ("phrases", "image, region, text, annotator, state, seconds, campaign"),
)
_ROWS = (
    ("images", "images"),
    ("regions", "regions"),
    ("annotations", "annotations"),
    ("sentences", "… sentences on images"),
    ("groundings", "… spans of sentences tied to regions"),
    ("phrases", "… phrases on regions"),
    ("words_a_phrase", "words a phrase, mean"),
    ("annotators", "annotators"),
    ("overlap", "annotators an image with phrases, mean (overlap)"),
)


_BROUGHT = {"frame sizes": "sizes of original photos", "groundings": "spans tied to regions"}


def _part(part: Part) -> tuple[str, ...]:
    brought = ", ".join(f"{count:,} {_BROUGHT.get(what, what)}" for what, count in part.brought.items() if count)
    return (part.name, part.kind, brought, part.source or NOT_STATED, part.licence or NOT_STATED)


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
