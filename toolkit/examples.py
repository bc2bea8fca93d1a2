"""From records and features to what a backend is given: one tensor a split, tokens, and what belongs to what."""

from __future__ import annotations

import torch
from torch import Tensor

from .backend import GEOMETRY, Examples, Layout
from .errors import DataError
from .records import Split
from .text import words


def build_examples(split: Split, features: Tensor, counts: Tensor, layout: Layout) -> Examples:
    """A split as a backend sees it.

    features: (images, R, layout.encoder) as `features.gather` gives them; or with layout.dimension columns, the last
    of them free: then they are filled in place, which spares a copy. counts: (images,).

    Raises:
        DataError: an image without any region.
    """
    if len(counts) and int(counts.min()) < 1:
        image = split.images[int(counts.argmin())]
        raise DataError(
            f"image {image.key} of {split.dataset} has no region in {split.region_set}, not even its frame."
        )
    if features.shape[2] != layout.dimension:
        room = features.new_zeros(*features.shape[:2], layout.dimension)
        room[:, :, : layout.encoder] = features
        features = room
    if layout.dimension > layout.encoder:
        features[:, :, layout.encoder :] = region_inputs(split, layout, features.shape[1])
    row_of = {image.id: row for row, image in enumerate(split.images)}
    return Examples(
        features=features,
        counts=counts,
        layout=layout,
        sentences=[words(sentence.text) for sentence in split.sentences],
        sentence_image=torch.tensor([row_of[sentence.image_id] for sentence in split.sentences], dtype=torch.int64),
    )


def region_inputs(split: Split, layout: Layout, most: int | None = None) -> Tensor:
    """What is known of regions beside their pixels: (images, R, layout.geometry + labels) float16, zero beyond an
    image's regions.

    Geometry: x, y, right, bottom, width, height, area, relative to the image. A label's column holds the region's score
    where the region has that label.
    """
    row_of = {image.id: row for row, image in enumerate(split.images)}
    column_of = {label: layout.geometry + column for column, label in enumerate(layout.labels)}
    rows, inside, counts = [], [], [0] * len(split.images)
    for region in split.regions:
        row = row_of[region.image_id]
        rows.append(row)
        inside.append(counts[row])
        counts[row] += 1
    inputs = torch.zeros(len(split.images), most or max(counts, default=0), layout.geometry + len(layout.labels))
    if layout.geometry:
        inputs[rows, inside, :GEOMETRY] = _geometry(split, rows)
    for region, row, place in zip(split.regions, rows, inside, strict=True):
        column = column_of.get(region.label or "")
        if column is not None:
            inputs[row, place, column] = 1.0 if region.score is None else region.score
    return inputs.half()


def label_names(split: Split) -> tuple[str, ...]:
    """The labels that a split's regions have, in the order of the alphabet."""
    return tuple(sorted({region.label for region in split.regions if region.label is not None}))


def _geometry(split: Split, rows: list[int]) -> Tensor:
    sizes = torch.tensor([(image.width, image.height) for image in split.images], dtype=torch.float32)[rows]
    boxes = torch.tensor([region.box for region in split.regions], dtype=torch.float32).reshape(-1, 4)
    boxes = boxes / sizes.repeat(1, 2)
    right_bottom = boxes[:, :2] + boxes[:, 2:]
    return torch.cat([boxes[:, :2], right_bottom, boxes[:, 2:], boxes[:, 2:].prod(1, keepdim=True)], dim=1)
