"""COCO (Lin et al. 2014) captions and instances, told apart by their annotations: one file may have both.

Boxes are x y width height in pixels, from 0. An annotation with a caption is a sentence, one with a box a region whose
label is its category, one with both (as datasets of region descriptions have it) a region with a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.grouping import Grouping
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import JsonStream
from vsa_toolkit.records import ImageBundle, Problem, RegionBox, RegionPhrase

from .fields import (
    Item,
    box_of,
    identifier,
    items,
    mapping,
    number,
    optional_text,
    phrase,
    phrase_fields,
    size,
    text,
    whole_number,
)
from .json_files import JsonObject, plain, without_nothing
from .labelled_image import LabelledImage, frame_of, regions_and_phrases
from .numbering import Numbering

_SPLIT = re.compile(r"(?:^|[^a-z])(train|val|test)(?:\d{4})?(?:$|[^a-z0-9])")
Categories = dict[Any, str | None]
"""Names by id."""
UNLABELLED = "region"  # the category of boxes without a label, which is marked as such


class Coco(LabelFile):
    """Reads and writes COCO's JSON: captions, instances, or boxes with captions.

    The split is what the file's name says (captions_val2017.json: val), unless an image says it. Of instances the box
    and the category are kept, not the outline.
    """

    name = "coco"
    boxes = XYWH
    holds = frozenset({"sentences", "regions", "phrases"})

    class Options(PhraseOptions):
        what: Literal["all", "captions", "instances"] = Field(
            "all", description="What an export writes; pycocotools wants captions and instances in files of their own."
        )

    @classmethod
    def recognises(cls, head: Head) -> bool:
        if not head.is_json_object or head.keys & {"sentids", "_via_img_metadata"}:
            return False
        listed = "images" in head.keys and bool(head.keys & {"file_name", "coco_url"})
        return listed or ({"annotations", "image_id"} <= head.keys and bool(head.keys & {"caption", "bbox"}))

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        split = self.label_options.split or split_in_name(path)
        categories: Categories = {}
        with Grouping() as images:
            listed = gather(JsonStream(path, self.advance), images, categories, report)
            if not listed:
                raise DataError(f"{path} lists no images: it is no COCO file of captions or instances.")
            for id_, parts in images:
                image = listed_image(path, id_, parts, split, report)
                if image is not None:
                    for where, item in (part[1:] for part in parts if part[0] == "annotation"):
                        self._annotate(image, where, item, categories, report)
                    yield image.bundle()

    def _annotate(self, image: LabelledImage, where: str, item: Item, categories: Categories, report: Report) -> None:
        caption = item.get("caption")
        if item.get("bbox") is None:
            if isinstance(caption, str):
                image.add_sentence(caption)
            else:
                report(Problem("annotations without a caption or a box", where))
            return
        try:
            key = text(item, "region" if "region" in item else "id")
            score = number(item, "score") if item.get("score") is not None else None
            box = box_of(items(item, "bbox"), "bbox")
            category = identifier(item, "category_id")
            annotator: str | None = self.options.annotator  # type: ignore[attr-defined]
            said = phrase(item, key, caption, annotator) if isinstance(caption, str) else None
        except ValueError as error:
            report(Problem("annotations that cannot be read", where, str(error)))
            return
        if category is not None and category not in categories:
            report(Problem("annotations of categories that the file does not list", where, f"category {category}"))
        if not image.add_region(key, box, categories.get(category), score):
            report(Problem("annotation ids given twice", where, f"{key}: the first box is kept"))
        elif said is not None:
            image.phrases.append(said)

    def write(self, path: Path, export: Export) -> None:
        what: str = self.options.what  # type: ignore[attr-defined]
        with CocoWriter(path, what) as file:
            for bundle in export.images:
                file.add(bundle)


def split_in_name(path: Path) -> str | None:
    """The split that a file's name says as COCO's do: captions_val2017.json, instances_train.json."""
    found = _SPLIT.search(path.stem.lower())
    return found.group(1) if found else None


# Reading ----------------------------------------------------------------------------------------------------------


def gather(stream: JsonStream, images: Grouping, categories: Categories, report: Report) -> bool:
    """Put the file's images and annotations together by image id; whether it lists images."""
    listed = False
    for place, key, value in stream:
        if place == "images" and key != "":
            listed = True
            try:
                item = mapping(value, "the image")
                images.add(whole_number(item, "id"), ("image", stream.where, _kept(item, _OF_IMAGES)))
            except ValueError as error:
                report(Problem("images that cannot be read", stream.where, str(error)))
        elif place == "annotations" and key != "":
            try:
                item = mapping(value, "the annotation")
                images.add(whole_number(item, "image_id"), ("annotation", stream.where, _kept(item, _OF_ANNOTATIONS)))
            except ValueError as error:
                report(Problem("annotations that cannot be read", stream.where, str(error)))
                continue
            if item.get("segmentation"):
                report(Problem("outlines that are not kept", stream.where, "its box is"))
        elif place == "categories" and isinstance(value, dict):
            try:
                name = None if value.get("unlabelled") else optional_text(value, "name")
                categories[identifier(value, "id")] = name
            except ValueError as error:
                report(Problem("categories that cannot be read", stream.where, str(error)))
    return listed


_OF_IMAGES = ("file_name", "width", "height", "split")
_OF_ANNOTATIONS = (
    "id", "bbox", "category_id", "caption", "score", "region", "annotator", "state", "seconds"
)  # fmt: skip


def _kept(item: Item, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: item[name] for name in names if item.get(name) is not None}


def listed_image(path: Path, id_: int, parts: list[Any], split: str | None, report: Report) -> LabelledImage | None:
    listed = [part[1:] for part in parts if part[0] == "image"]
    if not listed:
        detail = f"its {len(parts)} annotations are left out"
        report(Problem("annotations of images that the file does not list", f"{path.name}, image {id_}", detail))
        return None
    where, item = listed[0]
    for other_where, other in listed[1:]:
        if other != item:
            detail = f"{id_} is {item.get('file_name')} and {other.get('file_name')}: the first is kept"
            report(Problem("image ids given twice", other_where, detail))
    try:
        return LabelledImage(text(item, "file_name"), size(item), optional_text(item, "split") or split)
    except ValueError as error:
        report(Problem("images that cannot be read", where, str(error)))
        return None


# Writing ----------------------------------------------------------------------------------------------------------


class CocoWriter:
    """A COCO file that grows image by image."""

    def __init__(self, path: Path, what: str = "all") -> None:
        self._file = JsonObject(path, ("images", "annotations"))
        self._what = what
        self._images, self._annotations = Numbering(), Numbering()
        self._categories: dict[str | None, int] = {}

    def add(self, bundle: ImageBundle) -> tuple[int, dict[str, int]]:
        """An image with its annotations; its number, and that of the first annotation of each region."""
        id_ = self._images.of(bundle.key.rpartition("/")[2])
        width, height = frame_of(bundle)
        image = {"id": id_, "file_name": exported_path(bundle), "width": width, "height": height}
        split = bundle.file.split if bundle.file else None
        self._file.add("images", without_nothing({**image, "split": split}))
        for sentence in bundle.sentences if self._what != "instances" else ():
            self._file.add(
                "annotations", {"id": self._annotations.of(""), "image_id": id_, "caption": sentence.text}
            )  # fmt: skip
        numbers: dict[str, int] = {}
        for region, said in regions_and_phrases(bundle) if self._what != "captions" else ():
            number_ = self._annotations.of(region.key)
            numbers.setdefault(region.key, number_)
            self._file.add("annotations", self._annotation(number_, id_, region, said))
        return id_, numbers

    def category(self, label: str | None) -> int:
        """The number of a label."""
        return self._categories.setdefault(label, len(self._categories) + 1)

    def _annotation(self, id_: int, image: int, region: RegionBox, said: RegionPhrase | None) -> dict[str, Any]:
        item = {
            "id": id_, "image_id": image, "category_id": self.category(region.label), "bbox": plain(region.box),
            "area": region.box[2] * region.box[3], "segmentation": [], "iscrowd": 0, "score": region.score,
            "region": region.key if region.key != str(id_) else None,
        }  # fmt: skip
        if said is not None:
            item |= {"caption": said.text, **phrase_fields(said, Coco.name)}
        return without_nothing(item)

    def __enter__(self) -> CocoWriter:
        self._file.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._file.members["info"] = {"description": "written by vsa-toolkit"}
        if self._categories:
            self._file.members["categories"] = [
                {"id": id_, "name": label} if label is not None else
                {"id": id_, "name": UNLABELLED, "unlabelled": True}
                for label, id_ in self._categories.items()
            ]  # fmt: skip
        self._file.__exit__(kind, *error)


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Coco)
