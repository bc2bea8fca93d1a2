"""Which objects a scene has and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .objects import objects

SIZE = (320, 240)
GAP = 9
"""Pixels that stay free around every object: a proposer must be able to tell neighbours apart."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a scene. `place` is the box it is drawn into, before turning; the painter finds its exact box."""

    key: str
    kind: str
    colour: str
    texture: str
    size: str
    place: tuple[float, float, float, float]
    turn: float = 0.0
    mirrored: bool = False

    @property
    def pair(self) -> Pair:
        return (self.colour, self.kind)


@dataclass(frozen=True, slots=True)
class Scene:
    """The objects of a scene, from back to front, and free places for coloured clutter."""

    key: str
    split: str
    seed: int
    things: tuple[Thing, ...]
    clutter: tuple[tuple[float, float, float, float], ...] = ()
    unseen: tuple[str, ...] = field(default=())
    """Keys of the objects whose pair of colour and kind the training split never has."""


def unseen_pairs(seed: int) -> frozenset[Pair]:
    """The pairs of colour and kind kept out of training: two colours of each kind, spread evenly over the colours."""
    rng = np.random.default_rng([seed, 9])
    colours = rng.permutation(list(objects().colours))
    kinds = rng.permutation(list(objects().kinds))
    return frozenset(
        (str(colours[(2 * row + step) % len(colours)]), str(kind)) for row, kind in enumerate(kinds) for step in (0, 1)
    )


def sample_scene(key: str, split: str, seed: int, rng: np.random.Generator, unseen: frozenset[Pair]) -> Scene:
    """A scene of four to six objects that share colours and textures with each other.

    A pair of `unseen` is in no scene of the splits "train" and "val", and in every scene of "test".
    """
    while True:
        looks = _looks(rng)
        new = [(colour, kind) in unseen for kind, colour, _ in looks]
        if any(new) == (split == "test"):
            break
    places = _places(looks, rng)
    things = tuple(
        Thing(f"o{i}", kind, colour, texture, size, place, float(rng.uniform(-7, 7)), bool(rng.random() < 0.5))
        for i, ((kind, colour, texture), (size, place)) in enumerate(zip(looks, places))
    )
    clutter = _free_places([place for _, place in places], int(rng.integers(4, 9)), rng)
    return Scene(key, split, seed, things, clutter, tuple(t.key for t, is_new in zip(things, new) if is_new))


def _looks(rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """Kind, colour and texture of each object; kinds repeat now and then, a kind in one colour never does."""
    known = objects()
    n = int(rng.integers(4, 7))
    while True:
        kinds = [str(k) for k in rng.choice(list(known.kinds), n, replace=False)]
        if rng.random() < 0.25:
            kinds[-1] = kinds[0]
        colours = _shared(list(known.colours), n, rng)
        textures = _shared(list(known.textures), n, rng)
        if len(set(zip(kinds, colours))) == n:
            return list(zip(kinds, colours, textures))


def _shared(names: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """`n` of few names, so that each is on at least two objects."""
    few = [str(name) for name in rng.choice(list(names), n // 2, replace=False)]
    chosen = few * 2 + [few[0]] * (n - 2 * len(few))
    return [chosen[i] for i in rng.permutation(n)]


def _places(
    looks: Sequence[tuple[str, str, str]], rng: np.random.Generator
) -> list[tuple[str, tuple[float, float, float, float]]]:
    known = objects()
    while True:
        placed: list[tuple[str, tuple[float, float, float, float]]] = []
        for kind, _, _ in looks:
            size = "small" if rng.random() < 0.5 else "big"
            low, high = known.sizes[size].numbers
            height = float(rng.uniform(low, high))
            aspect = known.kinds[kind].aspect
            # A wide kind is lower, so that "big" means about the same area for a car and for a tree.
            height /= max(1.0, aspect) ** 0.5
            free = _free_place((height * aspect, height), [box for _, box in placed], rng)
            if free is None:
                break
            placed.append((size, free))
        if len(placed) == len(looks):
            return placed


def _free_places(
    taken: Sequence[tuple[float, float, float, float]], n: int, rng: np.random.Generator
) -> tuple[tuple[float, float, float, float], ...]:
    found: list[tuple[float, float, float, float]] = []
    for _ in range(n):
        size = (float(rng.uniform(14, 44)), float(rng.uniform(12, 36)))
        place = _free_place(size, [*taken, *found], rng, tries=20)
        if place is not None:
            found.append(place)
    return tuple(found)


def _free_place(
    size: tuple[float, float],
    taken: Sequence[tuple[float, float, float, float]],
    rng: np.random.Generator,
    tries: int = 60,
) -> tuple[float, float, float, float] | None:
    w, h = size
    for _ in range(tries):
        x, y = float(rng.uniform(5, SIZE[0] - w - 5)), float(rng.uniform(5, SIZE[1] - h - 5))
        if all(_apart((x, y, w, h), other) for other in taken):
            return (x, y, w, h)
    return None


def _apart(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return (
        a[0] + a[2] + GAP <= b[0] or b[0] + b[2] + GAP <= a[0] or a[1] + a[3] + GAP <= b[1] or b[1] + b[3] + GAP <= a[1]
    )
