"""Format `scenes`: generated pictures with exact truth, as `vsa_toolkit.scenes` writes them. Simulated, not photos."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, Problem, RegionBox, SentenceText

INDEX = "scenes.jsonl"


class Scenes(Format):
    """A folder with `scenes.jsonl` and `images/`. Regions are the true boxes, labelled with the object's kind."""

    name = "scenes"
    boxes = XYWH

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return INDEX in head.names

    def count(self, path: Path) -> int | None:
        with open(_index(path), "rb") as lines:
            return sum(1 for line in lines if line.strip())

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        index = _index(path)
        with open(index, encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                where = f"{index}, line {number}"
                try:
                    bundle = _bundle(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    report(Problem("lines that are no scene", where, f"{type(error).__name__}: {error}"))
                    continue
                if bundle.file is not None and not (path / bundle.file.path).is_file():
                    report(Problem("pictures that do not exist", where, str(path / bundle.file.path)))
                    continue
                yield bundle


def _index(path: Path) -> Path:
    index = path / INDEX
    if not index.is_file():
        raise DataError(f"{path} holds no {INDEX}: give a folder of generated scenes, such as `vsa demo` makes.")
    return index


def _bundle(scene: dict[str, Any]) -> ImageBundle:
    if scene["simulated"] is not True:
        raise ValueError("only simulated scenes belong here")
    width, height = scene["size"]
    return ImageBundle(
        key=scene["key"],
        file=ImageFile(scene["key"], Path(scene["file"]), scene["split"]),
        frame=(width, height),
        sentences=tuple(SentenceText(i, sentence["text"]) for i, sentence in enumerate(scene["sentences"])),
        regions=tuple(_region(thing) for thing in scene["objects"]),
        groundings=tuple(_groundings(scene)),
    )


def _region(thing: dict[str, Any]) -> RegionBox:
    x, y, width, height = thing["box"]
    return RegionBox(thing["key"], (x, y, width, height), label=thing["kind"])


def _groundings(scene: dict[str, Any]) -> Iterator[GroundingSpan]:
    """Each noun phrase; its chain is the object, so that several describers' phrases for it come together."""
    kinds = {thing["key"]: thing["kind"] for thing in scene["objects"]}
    for number, sentence in enumerate(scene["sentences"]):
        for phrase in sentence["phrases"]:
            keys = tuple(phrase["objects"])
            yield GroundingSpan(
                sentence=number,
                start=phrase["start"],
                end=phrase["end"],
                regions=keys,
                chain="+".join(sorted(keys)) or None,
                categories=tuple(sorted({kinds[key] for key in keys})),
                scene=bool(phrase["scene"]),
            )


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Scenes)
