"""Writing generated scenes to a folder: `images/*.jpg` and `scenes.jsonl`, one scene a line with its whole truth."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import UserError
from ..records import Box
from .describe import Description, describe
from .paint import paint_scene
from .sample import SIZE, Scene, sample_scene, unseen_pairs

INDEX = "scenes.jsonl"


@dataclass(frozen=True)
class Counts:
    """How many scenes each split gets."""

    train: int = 600
    val: int = 100
    test: int = 100

    @property
    def total(self) -> int:
        return self.train + self.val + self.test


@dataclass(frozen=True)
class Generated:
    """A scene with its picture, exact boxes and sentences."""

    scene: Scene
    picture: Image.Image
    boxes: dict[str, Box]
    descriptions: list[Description]


def generate(counts: Counts, seed: int) -> Iterator[Generated]:
    """Scenes one by one.

    A scene depends on seed, split and number alone: more scenes leave the first ones as they are.
    """
    unseen = unseen_pairs(seed)
    for row, (split, n) in enumerate(asdict(counts).items()):
        for i in range(n):
            rng = np.random.default_rng([seed, row, i])
            scene = sample_scene(f"{split}-{i:04d}", split, seed, rng, unseen)
            picture, boxes = paint_scene(scene, rng)
            yield Generated(scene, picture, boxes, describe(scene, boxes, rng))


def write_scenes(
    folder: Path, counts: Counts, seed: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Path:
    """Write scenes into a new or empty folder; the index comes last, so that a folder with an index is whole.

    A folder that already holds the same scenes is left as it is. Returns the folder.

    Raises:
        UserError: the folder holds something else.
    """
    index = folder / INDEX
    if index.is_file():
        if not _same(index, counts, seed):
            raise UserError(f"{folder} already holds other generated scenes: choose another folder.")
        return folder
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = []
    for done, generated in enumerate(generate(counts, seed), start=1):
        generated.picture.save(folder / _file(generated.scene), quality=92, subsampling=0)
        lines.append(json.dumps(_record(generated)))
        progress(done, counts.total)
    unfinished = index.with_suffix(".tmp")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(unfinished, index)
    return folder


def _same(index: Path, counts: Counts, seed: int) -> bool:
    with open(index, encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines if line.strip()]
    return len(found) == counts.total and all(line["seed"] == seed for line in found)


def _record(generated: Generated) -> dict[str, Any]:
    scene = generated.scene
    return {
        "simulated": True,
        "key": scene.key,
        "file": _file(scene),
        "split": scene.split,
        "seed": scene.seed,
        "size": list(SIZE),
        "objects": [
            {
                "key": thing.key,
                "kind": thing.kind,
                "colour": thing.colour,
                "texture": thing.texture,
                "size": thing.size,
                "box": list(generated.boxes[thing.key]),
                "unseen": thing.key in scene.unseen,
            }
            for thing in scene.things
        ],
        "sentences": [
            {
                "describer": description.describer,
                "text": description.text,
                "phrases": [
                    {"start": p.start, "end": p.end, "objects": list(p.things), "scene": p.scene}
                    for p in description.phrases
                ],
            }
            for description in generated.descriptions
        ],
    }


def _file(scene: Scene) -> str:
    return f"images/{scene.key}.jpg"
