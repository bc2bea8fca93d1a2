"""Sentences about a scene by several simulated describers, each with its own habits, and what each phrase means.

A describer names what it likes in the words that it likes; colours, textures, sizes and places are always true.
Where a noun alone would fit two objects, the colour is said too, as people do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..boxes import area, centre
from ..records import Box
from .objects import Look, objects
from .sample import Scene, Thing


@dataclass(frozen=True, slots=True)
class PhraseSpan:
    """A noun phrase: half-open characters of the sentence, and the keys of the objects that it means.

    `scene`: it means the whole scene and no object.
    """

    start: int
    end: int
    things: tuple[str, ...]
    scene: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    describer: str
    text: str
    phrases: tuple[PhraseSpan, ...]


def describe(scene: Scene, boxes: dict[str, Box], rng: np.random.Generator) -> list[Description]:
    """Three to five sentences, each by another describer, in random order."""
    names = rng.permutation(list(DESCRIBERS))[: int(rng.integers(3, 6))]
    return [DESCRIBERS[name](_View(scene, boxes, rng), str(name)) for name in names]


@dataclass
class _Draft:
    """A sentence in the making: pieces of text, some of them noun phrases."""

    text: str = ""
    phrases: list[PhraseSpan] = field(default_factory=list)

    def say(self, words: str) -> _Draft:
        self.text += words
        return self

    def name(self, phrase: str, things: Sequence[Thing] = (), scene: bool = False) -> _Draft:
        start = len(self.text)
        self.text += phrase
        self.phrases.append(PhraseSpan(start, len(self.text), tuple(t.key for t in things), scene))
        return self

    def finish(self, describer: str, capital: bool = True, stop: str = ".") -> Description:
        text = self.text[0].upper() + self.text[1:] if capital else self.text
        return Description(describer, text + stop, tuple(self.phrases))


class _View:
    """A scene as a describer sees it: what is where, and how to call it."""

    def __init__(self, scene: Scene, boxes: dict[str, Box], rng: np.random.Generator) -> None:
        self.boxes = boxes
        self.rng = rng
        self.things = [scene.things[int(i)] for i in rng.permutation(len(scene.things))]

    def biggest_first(self) -> list[Thing]:
        return sorted(self.things, key=lambda thing: -area(self.boxes[thing.key]))

    def noun(self, thing: Thing, rare: float = 0.0) -> str:
        return self._word(objects().kinds[thing.kind].nouns, rare)

    def verb(self, thing: Thing) -> str:
        return str(self.rng.choice(objects().kinds[thing.kind].verbs))

    def phrase(self, thing: Thing, says: Sequence[str], rare: float = 0.0) -> str:
        """Adjectives of those kinds (size, texture, colour) and a noun, without article."""
        known = objects()
        alike = [other for other in self.things if other.kind == thing.kind]
        told = {*says, "colour"} if len(alike) > 1 else set(says)
        looks: list[Look] = [
            look
            for what, look in (
                ("size", known.sizes[thing.size]),
                ("texture", known.textures[thing.texture]),
                ("colour", known.colours[thing.colour]),
            )
            if what in told and look.name != "plain"
        ]
        return " ".join([*(self._word(look.words, rare) for look in looks), self.noun(thing, rare)])

    def relation(self, thing: Thing, other: Thing) -> str:
        """Where `thing` is, as seen from `other`."""
        (ax, ay), (bx, by) = centre(self.boxes[thing.key]), centre(self.boxes[other.key])
        if abs(ax - bx) > abs(ay - by):
            return "to the left of" if ax < bx else "to the right of"
        return "above" if ay < by else "below"

    def nearest(self, thing: Thing) -> Thing:
        x, y = centre(self.boxes[thing.key])
        others = [other for other in self.things if other is not thing]
        distance = {
            o.key: (centre(self.boxes[o.key])[0] - x) ** 2 + (centre(self.boxes[o.key])[1] - y) ** 2 for o in others
        }
        return min(others, key=lambda other: distance[other.key])

    def _word(self, words: Sequence[str], rare: float) -> str:
        if len(words) == 1 or self.rng.random() >= rare:
            return words[0]
        return str(self.rng.choice(words[1:]))


def _hurried(view: _View, name: str) -> Description:
    """Two objects, few words, no capital and no full stop."""
    first, second = view.biggest_first()[:2]
    draft = _Draft().name(view.phrase(first, ["colour"]), [first]).say(" and ")
    return draft.name(view.phrase(second, ["colour"]), [second]).finish(name, capital=False, stop="")


def _painter(view: _View, name: str) -> Description:
    """Colours and textures, in choice words."""
    first, second, third = view.things[:3]
    draft = _Draft()
    for thing, before in (
        (first, ""),
        (second, " next to " if view.nearest(first) is second else " with "),
        (third, " and "),
    ):
        draft.say(before).name(_a(view.phrase(thing, ["texture", "colour"], rare=0.5)), [thing])
    return draft.finish(name)


def _surveyor(view: _View, name: str) -> Description:
    """Who is where, seen from whom."""
    a, c = view.things[:2]
    b, d = view.nearest(a), view.nearest(c)
    draft = _Draft()
    draft.name("the " + view.phrase(a, ["colour"]), [a]).say(f" is {view.relation(a, b)} ")
    draft.name("the " + view.phrase(b, ["size"]), [b]).say(", and ")
    draft.name("the " + view.phrase(c, ["texture"]), [c]).say(f" is {view.relation(c, d)} ")
    return draft.name("the " + view.phrase(d, ["colour"]), [d]).finish(name)


def _storyteller(view: _View, name: str) -> Description:
    """Everything does something, before a background."""
    a, b = view.things[:2]
    draft = _Draft().name(_a(view.phrase(a, ["size", "colour"], rare=0.3)), [a]).say(f" {view.verb(a)} while ")
    draft.name(_a(view.phrase(b, ["texture"], rare=0.3)), [b]).say(f" {view.verb(b)} in front of ")
    return draft.name(str(view.rng.choice(["a messy background", "a dull wall"])), scene=True).finish(name)


def _counter(view: _View, name: str) -> Description:
    """All that is there, objects of one kind together."""
    draft = _Draft().say("there is ")
    kinds = list(dict.fromkeys(thing.kind for thing in view.things))
    for i, kind in enumerate(kinds):
        alike = [thing for thing in view.things if thing.kind == kind]
        draft.say("" if i == 0 else " and " if i == len(kinds) - 1 else ", ")
        if len(alike) == 1:
            draft.name(_a(view.phrase(alike[0], [], rare=0.4)), alike)
        else:
            draft.name(f"two {_plural(view.noun(alike[0], rare=0.4))}", alike)
    return draft.finish(name)


DESCRIBERS: dict[str, Callable[[_View, str], Description]] = {
    "hurried": _hurried,
    "painter": _painter,
    "surveyor": _surveyor,
    "storyteller": _storyteller,
    "counter": _counter,
}


def _a(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _plural(noun: str) -> str:
    if noun == "fish":
        return noun
    return noun + ("es" if noun.endswith(("x", "s")) else "s")
