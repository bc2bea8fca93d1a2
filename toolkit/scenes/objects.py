"""What scenes are made of: kinds of objects, colours, textures and sizes, read from `objects.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """A filled outline in the unit square, with holes cut out, and what it is painted with."""

    outline: tuple[Point, ...]
    hole: tuple[Point, ...]
    paint: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: the nouns and verbs that describers have for it, width ÷ height, parts from back to front."""

    name: str
    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    aspect: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A colour, a texture or a size: its name, the words for it, and the numbers that draw it."""

    name: str
    words: tuple[str, ...]
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class Objects:
    kinds: dict[str, Kind]
    colours: dict[str, Look]
    textures: dict[str, Look]
    sizes: dict[str, Look]
    paints: dict[str, tuple[int, int, int]]


@cache
def objects() -> Objects:
    """All of `objects.toml`."""
    table = tomllib.loads(files(__package__).joinpath("objects.toml").read_text(encoding="utf-8"))
    return Objects(
        kinds={name: _kind(name, entry) for name, entry in table["kinds"].items()},
        colours={name: Look(name, tuple(e["words"]), tuple(e["hsv"])) for name, e in table["colours"].items()},
        textures={name: Look(name, tuple(e["words"])) for name, e in table["textures"].items()},
        sizes={name: Look(name, tuple(e["words"]), tuple(e["height"])) for name, e in table["sizes"].items()},
        paints={name: (r, g, b) for name, (r, g, b) in table["paints"].items()},
    )


def _kind(name: str, entry: dict[str, Any]) -> Kind:
    parts = tuple(Part(_outline(p), _ellipse(p["hole"]) if "hole" in p else (), p["paint"]) for p in entry["parts"])
    return Kind(name, tuple(entry["nouns"]), tuple(entry["verbs"]), entry["aspect"], parts)


def _outline(part: dict[str, Any]) -> tuple[Point, ...]:
    if "polygon" in part:
        return tuple((x, y) for x, y in part["polygon"])
    return _ellipse(part["ellipse"])


def _ellipse(box: list[float], corners: int = 48) -> tuple[Point, ...]:
    # A polygon with many corners, so that ellipses turn with the rest of an object.
    from math import cos, pi, sin

    x, y, w, h = box
    turns = [2 * pi * i / corners for i in range(corners)]
    return tuple((x + w / 2 * (1 + cos(t)), y + h / 2 * (1 + sin(t))) for t in turns)
