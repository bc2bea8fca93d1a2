"""CVAT for images 1.1 (XML): photos with boxes, whose attributes hold phrases.

Boxes are the corners xtl ytl xbr ybr in pixels of the photo, from 0, the second corner just outside.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from pydantic import Field

from vsa_toolkit.box_convention import CORNERS
from vsa_toolkit.boxes import centre, enclosing
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import Box, ImageBundle, Problem, RegionBox, RegionPhrase

from .fields import number, phrase, phrase_fields, size
from .json_files import plain
from .labelled_image import LabelledImage, frame_of, regions_and_phrases
from .turning import around_turned
from .xml_stream import Element, xml_elements

UNLABELLED = "region"  # CVAT wants a label on every box: the one of boxes that have none
ATTRIBUTES = ("region", "phrase", "annotator", "state", "seconds")
SENTENCE = "sentence"  # our label of tags that hold a sentence, in their attribute "text"


class Cvat(LabelFile):
    """Reads and writes annotations.xml of "CVAT for images 1.1".

    The attribute `phrase` of a box is its phrase (another one with `-o phrase=NAME`), by the task's assignee. Of turned
    boxes, polygons, polylines and ellipses the box around them is kept.
    """

    name = "cvat"
    boxes = CORNERS
    holds = frozenset({"sentences", "regions", "phrases"})

    class Options(PhraseOptions):
        phrase: str = Field("phrase", description="The attribute of a box that is its phrase.")

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return head.text.startswith("<") and "<annotations>" in head.text[:2000]

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        annotator: str | None = self.options.annotator  # type: ignore[attr-defined]
        found = False
        for element in xml_elements(path, self.advance):
            if element.tag == "meta":
                annotator = annotator or _assignee(element)
            elif element.tag == "track":
                raise DataError(f"{path}, line {element.line}, is of a video: export as CVAT for images 1.1.")
            if element.tag != "image":
                continue
            found = True
            where = f"{path.name}, line {element.line}"
            name = element.attributes.get("name")
            if not name:
                report(Problem("images without a name", where))
                continue
            try:
                frame = size(element.attributes)
            except ValueError as error:
                report(Problem("images that cannot be read", where, str(error)))
                continue
            image = LabelledImage(name, frame, element.attributes.get("subset") or self.label_options.split)
            for place, shape in enumerate(element.children):
                try:
                    self._add(image, str(place), shape, annotator, path, report)
                except ValueError as error:
                    report(Problem("shapes that cannot be read", f"{path.name}, line {shape.line}", str(error)))
            yield image.bundle()
        if not found:
            raise DataError(f"{path} has no images: it is no file of CVAT for images 1.1.")

    def _add(
        self, image: LabelledImage, place: str, shape: Element, annotator: str | None, path: Path, report: Report
    ) -> None:
        said = {
            child.attributes.get("name", ""): child.text.strip()
            for child in shape.children
            if child.tag == "attribute" and child.text.strip()
        }
        label = shape.attributes.get("label")
        if shape.tag == "tag":
            if label == SENTENCE and "text" in said:
                image.add_sentence(said["text"])
            else:
                report(Problem("tags that are no sentences", f"{path.name}, line {shape.line}", str(label)))
            return
        box = _box(shape)
        if shape.tag != "box" or float(shape.attributes.get("rotation") or 0):
            what = "turned box" if shape.tag == "box" else shape.tag
            detail = f"the box around the {what} is kept"
            report(Problem("shapes other than upright boxes", f"{path.name}, line {shape.line}", detail))
        key = said.get("region", place)
        if not image.add_region(key, box, None if label == UNLABELLED else label):
            raise ValueError(f"region {key} has another box before, which is kept")
        words = said.get(self.options.phrase)  # type: ignore[attr-defined]
        if words is not None:
            image.phrases.append(phrase(said, key, words, annotator))

    def write(self, path: Path, export: Export) -> None:
        with path.open("w", encoding="utf-8") as file, TemporaryFile("w+", encoding="utf-8", dir=path.parent) as images:
            writer = _Writer(images, export.report)
            for id_, bundle in enumerate(export.images):
                writer.image(id_, bundle)
            file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
            writer.write_meta(file, export.dataset)
            images.seek(0)
            shutil.copyfileobj(images, file)
            file.write("</annotations>\n")


# Reading ----------------------------------------------------------------------------------------------------------


def _assignee(meta: Element) -> str | None:
    """Who the task or job is assigned to; exports of both name it in the same way."""
    return meta.find("task", "assignee", "username") or meta.find("job", "assignee", "username")


def _box(shape: Element) -> Box:
    """The box of a shape, or around it."""
    at = shape.attributes
    if shape.tag == "box":
        xtl, ytl, xbr, ybr = (number(at, side) for side in ("xtl", "ytl", "xbr", "ybr"))
        box = CORNERS.box(xtl, ytl, xbr, ybr)
        turned = number(at, "rotation") if at.get("rotation") else 0.0
        return around_turned(box, turned, centre(box)) if turned else box
    if shape.tag in ("polygon", "polyline"):
        points = [point.split(",") for point in at.get("points", "").split(";") if point]
        pairs = [dict(zip("xy", point)) for point in points]
        if pairs:
            return enclosing([(number(pair, "x"), number(pair, "y"), 0.0, 0.0) for pair in pairs])
    if shape.tag == "ellipse":
        rx, ry = number(at, "rx"), number(at, "ry")
        return (number(at, "cx") - rx, number(at, "cy") - ry, 2 * rx, 2 * ry)
    raise ValueError(f"<{shape.tag}> has no box")


# Writing ----------------------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self, file: IO[str], report: Report) -> None:
        self._file = file
        self._report = report
        self._labels: dict[str, None] = {}

    def write_meta(self, file: IO[str], dataset: str) -> None:
        """The labels that came up, with their attributes: other tools read no label that is not there."""
        file.write(f"  <meta>\n    <task>\n      <name>{escape(self._kept(dataset))}</name>\n      <labels>\n")
        for label in self._labels:
            names = ("text",) if label == SENTENCE else ATTRIBUTES
            attributes = "".join(
                f"<attribute><name>{name}</name><mutable>False</mutable><input_type>text</input_type>"
                "<default_value></default_value><values></values></attribute>"
                for name in names
            )
            name = escape(self._kept(label))
            file.write(f"        <label><name>{name}</name><attributes>{attributes}</attributes></label>\n")
        file.write("      </labels>\n    </task>\n  </meta>\n")

    def image(self, id_: int, bundle: ImageBundle) -> None:
        width, height = frame_of(bundle)
        subset = f" subset={self._quoted(bundle.file.split)}" if bundle.file and bundle.file.split else ""
        name = self._quoted(exported_path(bundle))
        self._file.write(f'  <image id="{id_}" name={name}{subset} width="{width}" height="{height}">\n')
        for sentence in bundle.sentences:
            self._labels[SENTENCE] = None
            self._file.write(f'    <tag label="{SENTENCE}" source="manual">\n')
            self._attribute("text", sentence.text)
            self._file.write("    </tag>\n")
        for region, said in regions_and_phrases(bundle):
            self._box(region, said)
        self._file.write("  </image>\n")

    def _box(self, region: RegionBox, said: RegionPhrase | None) -> None:
        xtl, ytl, xbr, ybr = plain(CORNERS.numbers(region.box))
        name = UNLABELLED if region.label is None else region.label
        self._labels[name] = None
        label = self._quoted(name)
        corners = f'xtl="{xtl}" ytl="{ytl}" xbr="{xbr}" ybr="{ybr}"'
        self._file.write(f'    <box label={label} source="manual" occluded="0" {corners} z_order="0">\n')
        self._attribute("region", region.key)
        if said is not None:
            self._attribute("phrase", said.text)
            for name, value in phrase_fields(said, "").items():
                self._attribute(name, str(value))
        self._file.write("    </box>\n")

    def _attribute(self, name: str, value: str) -> None:
        value = escape(self._kept(value), {"\r": "&#13;"})
        self._file.write(f"      <attribute name={quoteattr(name)}>{value}</attribute>\n")

    def _quoted(self, value: str) -> str:
        return quoteattr(self._kept(value))

    def _kept(self, value: str) -> str:
        if _NOT_XML.search(value):
            self._report(Problem("characters that XML cannot hold", value[:60], "they are left out"))
        return _NOT_XML.sub("", value)


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Cvat)
