"""Boxes matched one to one, and boxes that overlap so much that they are one thing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..box_convention import XYWH, BoxDoubts
from ..errors import DataError
from ..records import Box, Size


def overlaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """IoU of boxes (n, 4) with boxes (m, 4), both xywh and half-open → (n, m)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, :2] + one[:, None, 2:], other[None, :, :2] + other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    union = one[:, 2:].prod(axis=-1)[:, None] + other[:, 2:].prod(axis=-1)[None] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def match(one: Sequence[Box], other: Sequence[Box], iou: float) -> list[tuple[int, int, float]]:
    """Pairs (row of `one`, row of `other`, IoU) with the largest sum of IoU, each box at most once, all at `iou` or
    more."""
    if not one or not other:
        return []
    table = overlaps(np.array(one, dtype=float), np.array(other, dtype=float))
    benefit = np.where(table >= iou, table, 0.0)
    return [(a, b, float(table[a, b])) for a, b in assign(benefit) if benefit[a, b] > 0]


def assign(benefit: np.ndarray) -> list[tuple[int, int]]:
    """The one-to-one assignment with the largest sum of benefit (n, m), as pairs in order of their rows; min(n, m) of
    them. The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987), O(n² m)."""
    if benefit.shape[0] > benefit.shape[1]:
        return sorted((a, b) for b, a in assign(benefit.T))
    rows, columns = benefit.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    holder = np.full(columns + 1, -1)  # the row that has each column; the last column is where a path begins
    for row in range(rows):
        column, holder[-1] = columns, row
        distance, reached_from = np.full(columns + 1, np.inf), np.full(columns + 1, columns)
        done = np.zeros(columns + 1, dtype=bool)
        while holder[column] >= 0:
            done[column] = True
            current = holder[column]
            reduced = -benefit[current] - row_price[current] - column_price[:-1]
            nearer = ~done[:-1] & (reduced < distance[:-1])
            distance[:-1][nearer], reached_from[:-1][nearer] = reduced[nearer], column
            following = int(np.where(done[:-1], np.inf, distance[:-1]).argmin())
            step = distance[following]
            row_price[holder[done]] += step
            column_price[done] -= step
            distance[~done] -= step
            column = following
        while column != columns:
            holder[column] = holder[reached_from[column]]
            column = reached_from[column]
    return sorted((int(holder[column]), column) for column in range(columns) if holder[column] >= 0)


def merge(boxes: np.ndarray, iou: float) -> list[list[int]]:
    """Groups of boxes (n, 4) that are one thing, as densecap merges true boxes: the box that overlaps most others at
    `iou` or more takes all of them with it, again and again; of equals the first."""
    near = overlaps(boxes, boxes) >= iou
    near |= np.eye(len(boxes), dtype=bool)
    groups: list[list[int]] = []
    while near.any():
        members = np.flatnonzero(near[near.sum(axis=1).argmax()])
        groups.append([int(member) for member in members])
        near[members] = False
        near[:, members] = False
    return groups


def check_boxes(boxes: Sequence[Box], sizes: Sequence[Size], what: str) -> None:
    """Refuse boxes that cannot be x, y, width, height in pixels of their photo (width, height).

    Raises:
        DataError: how many leave their photo, are empty or not finite, and what they look like instead.
    """
    doubts = BoxDoubts(XYWH)
    wrong = []
    for number, (box, size) in enumerate(zip(boxes, sizes, strict=True)):
        x, y, w, h = box
        finite = all(math.isfinite(side) for side in box)
        if finite:
            doubts.see(box, size)
        inside = x >= -1 and y >= -1 and x + w <= size[0] + 1 and y + h <= size[1] + 1
        if not finite or w <= 0 or h <= 0 or not inside:
            wrong.append(number)
    warnings = list(doubts.warnings())
    if not wrong and not warnings:
        return
    if not wrong:
        raise DataError(f"{what}: {warnings[0]}.")
    hint = f"; {warnings[0]}" if warnings else ""
    first = ", ".join(f"{side:g}" for side in boxes[wrong[0]])
    raise DataError(
        f"{len(wrong)} of {len(boxes)} {what} are empty, not finite or beyond their photo: the first is ({first}) in a "
        f"photo of {sizes[wrong[0]][0]} × {sizes[wrong[0]][1]} pixels, read as x, y, width, height{hint}."
    )
