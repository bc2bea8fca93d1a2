"""The split files of Karpathy and Li (2015): `dataset_flickr8k.json`, `dataset_flickr30k.json`, `dataset_coco.json`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, LabelOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import JsonStream
from vsa_toolkit.records import ImageBundle, Problem
from vsa_toolkit.text import words

from .fields import Item, items, mapping, optional_text, text
from .json_files import JsonObject, without_nothing
from .labelled_image import LabelledImage


class Karpathy(LabelFile):
    """Reads and writes dataset_*.json: photos, their splits and sentences.

    COCO's "restval" images, which most papers train on, stay in a split of that name unless `restval` gives another.
    """

    name = "karpathy"
    holds = frozenset({"sentences"})

    class Options(LabelOptions):
        restval: str | None = Field(None, description='The split that "restval" images go to, such as train.')

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return head.is_json_object and "images" in head.keys and {"sentids", "filename"} <= head.keys

    def dataset_name(self, path: Path) -> str:
        """What the file's name says: dataset_flickr8k.json is flickr8k."""
        return path.stem.removeprefix("dataset_") or self.name

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        stream = JsonStream(path, self.advance)
        found = False
        for place, key, value in stream:
            if place != "images" or key == "":
                continue
            found = True
            try:
                image = self._image(mapping(value, "the image"))
            except ValueError as error:
                report(Problem("images that cannot be read", stream.where, str(error)))
                continue
            yield image.bundle()
        if not found:
            raise DataError(f"{path} has no images: it is no dataset_*.json of Karpathy's splits.")

    def _image(self, item: Item) -> LabelledImage:
        folder, name = optional_text(item, "filepath"), text(item, "filename")
        split = optional_text(item, "split") or self.label_options.split
        if split == "restval":
            split = self.options.restval or split  # type: ignore[attr-defined]
        image = LabelledImage(f"{folder}/{name}" if folder else name, None, split)
        for value in items(item, "sentences"):
            sentence = mapping(value, "a sentence")
            raw = optional_text(sentence, "raw")
            image.add_sentence(" ".join(map(str, items(sentence, "tokens"))) if raw is None else raw)
        return image

    def write(self, path: Path, export: Export) -> None:
        sentence_ids = itertools.count()
        with JsonObject(path, ("images",)) as file:
            file.members["dataset"] = export.dataset
            for imgid, bundle in enumerate(export.images):
                folder, _, name = exported_path(bundle).rpartition("/")
                sentences: list[dict[str, Any]] = [
                    {"tokens": words(s.text), "raw": s.text, "imgid": imgid, "sentid": next(sentence_ids)}
                    for s in bundle.sentences
                ]
                item = {
                    "filepath": folder or None, "filename": name, "imgid": imgid,
                    "split": bundle.file.split if bundle.file else None, "sentences": sentences,
                    "sentids": [sentence["sentid"] for sentence in sentences],
                }  # fmt: skip
                file.add("images", without_nothing(item))


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Karpathy)
