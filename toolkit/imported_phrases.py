"""The phrases that a source has for an image's boxes, made into those that the dataset is to get."""

from __future__ import annotations

from collections.abc import Sequence

from .format import Report
from .records import ImageBundle, Problem, RegionPhrase
from .store import KnownImage, NewBox, phrase_identity

STATES = ("draft", "submitted", "accepted", "rejected")
LONGEST_TEXT = 2000  # characters, as on the annotation page
LONGEST_NAME = 200


def stated_and_new(
    bundle: ImageBundle, known: KnownImage | None, boxes: Sequence[NewBox], author: str, report: Report
) -> tuple[int, tuple[RegionPhrase, ...]]:
    """How many usable phrases the source states, and those of them that are not there yet.

    `boxes`: the image's new ones; phrases may also be on those that it has. `author`: whose the phrases are that name
    no annotator. What comes three times in the source comes three times in the dataset, also after a second import.
    """
    if not bundle.phrases:
        return 0, ()
    usable = {box.key for box in boxes}
    there: dict[tuple[object, ...], int] = {}
    if known is not None:
        usable |= known.regions.keys()
        there = dict(known.phrases)
    stated = 0
    new: list[RegionPhrase] = []
    for phrase in bundle.phrases:
        kept = _usable(bundle, phrase, usable, author, report)
        if kept is None:
            continue
        stated += 1
        if there and there.get(identity := phrase_identity(kept), 0) > 0:
            there[identity] -= 1
        else:
            new.append(kept)
    return stated, tuple(new)


def _usable(
    bundle: ImageBundle, phrase: RegionPhrase, regions: set[str], author: str, report: Report
) -> RegionPhrase | None:
    """The phrase in one line and with its annotator; None (and reported) where it cannot be kept."""
    text = " ".join(phrase.text.split())
    annotator = author if phrase.annotator is None else " ".join(phrase.annotator.split())
    kind = None
    if not text or "\0" in text:
        kind = "phrases without words"
    elif len(text) > LONGEST_TEXT:
        kind = f"phrases of more than {LONGEST_TEXT:,} characters"
    elif phrase.state not in STATES:
        kind = f"phrases whose state is none of {', '.join(STATES)}"
    elif not 0 < len(annotator) <= LONGEST_NAME or "\0" in annotator:
        kind = f"phrases whose annotator has no name of 1 to {LONGEST_NAME} characters"
    elif phrase.region not in regions:
        kind = "phrases on boxes that were left out"
    if kind is not None:
        report(Problem(kind, f"{bundle.key}, box {phrase.region}", text[:60]))
        return None
    if text == phrase.text and annotator == phrase.annotator:
        return phrase
    return RegionPhrase(phrase.region, text, annotator, phrase.state, phrase.seconds)
