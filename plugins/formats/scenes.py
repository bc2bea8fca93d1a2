"""Format `scenes`: generated pictures with exact truth, as `vsa_toolkit.scenes` writes them. Simulated, not photos."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Format, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import GroundingSpan, ImageBundle, ImageFile, Problem, RegionBox, SentenceText

from .fields import Item, box_of, items, mapping, optional_text, size, text, whole_number
from .text_lines import text_lines

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
        for number, line in text_lines(index):
            where = f"{index}, line {number}"
            try:
                bundle = _bundle(mapping(json.loads(line), "the scene"))
            except (ValueError, RecursionError) as error:
                report(Problem("lines that are no scene", where, str(error)))
                continue
            if bundle.file is not None and not os.path.isfile(path / bundle.file.path):
                report(Problem("pictures that do not exist", where, str(path / bundle.file.path)))
                continue
            yield bundle


def _index(path: Path) -> Path:
    index = path / INDEX
    if not index.is_file():
        raise DataError(f"{path} holds no {INDEX}: give a folder of generated scenes, such as `vsa demo` makes.")
    return index


def _bundle(scene: Item) -> ImageBundle:
    if scene.get("simulated") is not True:
        raise ValueError("only simulated scenes belong here")
    key, things = text(scene, "key"), [mapping(thing, "an object") for thing in items(scene, "objects")]
    sentences = [mapping(sentence, "a sentence") for sentence in items(scene, "sentences")]
    width, height = items(scene, "size")
    return ImageBundle(
        key=key,
        file=ImageFile(key, Path(text(scene, "file")), optional_text(scene, "split")),
        frame=size({"width": width, "height": height}),
        sentences=tuple(SentenceText(i, text(sentence, "text")) for i, sentence in enumerate(sentences)),
        regions=tuple(
            RegionBox(text(thing, "key"), box_of(items(thing, "box"), "box"), label=text(thing, "kind"))
            for thing in things
        ),
        groundings=tuple(_groundings(sentences, {text(thing, "key"): text(thing, "kind") for thing in things})),
    )


def _groundings(sentences: Sequence[Item], kinds: Mapping[str, str]) -> Iterator[GroundingSpan]:
    """Each noun phrase; its chain is the object, so that several describers' phrases for it come together."""
    for number, sentence in enumerate(sentences):
        for said in items(sentence, "phrases"):
            phrase = mapping(said, "a phrase")
            keys = tuple(text({"an object": key}, "an object") for key in items(phrase, "objects"))
            yield GroundingSpan(
                sentence=number,
                start=whole_number(phrase, "start"),
                end=whole_number(phrase, "end"),
                regions=keys,
                chain="+".join(sorted(keys)) or None,
                categories=tuple(sorted({kinds[key] for key in keys if key in kinds})),
                scene=phrase.get("scene") is True,
            )


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Scenes)
