"""Boxes of several people that are on the same things."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

from .protocols.matching import match
from .records import Box

Name = TypeVar("Name", bound=Hashable)
SAME_THING = 0.5
"""IoU from which two people's boxes are taken to be on one thing."""


def group_by_thing(people: Sequence[Sequence[tuple[Name, Box]]], iou: float = SAME_THING) -> list[list[Name]]:
    """Groups of boxes, named, with at most one of each person: those that the largest sum of IoU puts together.

    The person with the most boxes begins; the others' are matched one person after the other with the mean boxes of the
    groups so far, and what matches none begins a group of its own. Groups stand in the order in which they began.
    """
    groups: list[list[tuple[Name, Box]]] = []
    for boxes in sorted(people, key=len, reverse=True):
        pairs = match([_mean(group) for group in groups], [box for _, box in boxes], iou)
        taken = {column: row for row, column, _ in pairs}
        for column, named in enumerate(boxes):
            if column in taken:
                groups[taken[column]].append(named)
            else:
                groups.append([named])
    return [[name for name, _ in group] for group in groups]


def _mean(group: Sequence[tuple[Name, Box]]) -> Box:
    x, y, width, height = (sum(sides) / len(group) for sides in zip(*(box for _, box in group)))
    return (x, y, width, height)
