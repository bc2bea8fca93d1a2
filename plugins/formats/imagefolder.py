"""A folder of photos with `metadata.jsonl`, as Hugging Face's `datasets` loads it (loader "imagefolder").

A line an image: `file_name` below the file's own folder; a sentence in `text` or `caption`, or several in `sentences`;
boxes in `objects`, an object of lists side by side: `bbox` (x y width height in pixels, from 0, as COCO has it),
`category`, and of ours `id` and `phrases`. The split is the first folder's name, or `split`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from vsa_toolkit.box_convention import XYWH
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import SPLITS, Export, Format, LabelFile, PhraseOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import ImageBundle, Problem, RegionPhrase

from .fields import Item, box_of, items, mapping, optional_text, phrase, phrase_fields, size, text
from .json_files import JsonLines, plain, without_nothing
from .labelled_image import LabelledImage, frame_of
from .text_lines import text_lines

METADATA = "metadata.jsonl"


class ImageFolder(LabelFile):
    """Reads a folder with metadata.jsonl in it or in its subfolders, or one such file; writes the former."""

    name = "imagefolder"
    Options = PhraseOptions
    boxes = XYWH
    holds = frozenset({"sentences", "regions", "phrases"})
    writes_folder = True

    @classmethod
    def recognises(cls, head: Head) -> bool:
        if head.path.is_dir():
            return bool(_files(head.path))
        return head.is_json_object and "file_name" in head.keys and head.path.suffix == ".jsonl"

    def count(self, path: Path) -> int | None:
        total = 0
        for file in _files(path):
            with file.open("rb") as lines:
                total += sum(1 for line in lines if line.strip())
        return total

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        files = _files(path)
        if not files:
            raise DataError(f"{path} has no {METADATA}, nor have the folders in it.")
        top = path if path.is_dir() else path.parent
        for file in files:
            below = file.parent.relative_to(top)
            for line, content in text_lines(file):
                try:
                    image = self._image(below, mapping(json.loads(content), "the line"))
                except (ValueError, RecursionError) as error:
                    report(Problem("lines that cannot be read", f"{file.relative_to(top)}, line {line}", str(error)))
                    continue
                yield image.bundle()

    def _image(self, below: Path, item: Item) -> LabelledImage:
        path = (below / text(item, "file_name").replace("\\", "/")).as_posix()
        folder = PurePosixPath(path).parts[0].lower()
        split = optional_text(item, "split") or SPLITS.get(folder) or self.label_options.split
        image = LabelledImage(path, size(item), split)
        for name in ("text", "caption"):
            if item.get(name) is not None:
                image.add_sentence(text(item, name))
        for sentence in items(item, "sentences"):
            image.add_sentence(text({"a sentence": sentence}, "a sentence"))
        if item.get("objects") is not None:
            self._add_objects(image, mapping(item["objects"], "objects"))
        return image

    def _add_objects(self, image: LabelledImage, objects: Item) -> None:
        boxes = items(objects, "bbox")
        lists = {}
        for name in ("id", "category", "categories", "score", "phrases"):
            lists[name] = items(objects, name) or [None] * len(boxes)
            if len(lists[name]) != len(boxes):
                raise ValueError(f"objects has {len(boxes)} boxes and {len(lists[name])} of {name}")
        annotator: str | None = self.options.annotator  # type: ignore[attr-defined]
        for place, numbers in enumerate(boxes):
            fields = {name: values[place] for name, values in lists.items()}
            key = optional_text(fields, "id") or str(place)
            label = optional_text(fields, "category") or optional_text(fields, "categories")
            box = box_of(items({"a bbox": numbers}, "a bbox"), "a bbox")
            score = fields["score"] if isinstance(fields["score"], float) else None
            if not image.add_region(key, box, label, score):
                raise ValueError(f"two boxes have the id {key}")
            for said in items(fields, "phrases"):
                if isinstance(said, str):
                    image.phrases.append(RegionPhrase(key, said, annotator))
                else:
                    said = mapping(said, "a phrase")
                    image.phrases.append(phrase(said, key, text(said, "text"), annotator))

    def write(self, path: Path, export: Export) -> None:
        path.mkdir()
        with JsonLines(path / METADATA) as file:
            for bundle in export.images:
                file.add(_item(bundle))


def _files(path: Path) -> list[Path]:
    """The metadata files of a folder: its own, else those of the folders in it."""
    if not path.is_dir():
        return [path]
    if (path / METADATA).is_file():
        return [path / METADATA]
    return sorted(file for file in path.glob(f"*/{METADATA}") if file.is_file())


def _item(bundle: ImageBundle) -> dict[str, Any]:
    width, height = frame_of(bundle)
    item = {
        "file_name": exported_path(bundle), "split": bundle.file.split if bundle.file else None, "width": width,
        "height": height, "sentences": [sentence.text for sentence in bundle.sentences],
    }  # fmt: skip
    phrases: dict[str, list[dict[str, Any]]] = {}
    for said in bundle.phrases:
        fields = {"text": said.text, **phrase_fields(said, ImageFolder.name)}
        phrases.setdefault(said.region, []).append(fields)
    objects: dict[str, list[Any]] = {
        "bbox": [plain(region.box) for region in bundle.regions],
        "id": [region.key for region in bundle.regions],
    }
    # A list of nothing but nulls is a column without a type, which `datasets` cannot load.
    more: dict[str, list[Any]] = {
        "category": [region.label for region in bundle.regions],
        "score": [region.score for region in bundle.regions],
        "phrases": [phrases.get(region.key, []) for region in bundle.regions],
    }
    objects |= {name: values for name, values in more.items() if any(value not in (None, []) for value in values)}
    return without_nothing(item) | {"objects": objects}


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(ImageFolder)
