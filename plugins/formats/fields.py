"""The fields of an item in somebody's file, checked: a ValueError says in words which one is not what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vsa_toolkit.records import RegionPhrase, Size

Item = Mapping[str, Any]


def number(item: Item, name: str) -> float:
    """A number; NaN and infinity are let through, and are then refused with their box."""
    value = item.get(name)
    if value.__class__ is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name} is {_short(value)}, not a number")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} is {_short(value)}, not a number") from error


def whole_number(item: Item, name: str) -> int:
    value = number(item, name)
    if not value.is_integer():
        raise ValueError(f"{name} is {value:g}, not a whole number")
    return int(value)


def text(item: Item, name: str) -> str:
    """Text; a number is taken as its digits."""
    value = item.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{name} is {_short(value)}, not text")


def identifier(item: Item, name: str) -> int | str | None:
    """A number or text that other items refer to."""
    value = item.get(name)
    if value is None or isinstance(value, int | str):
        return value
    raise ValueError(f"{name} is {_short(value)}, not a number or text")


def optional_text(item: Item, name: str) -> str | None:
    return None if item.get(name) is None else text(item, name)


def size(item: Item, width: str = "width", height: str = "height") -> Size | None:
    """A width and a height above 0; None where neither is stated."""
    if item.get(width) is None and item.get(height) is None:
        return None
    found = (whole_number(item, width), whole_number(item, height))
    if min(found) <= 0:
        raise ValueError(f"{width} and {height} are {found[0]} and {found[1]}: both must be above 0")
    return found


def mapping(value: Any, what: str) -> Item:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_short(value)}, not an object")
    return value


def items(item: Item, name: str) -> list[Any]:
    """A list; an absent one is empty."""
    value = item.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name} is {_short(value)}, not a list")
    return value


def phrase(item: Item, region: str, words: str, annotator: str | None) -> RegionPhrase:
    """A phrase, with who wrote it (else `annotator`), its state and time where the item says them."""
    seconds = number(item, "seconds") if item.get("seconds") is not None else None
    author = optional_text(item, "annotator") or annotator
    return RegionPhrase(region, words, author, optional_text(item, "state") or "submitted", seconds)


def phrase_fields(phrase: RegionPhrase, author: str) -> dict[str, Any]:
    """What `phrase` reads, for an exported file whose phrases are `author`'s where it does not say."""
    said = {
        "annotator": phrase.annotator if phrase.annotator != author else None,
        "state": phrase.state if phrase.state != "submitted" else None,
        "seconds": phrase.seconds,
    }
    return {name: value for name, value in said.items() if value is not None}


def box_of(numbers: list[Any], what: str) -> tuple[float, float, float, float]:
    """Four numbers of a list."""
    if len(numbers) != 4:
        raise ValueError(f"{what} has {len(numbers)} numbers, not 4")
    a, b, c, d = (number({what: side}, what) for side in numbers)
    return (a, b, c, d)


def _short(value: Any) -> str:
    shown = "missing" if value is None else repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}…"
