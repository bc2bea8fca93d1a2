"""VGG Image Annotator 2 (Dutta and Zisserman 2019): a project, or its annotations as JSON.

Boxes are x y width height in pixels of the photo, from 0. A region attribute holds the phrase, another the label; a
file attribute holds the sentence. VIA does not say who annotated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import Field

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.boxes import enclosing
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import JsonStream
from vsa_toolkit.records import Box, ImageBundle, Problem, RegionBox, RegionPhrase

from .fields import Item, items, mapping, number, optional_text, phrase, phrase_fields, text
from .json_files import JsonObject, plain
from .labelled_image import LabelledImage, regions_and_phrases

METADATA = "_via_img_metadata"
SENTENCES = "sentences"  # our file attribute: a line a sentence
REGION_ATTRIBUTES = ("phrase", "label", "region", "annotator", "state", "seconds")


class Via(LabelFile):
    """Reads and writes a VIA 2 project (.json); reads annotations exported as JSON.

    Of circles, ellipses and polygons the box around them is kept. A text attribute of another name is the phrase with
    `-o phrase=NAME`, the label with `-o label=NAME`, the image's sentences with `-o sentences=NAME`.
    """

    name = "via"
    boxes = XYWH
    holds = frozenset({"sentences", "regions", "phrases"})

    class Options(PhraseOptions):
        phrase: str = Field("phrase", description="The region attribute that is the phrase.")
        label: str = Field("label", description="The region attribute that is the label.")
        sentences: str = Field(SENTENCES, description="The file attribute that is the sentences, one a line.")

    @classmethod
    def recognises(cls, head: Head) -> bool:
        project = "_via_settings" in head.keys or METADATA in head.keys
        return head.is_json_object and (project or {"filename", "regions", "file_attributes"} <= head.keys)

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        stream = JsonStream(path, self.advance)
        found = False
        for value in _files(stream):
            found = True
            try:
                item = mapping(value, "the file")
                attributes = mapping(item.get("file_attributes") or {}, "file_attributes")
                split = optional_text(attributes, "split") or self.label_options.split
                image = LabelledImage(text(item, "filename"), None, split)
                regions = items(item, "regions")
            except ValueError as error:
                report(Problem("files that cannot be read", stream.where, str(error)))
                continue
            for sentence in str(attributes.get(self.options.sentences) or "").splitlines():  # type: ignore[attr-defined]
                image.add_sentence(sentence)
            for place, region in enumerate(regions):
                where = f"{path.name}, {image.path}, region {place + 1}"
                try:
                    self._add(image, str(place), mapping(region, "the region"), where, report)
                except ValueError as error:
                    report(Problem("regions that cannot be read", where, str(error)))
            yield image.bundle()
        if not found:
            raise DataError(f"{path} has no files: it is no project or annotation file of VIA 2.")

    def _add(self, image: LabelledImage, place: str, region: Item, where: str, report: Report) -> None:
        shape = mapping(region.get("shape_attributes"), "shape_attributes")
        box = _box(shape)
        if shape.get("name") != "rect":
            report(Problem("shapes other than rectangles", where, f"the box around the {shape.get('name')} is kept"))
        said = mapping(region.get("region_attributes") or {}, "region_attributes")
        said = {name: value for name, value in said.items() if value not in ("", None)}
        key = optional_text(said, "region") or place
        if not image.add_region(key, box, optional_text(said, self.options.label)):  # type: ignore[attr-defined]
            raise ValueError(f"region {key} has another box before, which is kept")
        words = optional_text(said, self.options.phrase)  # type: ignore[attr-defined]
        if words is not None:
            image.phrases.append(phrase(said, key, words, self.options.annotator))  # type: ignore[attr-defined]

    def write(self, path: Path, export: Export) -> None:
        with JsonObject(path, objects=(METADATA,)) as file:
            file.members["_via_settings"] = _settings(export.dataset)
            names: list[str] = []
            for bundle in export.images:
                name, size = exported_path(bundle), _bytes(export.root, bundle)
                names.append(f"{name}{size}")
                file.put(
                    METADATA,
                    names[-1],
                    {
                        "filename": name, "size": size,
                        "regions": [_region(*spoken) for spoken in regions_and_phrases(bundle)],
                        "file_attributes": _file_attributes(bundle),
                    },
                )  # fmt: skip
            file.members["_via_attributes"] = {
                "region": dict.fromkeys(REGION_ATTRIBUTES, _ATTRIBUTE),
                "file": dict.fromkeys((SENTENCES, "split"), _ATTRIBUTE),
            }
            file.members["_via_data_format_version"] = "2.0.10"
            file.members["_via_image_id_list"] = names


_ATTRIBUTE = {"type": "text", "description": "", "default_value": ""}


# Reading ----------------------------------------------------------------------------------------------------------


def _files(stream: JsonStream) -> Iterator[Any]:
    """The files of a project; or of an annotation file, of whose outermost object they are the members."""
    for place, group in groupby(stream, key=lambda item: item.place):
        if place == METADATA:
            yield from (item.value for item in group)
        elif not place.startswith("_via"):
            yield {str(item.key): item.value for item in group}


def _box(shape: Item) -> Box:
    """The box of a shape, or around it."""
    kind = shape.get("name")
    if kind == "rect":
        return (number(shape, "x"), number(shape, "y"), number(shape, "width"), number(shape, "height"))
    if kind in ("circle", "ellipse"):
        across, down = ("r", "r") if kind == "circle" else ("rx", "ry")
        rx, ry = number(shape, across), number(shape, down)
        return (number(shape, "cx") - rx, number(shape, "cy") - ry, 2 * rx, 2 * ry)
    if kind in ("polygon", "polyline"):
        xs, ys = items(shape, "all_points_x"), items(shape, "all_points_y")
        points = [(number({"x": x}, "x"), number({"y": y}, "y"), 0.0, 0.0) for x, y in zip(xs, ys)]
        if points:
            return enclosing(points)
    raise ValueError(f"a {kind} has no box")


# Writing ----------------------------------------------------------------------------------------------------------


def _settings(dataset: str) -> dict[str, Any]:
    return {"project": {"name": dataset}, "core": {"buffer_size": 18, "filepath": {}, "default_filepath": ""}}


def _bytes(root: Path, bundle: ImageBundle) -> int:
    """The size of the photo's file, which is part of its name in VIA; -1, as VIA writes for a URL, where it is away."""
    try:
        return (root / bundle.file.path).stat().st_size if bundle.file else -1
    except OSError:
        return -1


def _region(region: RegionBox, said: RegionPhrase | None) -> dict[str, Any]:
    x, y, width, height = plain(region.box)
    attributes = {"region": region.key, "label": region.label}
    if said is not None:
        attributes |= {"phrase": said.text, **phrase_fields(said, Via.name)}
    return {
        "shape_attributes": {"name": "rect", "x": x, "y": y, "width": width, "height": height},
        "region_attributes": {name: str(value) for name, value in attributes.items() if value is not None},
    }


def _file_attributes(bundle: ImageBundle) -> dict[str, str]:
    texts = [" ".join(sentence.text.split()) for sentence in bundle.sentences]
    said = {SENTENCES: "\n".join(texts), "split": bundle.file.split if bundle.file else None}
    return {name: value for name, value in said.items() if value}


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Via)
