"""Flickr30k Entities (Plummer et al. 2015): phrases of sentences tied to boxes, in its original XML and TXT.

`Annotations/ID.xml` holds the boxes of a photo, `Sentences/ID.txt` its five sentences, a line each, with chains marked
as `[/EN#18/people A child]`. Chain 0 is for phrases that cannot be seen (`notvisual`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from vsa_toolkit.box_convention import INCLUSIVE
from vsa_toolkit.format import Export, Format, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import Box, GroundingSpan, ImageBundle, Problem, RegionBox, SentenceText, Size

from .entities_files import NOT_VISUAL, EntitiesFolder
from .entities_source import ARCHIVES, Source, count_annotations, open_source

_CHAIN = re.compile(r"\[/EN#(\d+)((?:/[^\s/\]]+)+) ([^\[\]]*)\]")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class Flickr30kEntities(Format):
    """Reads a folder with Annotations/ and Sentences/, or an archive (tar, tar.xz, zip …) of them; writes a folder.

    It adds to the images that a dataset already has, matched by Flickr30k id: the digits before `_` in a Flickr8k key,
    a Flickr30k key as it is. An export has the integers of the original photo again, whatever the size on disk.
    """

    name = "flickr30k-entities"
    creates_images = False
    boxes = INCLUSIVE
    holds = frozenset({"sentences", "regions", "groundings"})
    writes_folder = True

    @classmethod
    def recognises(cls, head: Head) -> bool:
        if head.names:
            return "Annotations" in head.names or any(name.endswith(ARCHIVES) for name in head.names)
        return head.path.name.endswith(ARCHIVES)

    def match_key(self, image_key: str) -> str:
        """The Flickr30k id of an image: "1000268201_693b08cb0e" → "1000268201"."""
        return image_key.rpartition("/")[2].partition("_")[0]

    def count(self, path: Path) -> int | None:
        return count_annotations(path)

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        with open_source(path) as source:
            for id_ in source.ids():
                try:
                    yield _read_image(source, id_, report)
                except _Unusable as problem:
                    report(problem.args[0])

    def write(self, path: Path, export: Export) -> None:
        folder = EntitiesFolder(path, export.report)
        for bundle in export.images:
            folder.add(self.match_key(bundle.key), bundle)


class _Unusable(Exception):
    """One image's files cannot be used; its argument is the Problem."""


def _read_image(source: Source, id_: str, report: Report) -> ImageBundle:
    name = f"Annotations/{id_}.xml"
    root = _parse_xml(source, id_, name)
    try:
        size = (int(_text(root, "size/width")), int(_text(root, "size/height")))
        if min(size) <= 0:
            raise ValueError(f"the photo's size is {size[0]} × {size[1]}")
        objects = _Objects(root, name, size, report)
    except ValueError as error:
        raise _Unusable(Problem("annotation files that cannot be read", name, str(error))) from error
    sentences, groundings = _read_sentences(source, id_, objects, report)
    return ImageBundle(
        id_,
        frame=size,
        sentences=tuple(sentences),
        regions=tuple(RegionBox(key, box) for key, box in objects.boxes.items()),
        groundings=tuple(groundings),
        raw_boxes=objects.raw_boxes,
    )


def _parse_xml(source: Source, id_: str, name: str) -> Element:
    parser = XMLParser(target=_NoDoctype())
    try:
        parser.feed(source.annotation(id_))
        root: Element = parser.close()
    except ParseError as error:
        raise _Unusable(Problem("annotation files that are not XML", name, str(error))) from error
    except (LookupError, ValueError) as error:  # from Python's codecs
        kind = "annotation files in an encoding that is not known"
        raise _Unusable(Problem(kind, name, "save it as UTF-8")) from error
    except _DoctypeRefused as error:
        raise _Unusable(Problem("annotation files with a DTD", name, "they are refused, for safety")) from error
    return root


class _DoctypeRefused(Exception):
    pass


class _NoDoctype(TreeBuilder):
    """Without a DTD a file can declare no entity: none that grows without end, none that reads another file."""

    def doctype(self, *_: object) -> None:
        raise _DoctypeRefused


class _Objects:
    """The `<object>` elements of a photo: boxes by region key (the object's place in the file), and what each chain
    is tied to. One object may name several chains."""

    def __init__(self, root: Element, name: str, size: Size, report: Report) -> None:
        self.boxes: dict[str, Box] = {}
        self.raw_boxes: dict[str, tuple[int, int, int, int]] = {}
        self.chains: dict[str, list[str]] = {}
        self.scene: set[str] = set()
        self.no_box: set[str] = set()
        for index, element in enumerate(root.iter("object")):
            names: list[str] = []
            corners: list[Element] = []
            flags: set[str] = set()
            for child in element:
                if child.tag == "name":
                    names.append((child.text or "").strip())
                elif child.tag == "bndbox":
                    corners.append(child)
                elif child.text == "1":
                    flags.add(child.tag)
            if "scene" in flags:
                self.scene.update(names)
            if "nobndbox" in flags:
                self.no_box.update(names)
            for chain in names:
                self.chains.setdefault(chain, [])
            for number, box in enumerate(corners):
                key = f"{index}" if number == 0 else f"{index}.{number}"
                self._add(key, names, _read_corners(box), f"{name}, object {index + 1}", size, report)

    def _add(
        self, key: str, names: list[str], raw: tuple[int, int, int, int], where: str, size: Size, report: Report
    ) -> None:
        xmin, ymin, xmax, ymax = raw
        if xmax < xmin or ymax < ymin:
            report(Problem("boxes that are empty", where, f"{raw} has no area"))
        elif xmax < 1 or ymax < 1 or xmin > size[0] or ymin > size[1]:
            report(Problem("boxes outside the photo", where, f"{raw} in a photo of {size[0]} × {size[1]} pixels"))
        else:
            self.boxes[key], self.raw_boxes[key] = INCLUSIVE.box(*raw), raw
            for chain in names:
                self.chains[chain].append(key)


def _read_sentences(
    source: Source, id_: str, objects: _Objects, report: Report
) -> tuple[list[SentenceText], list[GroundingSpan]]:
    name = f"Sentences/{id_}.txt"
    try:
        lines = source.sentences(id_).decode("utf-8-sig").split("\n")
    except KeyError as error:
        raise _Unusable(
            Problem("annotation files without sentences", f"Annotations/{id_}.xml", f"no {name}")
        ) from error
    except UnicodeDecodeError as error:
        raise _Unusable(Problem("sentence files that are not UTF-8", name)) from error
    sentences: list[SentenceText] = []
    groundings: list[GroundingSpan] = []
    for number, line in enumerate(line for line in lines if line.strip()):
        text, spans = parse_sentence(line.strip())
        sentences.append(SentenceText(number, text))
        for start, end, chain, categories in spans:
            if chain != NOT_VISUAL and chain not in objects.chains:
                report(Problem("chains that the XML does not have", f"{name}, line {number + 1}", f"chain {chain}"))
            groundings.append(
                GroundingSpan(
                    number,
                    start,
                    end,
                    regions=tuple(objects.chains.get(chain, ())),
                    chain=chain,
                    categories=categories,
                    no_box=chain == NOT_VISUAL or chain in objects.no_box,
                    scene=chain in objects.scene,
                )
            )
    said = {grounding.chain for grounding in groundings}
    for chain in sorted(objects.chains.keys() - said):
        kind = "chains of the XML that no sentence has"  # the real files have 39
        report(Problem(kind, f"Annotations/{id_}.xml, chain {chain}", "its boxes are kept, the chain is not"))
    return sentences, groundings


def parse_sentence(line: str) -> tuple[str, list[tuple[int, int, str, tuple[str, ...]]]]:
    """A marked-up sentence → its plain text, and start, end, chain and categories of each phrase in that text."""
    parts: list[str] = []
    spans: list[tuple[int, int, str, tuple[str, ...]]] = []
    length = done = 0
    for match in _CHAIN.finditer(line):
        begin, end = match.span()
        chain, categories, phrase = match.groups()
        start = length + begin - done
        length = start + len(phrase)
        parts += (line[done:begin], phrase)
        spans.append((start, length, chain, _split(categories)))
        done = end
    parts.append(line[done:])
    return "".join(parts), spans


@lru_cache(maxsize=1000)
def _split(categories: str) -> tuple[str, ...]:
    return tuple(categories[1:].split("/"))


def _read_corners(element: Element) -> tuple[int, int, int, int]:
    found = {child.tag: child.text or "" for child in element}
    try:
        xmin, ymin, xmax, ymax = (int(found[corner]) for corner in _CORNERS)
    except KeyError as error:
        raise ValueError(f"<{error.args[0]}> is missing") from error
    return xmin, ymin, xmax, ymax


def _text(element: Element, path: str) -> str:
    found = element.findtext(path)
    if found is None:
        raise ValueError(f"<{path}> is missing")
    return found


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Flickr30kEntities)
