"""Which phrases are about the same thing: a person's words for a box, with what others said of it.

Three ways to pool, each stated in the signature. *grounding*: spans of sentences that the data set ties to the same
chain, where the chain has one box. *annotator*: for a person's phrase, the phrase of each other annotator whose box is
matched to theirs one to one. *iou*: all phrases whose boxes overlap, as densecap merges them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np

from ..collected import Collected
from ..errors import DataError
from ..records import Box, Split
from ..text import words
from .matching import match, merge

MERGED_AT = 0.7  # densecap's
MATCHED_AT = 0.5


@dataclass(frozen=True, slots=True)
class Described:
    """A person's words for a box, the words of others for the same thing, and how much it counts.

    `weight` is one over the number of people who described the thing, so that every thing counts once.
    """

    id: str
    image: str
    image_id: int
    box: Box
    text: str
    references: tuple[str, ...]
    weight: float
    region_id: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A person's words for a box, before it is known who else described it."""

    id: str
    image: str
    image_id: int
    box: Box
    text: str
    region_id: int | None = None
    annotator: str | None = None


def from_chains(split: Split) -> list[Described]:
    """The phrases of every chain that has one box and at least two phrases: Flickr30k Entities' stand-in for a set of
    regions with several descriptions each.

    Raises:
        DataError: the split has no such chain.
    """
    keys = {image.id: image.key for image in split.images}
    texts = {sentence.id: sentence.text for sentence in split.sentences}
    chains: dict[tuple[int, str], list[tuple[str, str, tuple[Box, ...]]]] = {}
    for g in split.groundings:
        if g.chain is not None and g.boxes:
            text = texts[g.sentence_id][g.start : g.end]
            chains.setdefault((g.image_id, g.chain), []).append((f"{g.sentence_id}:{g.start}-{g.end}", text, g.boxes))
    found: list[Described] = []
    for (image_id, chain), spans in chains.items():
        spans = [span for span in spans if words(span[1])]
        boxes = {box for _, _, own in spans for box in own}
        if len(boxes) != 1 or len(spans) < 2:
            continue
        pool = [
            Said(f"{keys[image_id]} chain {chain} {place}", keys[image_id], image_id, next(iter(boxes)), text)
            for place, text, _ in spans
        ]
        found += _each_against_others(pool)
    if not found:
        raise DataError(
            f"split {split.name!r} of {split.dataset} has no chain with one box and two phrases: import some first "
            "(vsa import flickr30k-entities DIR), or pool the phrases of a campaign (--pool annotator or iou)."
        )
    return found


def from_overlaps(said: Sequence[Said], iou: float = MERGED_AT) -> list[Described]:
    """The phrases of each group of overlapping boxes that has at least two.

    Raises:
        DataError: no two boxes overlap that much.
    """
    found: list[Described] = []
    for _, own in groupby(sorted(said, key=lambda s: s.image_id), key=lambda s: s.image_id):
        here = list(own)
        for group in merge(np.array([s.box for s in here]), iou):
            if len(group) > 1:
                found += _each_against_others([here[member] for member in group])
    if not found:
        raise DataError(f"no two of {len(said)} boxes overlap by {iou:g}: nothing was described twice.")
    return found


def from_annotators(said: Sequence[Said], iou: float = MATCHED_AT) -> list[Described]:
    """Each phrase with those of other annotators whose box is matched to its own; phrases without any are left out.

    Raises:
        DataError: no phrase has one.
    """
    others: dict[str, list[str]] = {}
    for one, other in _pairs_of_annotators(said):
        for a, b, _ in match([s.box for s in one], [s.box for s in other], iou):
            others.setdefault(one[a].id, []).append(other[b].text)
            others.setdefault(other[b].id, []).append(one[a].text)
    found = [_described(s, others[s.id]) for s in said if s.id in others]
    if not found:
        raise DataError(f"no box of an annotator is matched to one of another at IoU {iou:g}: nothing can be compared.")
    return found


def said_by_people(collected: Collected) -> list[Said]:
    """The phrases of a campaign."""
    keys = {image.id: image.key for image in collected.images}
    return [
        Said(str(p.id), keys[p.image_id], p.image_id, p.box, p.text, p.region_id, p.annotator)
        for p in collected.phrases
        if words(p.text)
    ]


def said_in_sentences(split: Split) -> list[Said]:
    """The spans of sentences that are tied to one box."""
    keys = {image.id: image.key for image in split.images}
    texts = {sentence.id: sentence.text for sentence in split.sentences}
    found = [
        Said(f"{keys[g.image_id]} {g.sentence_id}:{g.start}-{g.end} {g.chain}", keys[g.image_id], g.image_id,
             g.boxes[0], texts[g.sentence_id][g.start : g.end])
        for g in split.groundings
        if len(g.boxes) == 1
    ]  # fmt: skip
    return [said for said in found if words(said.text)]


def _each_against_others(pool: Sequence[Said]) -> Iterator[Described]:
    for number, said in enumerate(pool):
        yield _described(said, [other.text for place, other in enumerate(pool) if place != number])


def _described(said: Said, references: Sequence[str]) -> Described:
    return Described(
        said.id, said.image, said.image_id, said.box, said.text, tuple(references), 1 / (1 + len(references)),
        said.region_id,
    )  # fmt: skip


def _pairs_of_annotators(said: Sequence[Said]) -> Iterator[tuple[list[Said], list[Said]]]:
    """The phrases of every two annotators of one image."""
    grouped: dict[int, dict[str, list[Said]]] = {}
    for s in said:
        grouped.setdefault(s.image_id, {}).setdefault(s.annotator or "", []).append(s)
    for by_person in grouped.values():
        for one, other in combinations(sorted(by_person), 2):
            yield by_person[one], by_person[other]
