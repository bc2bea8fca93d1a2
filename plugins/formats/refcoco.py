"""RefCOCO, RefCOCO+ and RefCOCOg (Yu et al. 2016, Mao et al. 2016): refs that name boxes of `instances.json`.

The refs were given out as a pickle. A pickle may run any program when it is opened; here one is opened in which nothing
but lists, dicts, text and numbers is allowed. It is read whole, where JSON (what we write) streams.
"""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from pydantic import Field

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report
from vsa_toolkit.format_head import Head
from vsa_toolkit.grouping import Grouping
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import JsonStream
from vsa_toolkit.records import ImageBundle, Problem, RegionPhrase
from vsa_toolkit.text import words

from .coco import CocoWriter, gather, listed_image
from .fields import Item, box_of, identifier, items, mapping, optional_text, phrase, phrase_fields, text, whole_number
from .json_files import JsonArray, without_nothing
from .labelled_image import LabelledImage

INSTANCES, REFS = "instances.json", "refs.json"
LARGEST = 1 << 30  # bytes of a pickle; the largest that was given out has 77 MB


class RefCoco(LabelFile):
    """Reads a folder with instances.json and refs*.json or refs(…).p; writes one with refs.json.

    Each sentence of a ref is a phrase, as it was typed (`raw`). The split is that of the image's refs.
    """

    name = "refcoco"
    boxes = XYWH
    holds = frozenset({"regions", "phrases"})
    writes_folder = True

    class Options(PhraseOptions):
        refs: str | None = Field(None, description="The file of refs, where a folder has several, such as refs(unc).p.")

    @classmethod
    def recognises(cls, head: Head) -> bool:
        if head.names:
            return INSTANCES in head.names and any(_is_refs(name) for name in head.names)
        return {"ref_id", "ann_id", "sentences"} <= head.keys or (
            head.bytes[:1] == b"\x80" and _is_refs(head.path.name)
        )

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        refs = self._refs_file(path)
        instances = refs.parent / INSTANCES
        if not instances.is_file():
            raise DataError(f"{instances} does not exist: the boxes of {refs.name} are in it.")
        categories: dict[Any, str | None] = {}
        with Grouping() as images:
            gather(JsonStream(instances, lambda fraction: self.advance(fraction / 2)), images, categories, report)
            for where, value in _refs(refs, lambda fraction: self.advance(0.5 + fraction / 2)):
                try:
                    ref = mapping(value, "the ref")
                    images.add(whole_number(ref, "image_id"), ("ref", where, _kept(ref)))
                except ValueError as error:
                    report(Problem("refs that cannot be read", where, str(error)))
            for id_, parts in images:
                image = listed_image(instances, id_, parts, None, report)
                if image is not None:
                    self._fill(image, parts, categories, report)
                    yield image.bundle()

    def _refs_file(self, path: Path) -> Path:
        if path.is_file():
            return path
        chosen: str | None = self.options.refs  # type: ignore[attr-defined]
        if chosen is not None:
            return path / chosen
        if not path.is_dir():
            raise DataError(f"{path} does not exist.")
        found = sorted(name.name for name in path.iterdir() if _is_refs(name.name))
        if not found:
            raise DataError(f"{path} has no refs*.json or refs*.p.")
        if len(found) > 1:
            raise UserError(f"{path} has several files of refs ({', '.join(found)}): say which with -o refs=NAME.")
        return path / found[0]

    def _fill(self, image: LabelledImage, parts: list[Any], categories: dict[Any, str | None], report: Report) -> None:
        keys: dict[int, str] = {}
        for where, item in (part[1:] for part in parts if part[0] == "annotation"):
            try:
                number_, key = whole_number(item, "id"), text(item, "region" if "region" in item else "id")
                box = box_of(items(item, "bbox"), "bbox")
                category = identifier(item, "category_id")
            except ValueError as error:
                report(Problem("annotations that cannot be read", where, str(error)))
                continue
            if not image.add_region(key, box, categories.get(category)):
                report(Problem("annotation ids given twice", where, f"{key}: the first box is kept"))
            keys.setdefault(number_, key)
        for where, ref in (part[1:] for part in parts if part[0] == "ref"):
            try:
                self._add_ref(image, ref, keys, where, report)
            except ValueError as error:
                report(Problem("refs that cannot be read", where, str(error)))
        image.split = image.split or self.label_options.split

    def _add_ref(self, image: LabelledImage, ref: Item, keys: dict[int, str], where: str, report: Report) -> None:
        number_ = whole_number(ref, "ann_id")
        if number_ not in keys:
            report(Problem("refs to boxes that are not there", where, f"ann_id {number_} is not in {INSTANCES}"))
            return
        split = optional_text(ref, "split")
        if image.split is None:
            image.split = split
        elif split not in (None, image.split):
            report(Problem("images with refs in several splits", where, f"{image.split} is kept, this is {split}"))
        for value in items(ref, "sentences"):
            said = mapping(value, "a sentence")
            typed = optional_text(said, "raw")
            typed = text(said, "sent") if typed is None else typed
            image.phrases.append(phrase(said, keys[number_], typed, self.options.annotator))  # type: ignore[attr-defined]

    def write(self, path: Path, export: Export) -> None:
        path.mkdir()
        ref_ids, sent_ids = itertools.count(1), itertools.count(1)
        with CocoWriter(path / INSTANCES) as instances, JsonArray(path / REFS) as refs:
            for bundle in export.images:
                image, numbers = instances.add(replace(bundle, phrases=(), sentences=()))
                labels = {region.key: region.label for region in bundle.regions}
                said: dict[str, list[RegionPhrase]] = {}
                for one in bundle.phrases:
                    said.setdefault(one.region, []).append(one)
                for key, phrases in said.items():
                    sentences = [_sentence(next(sent_ids), one) for one in phrases]
                    refs.add(
                        without_nothing({
                            "ref_id": next(ref_ids), "ann_id": numbers[key], "image_id": image,
                            "category_id": instances.category(labels[key]),
                            "split": bundle.file.split if bundle.file else None, "sentences": sentences,
                            "sent_ids": [sentence["sent_id"] for sentence in sentences],
                        })
                    )  # fmt: skip


# Reading ----------------------------------------------------------------------------------------------------------


def _is_refs(name: str) -> bool:
    return name.startswith("refs") and name.endswith((".json", ".p"))


def _kept(ref: Item) -> dict[str, Any]:
    return {name: ref[name] for name in ("ann_id", "split", "sentences") if ref.get(name) is not None}


def _refs(path: Path, advance: Callable[[float], None]) -> Iterator[tuple[str, Any]]:
    """Each ref, with its place in the file."""
    if path.suffix == ".json":
        stream = JsonStream(path, advance)
        yield from ((stream.where, value) for _, _, value in stream)
        return
    refs = _unpickle(path)
    if not isinstance(refs, list):
        raise DataError(f"{path} is no list of refs.")
    yield from ((f"{path.name}, ref {place}", ref) for place, ref in enumerate(refs, start=1))


class _PlainUnpickler(pickle.Unpickler):
    """Lists, dicts, text and numbers only: what else a pickle can do begins with naming a class or a function."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def _unpickle(path: Path) -> Any:
    if path.stat().st_size > LARGEST:
        raise DataError(f"{path} is larger than any file of refs: is it another file?")
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file, encoding="utf-8", errors="replace").load()
    except Exception as error:  # a damaged pickle raises errors of nearly every kind
        raise DataError(
            f"{path} is no pickle of plain lists, dicts, text and numbers ({error}): it is not opened, for safety. "
            "Get the file again, or save its refs as JSON."
        ) from error


# Writing ----------------------------------------------------------------------------------------------------------


def _sentence(id_: int, said: RegionPhrase) -> dict[str, Any]:
    tokens = words(said.text)
    return {
        "sent_id": id_, "raw": said.text, "sent": " ".join(tokens), "tokens": tokens,
        **phrase_fields(said, RefCoco.name),
    }  # fmt: skip


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(RefCoco)
