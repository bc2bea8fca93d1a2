"""Visual Genome (Krishna et al. 2016): `region_descriptions.json`, with `image_data.json` and `objects.json` beside it.

Boxes are x y width height in pixels of the photo, from 0. A description becomes a region and a phrase on it, by the
annotator `visual-genome`; an object becomes a region whose label is its name. The published files do not tell people
apart; ours do, in members that other readers pass over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import Field

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report, exported_path, image_key
from vsa_toolkit.format_head import Head
from vsa_toolkit.grouping import Grouping
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import JsonStream
from vsa_toolkit.records import ImageBundle, ImageFile, Problem, RegionBox, RegionPhrase, Size

from .fields import items, mapping, number, optional_text, phrase, phrase_fields, size, text, whole_number
from .json_files import JsonArray, plain
from .labelled_image import regions_and_phrases
from .numbering import Numbering

IMAGES, DESCRIPTIONS, OBJECTS = "image_data.json", "region_descriptions.json", "objects.json"
PHOTO_FOLDERS = ("", "VG_100K", "VG_100K_2")
OBJECT = "object "  # before the number of an object, in the key of its region

Photo = tuple[str, Size | None, str | None]
"""Path, size and split of an image."""


class VisualGenome(LabelFile):
    """Reads and writes a folder with image_data.json, region_descriptions.json and, if there, objects.json.

    Of objects the box and the names are kept, not the synsets. `region_descriptions.json` alone can be read too.
    """

    name = "visual-genome"
    boxes = XYWH
    holds = frozenset({"regions", "phrases"})
    writes_folder = True

    class Options(PhraseOptions):
        objects: bool = Field(True, description="Read objects.json too, where it is there.")

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return DESCRIPTIONS in head.names or (head.is_json_array and {"regions", "region_id", "phrase"} <= head.keys)

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        folder = path if path.is_dir() else path.parent
        descriptions = path / DESCRIPTIONS if path.is_dir() else path
        photos = _Photos(folder / IMAGES, self.root(path), self.label_options.split, report)
        objects = folder / OBJECTS
        if self.options.objects and objects.is_file():  # type: ignore[attr-defined]
            yield from self._with_objects(descriptions, objects, photos, report)
            return
        for number_, where, item in _images(descriptions, "id", "regions", report, self.advance):
            reader = _ImageReader(self.options.annotator, where, report)  # type: ignore[attr-defined]
            reader.add_descriptions(item)
            yield photos.bundle(number_, reader)

    def _with_objects(
        self, descriptions: Path, objects: Path, photos: _Photos, report: Report
    ) -> Iterator[ImageBundle]:
        """The two files need not have the images in the same order."""
        with Grouping() as images:
            halves = (lambda fraction: self.advance(fraction / 2), lambda fraction: self.advance(0.5 + fraction / 2))
            for number_, where, item in _images(descriptions, "id", "regions", report, halves[0]):
                images.add(number_, ("regions", where, item), weight=len(item))
            for number_, where, item in _images(objects, "image_id", "objects", report, halves[1]):
                images.add(number_, ("objects", where, item), weight=len(item))
            for number_, parts in images:
                reader = _ImageReader(self.options.annotator, "", report)  # type: ignore[attr-defined]
                for kind, where, item in parts:
                    reader.where = where
                    (reader.add_descriptions if kind == "regions" else reader.add_objects)(item)
                yield photos.bundle(number_, reader)

    def write(self, path: Path, export: Export) -> None:
        path.mkdir()
        images, regions, objects = Numbering(), Numbering(), Numbering()
        with ExitStack() as files:
            data = files.enter_context(JsonArray(path / IMAGES))
            described = files.enter_context(JsonArray(path / DESCRIPTIONS))
            named: JsonArray | None = None
            for bundle in export.images:
                id_ = images.of(bundle.key.rpartition("/")[2])
                data.add(_image_item(id_, bundle))
                spoken = list(regions_and_phrases(bundle))
                descriptions = [_description(id_, regions.of(r.key), r, said) for r, said in spoken if said]
                described.add({"id": id_, "regions": descriptions})
                things = [_object(objects.of(r.key.removeprefix(OBJECT)), r) for r, said in spoken if not said]
                if things:
                    named = named or files.enter_context(JsonArray(path / OBJECTS))
                    named.add({"image_id": id_, "objects": things})


# Reading ----------------------------------------------------------------------------------------------------------


def _images(
    path: Path, id_name: str, list_name: str, report: Report, advance: Callable[[float], None]
) -> Iterator[tuple[int, str, list[Any]]]:
    """Number, place in the file and list of each image of a file."""
    stream = JsonStream(path, advance)
    found = False
    for _, _, value in stream:
        try:
            item = mapping(value, "the image")
            # The two files have been given out with either name of the number.
            name = id_name if id_name in item else "image_id" if id_name == "id" else "id"
            number_, list_ = whole_number(item, name), items(item, list_name)
        except ValueError as error:
            report(Problem("images that cannot be read", stream.where, str(error)))
            continue
        found = found or list_name in item
        yield number_, path.name, list_
    if not found:
        raise DataError(f"{path} has no image with {list_name}: it is no {path.name} of Visual Genome.")


class _Photos:
    """Path and size of each image, from image_data.json where it is there."""

    def __init__(self, file: Path, root: Path, split: str | None, report: Report) -> None:
        self._root = root
        self._split = split
        self._known: dict[int, Photo] = {}
        if not file.is_file():
            report(Problem("files that are not there", str(file), "the sizes are those of the photos"))
            return
        stream = JsonStream(file)
        for _, _, value in stream:
            try:
                item = mapping(value, "the image")
                number_ = whole_number(item, "image_id" if "image_id" in item else "id")
                photo = (_path(optional_text(item, "url") or ""), size(item), optional_text(item, "split"))
            except ValueError as error:
                report(Problem("images whose data cannot be read", stream.where, str(error)))
                continue
            if self._known.setdefault(number_, photo) != photo:
                report(Problem("image numbers given twice", stream.where, f"the first {number_} is kept"))

    def bundle(self, number_: int, reader: _ImageReader) -> ImageBundle:
        path, frame, split = self._known.get(number_, ("", None, None))
        path = self._there(path or f"{number_}.jpg")
        key = image_key(path)
        return ImageBundle(
            key,
            ImageFile(key, Path(path), split or self._split),
            frame=frame,
            regions=tuple(reader.regions.values()),
            phrases=tuple(reader.phrases),
        )

    def _there(self, path: str) -> str:
        """The path as the photos lie here: below VG_100K, VG_100K_2 or together."""
        name = path.rpartition("/")[2]
        ways = (path, *(f"{folder}/{name}" if folder else name for folder in PHOTO_FOLDERS))
        return next((way for way in ways if os.path.isfile(os.path.join(self._root, way))), path)


class _ImageReader:
    """The regions and phrases of one image."""

    def __init__(self, annotator: str | None, where: str, report: Report) -> None:
        self._annotator = annotator
        self.where = where
        self._report = report
        self.regions: dict[str, RegionBox] = {}
        self.phrases: list[RegionPhrase] = []

    def add_descriptions(self, list_: list[Any]) -> None:
        regions, phrases = self.regions, self.phrases
        for place, value in enumerate(list_, start=1):
            try:
                item = mapping(value, "the region")
                key = text(item, "key" if "key" in item else "region_id")
                box = (number(item, "x"), number(item, "y"), number(item, "width"), number(item, "height"))
                said = phrase(item, key, text(item, "phrase"), self._annotator)
            except ValueError as error:
                self._problem("region descriptions that cannot be read", place, value, error)
                continue
            if key not in regions:
                label = item.get("label")
                regions[key] = RegionBox(key, box, label if isinstance(label, str) else None)
            elif regions[key].box != box:
                where = f"{self.where}, region {key}"
                self._report(Problem("region numbers given twice", where, "the first box is kept"))
            phrases.append(said)

    def add_objects(self, list_: list[Any]) -> None:
        for place, value in enumerate(list_, start=1):
            try:
                item = mapping(value, "the object")
                key = optional_text(item, "key") or OBJECT + text(item, "object_id")
                box = (number(item, "x"), number(item, "y"), number(item, "w"), number(item, "h"))
                names = ", ".join(str(name) for name in items(item, "names")) or None
            except ValueError as error:
                self._problem("objects that cannot be read", place, value, error)
                continue
            if self.regions.setdefault(key, RegionBox(key, box, names)).box != box:
                self._report(Problem("object numbers given twice", f"{self.where}, {key}", "the first box is kept"))

    def _problem(self, kind: str, place: int, value: Any, error: ValueError) -> None:
        image = value.get("image_id") if isinstance(value, dict) else None
        where = f"{self.where}{f', image {image}' if image is not None else ''}, item {place}"
        self._report(Problem(kind, where, str(error)))


def _path(url: str) -> str:
    """The path of a photo from its address: what follows the folder that Visual Genome has it in, or its name."""
    if "://" not in url:
        return url
    folder = url.find("VG_100K")
    return url[folder:] if folder >= 0 else url.rpartition("/")[2]


# Writing ----------------------------------------------------------------------------------------------------------


def _image_item(id_: int, bundle: ImageBundle) -> dict[str, Any]:
    width, height = bundle.frame or bundle.size or (None, None)
    split = {"split": bundle.file.split} if bundle.file and bundle.file.split else {}
    return {"image_id": id_, "url": exported_path(bundle), "width": width, "height": height, **split}


def _description(image: int, id_: int, region: RegionBox, said: RegionPhrase) -> dict[str, Any]:
    x, y, width, height = plain(region.box)
    item = {
        "region_id": id_, "image_id": image, "phrase": said.text, "x": x, "y": y, "width": width, "height": height
    }  # fmt: skip
    if region.key != str(id_):
        item["key"] = region.key
    if region.label is not None:
        item["label"] = region.label
    return item | phrase_fields(said, VisualGenome.name)


def _object(id_: int, region: RegionBox) -> dict[str, Any]:
    x, y, w, h = plain(region.box)
    item = {"object_id": id_, "x": x, "y": y, "w": w, "h": h, "names": [region.label] if region.label else []}
    if region.key != f"{OBJECT}{id_}":
        item["key"] = region.key
    return item


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(VisualGenome)
