"""Label Studio's JSON: tasks with annotations, whose results are rectangles, texts on them and texts on the image.

Boxes are x y width height in percent of the photo. A result of type textarea (or a rectangle's label) belongs to the
rectangle with its id; a textarea without one is a sentence of the whole image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pydantic import Field

from vsa_toolkit.box_convention import PERCENT
from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, PhraseOptions, Report, exported_path
from vsa_toolkit.format_head import Head
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.json_stream import JsonStream
from vsa_toolkit.records import Box, ImageBundle, Problem, RegionPhrase, Size

from .fields import Item, items, mapping, number, optional_text, size, text
from .json_files import JsonArray, without_nothing
from .labelled_image import LabelledImage, frame_of
from .turning import around_turned

_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")  # put before the name of each file that is uploaded
LOCAL = "/data/local-files/"


class LabelStudio(LabelFile):
    """Reads and writes tasks as Label Studio exports (JSON, not JSON-MIN) and imports them.

    An annotation's phrases are its author's: accepted where it is the ground truth, submitted otherwise. Predictions,
    drafts and cancelled annotations are left out; of a turned rectangle the box around it is kept.
    """

    name = "label-studio"
    boxes = PERCENT
    holds = frozenset({"sentences", "regions", "phrases"})

    class Options(PhraseOptions):
        image: str = Field("image", description="The field of a task's data that names its photo.")

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return head.is_json_array and "data" in head.keys and bool(head.keys & {"annotations", "completions"})

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        stream = JsonStream(path, self.advance)
        for place, _, value in stream:
            if place != "":
                raise DataError(f"{path} is no list of tasks: export from Label Studio as JSON.")
            try:
                task = mapping(value, "the task")
                data = mapping(task.get("data"), "data")
                name = text(data, self.options.image)  # type: ignore[attr-defined]
                image = LabelledImage(self._there(_path(name)), None, optional_text(data, "split"))
                image.split = image.split or self.label_options.split
                annotations = items(task, "annotations" if "annotations" in task else "completions")
                for annotation in annotations:
                    self._add(image, mapping(annotation, "an annotation"), stream.where, report)
            except ValueError as error:
                report(Problem("tasks that cannot be read", stream.where, str(error)))
                continue
            yield image.bundle()

    def _there(self, path: str) -> str:
        """The path; of an uploaded photo as it was called before, if that lies here."""
        root = self.label_options.images
        plain = _UPLOADED.sub("", path)
        return plain if root is None or not (root / path).is_file() else path

    def _add(self, image: LabelledImage, annotation: Item, where: str, report: Report) -> None:
        if annotation.get("was_cancelled"):
            report(Problem("annotations that were cancelled", where))
            return
        author = _author(annotation) or self.options.annotator  # type: ignore[attr-defined]
        state = optional_text(annotation, "state")
        state = state or ("accepted" if annotation.get("ground_truth") else "submitted")
        results = [mapping(result, "a result") for result in items(annotation, "result")]
        labels = {str(r.get("id")): label for r in results if (label := _label(r)) is not None}
        for place, result in enumerate(results, start=1):
            here = f"{where}, result {place}"
            value = result.get("value")
            if not isinstance(value, dict):
                continue
            try:
                key = self._add_box(image, result, value, labels, here, report) if "width" in value else None
            except ValueError as error:
                report(Problem("results that cannot be read", here, str(error)))
                continue
            texts = value.get("text")
            for said in texts if isinstance(texts, list) else [texts] if texts is not None else []:
                if not isinstance(said, str):
                    report(Problem("results that cannot be read", here, f"{said!r} is no text"))
                elif key is None:
                    image.add_sentence(said)
                else:
                    image.phrases.append(RegionPhrase(key, said, author, state, _seconds(result)))

    def _add_box(
        self, image: LabelledImage, result: Item, value: Item, labels: dict[str, str], where: str, report: Report
    ) -> str | None:
        key = text(result, "id")
        frame = size(result, "original_width", "original_height")
        if frame is None:
            raise ValueError("original_width and original_height are missing, of which the box is a percentage")
        image.frame = image.frame or frame
        x, y, width, height = (number(value, side) for side in ("x", "y", "width", "height"))
        box = PERCENT.box(x, y, width, height, frame)
        if angle := number(value, "rotation") if value.get("rotation") else 0.0:
            box = around_turned(box, angle, box[:2])
            report(Problem("turned rectangles", where, "the box around it is kept"))
        if frame != image.frame:
            raise ValueError(
                f"the photo is {frame[0]} × {frame[1]} here and {image.frame[0]} × {image.frame[1]} before"
            )
        score = number(result, "score") if result.get("score") is not None else None
        if not image.add_region(key, box, labels.get(key), score):
            raise ValueError(f"region {key} has another box before, which is kept")
        return key

    def write(self, path: Path, export: Export) -> None:
        with JsonArray(path) as file:
            for id_, bundle in enumerate(export.images, start=1):
                file.add(_task(id_, bundle, self.options.image))  # type: ignore[attr-defined]


# Reading ----------------------------------------------------------------------------------------------------------


def _path(name: str) -> str:
    """The path of a photo: what a local-files address says; the bare name of one that was uploaded, or has a URL."""
    address = urlsplit(name)
    if address.path.startswith(LOCAL):
        return (parse_qs(address.query).get("d") or [""])[0].lstrip("/")
    if address.scheme or address.path.startswith("/data/"):
        return unquote(address.path).rpartition("/")[2]
    return name


def _author(annotation: Item) -> str | None:
    """Who made an annotation, by the first way in which an export may say it."""
    said = annotation.get("annotator") or annotation.get("completed_by")
    if isinstance(said, dict):
        said = said.get("email") or said.get("id")
    return None if said is None else f"user {said}" if isinstance(said, int) else str(said)


def _label(result: Item) -> str | None:
    value, kind = result.get("value"), result.get("type")
    if not isinstance(value, dict) or kind not in ("rectanglelabels", "labels"):
        return None
    found = value.get(kind)
    return str(found[0]) if isinstance(found, list) and found else None


def _seconds(result: Item) -> float | None:
    return number(result, "seconds") if result.get("seconds") is not None else None


# Writing ----------------------------------------------------------------------------------------------------------


def _task(id_: int, bundle: ImageBundle, field: str) -> dict[str, Any]:
    data = {field: f"{LOCAL}?d={quote(exported_path(bundle))}"}
    if bundle.file and bundle.file.split:
        data["split"] = bundle.file.split
    return {"id": id_, "data": data, "annotations": list(_annotations(bundle))}


def _annotations(bundle: ImageBundle) -> Iterator[dict[str, Any]]:
    """One for what nobody is named for, and one for each person's phrases in each state."""
    frame = frame_of(bundle)
    spoken: dict[tuple[str | None, str], list[RegionPhrase]] = {}
    for phrase in bundle.phrases:
        spoken.setdefault((phrase.annotator, phrase.state), []).append(phrase)
    silent = {region.key for region in bundle.regions} - {phrase.region for phrase in bundle.phrases}
    results = _boxes(bundle, silent, frame)
    results += [
        {"id": f"sentence {s.number}", "from_name": "sentence", "to_name": "image", "type": "textarea",
         "value": {"text": [s.text]}}
        for s in bundle.sentences
    ]  # fmt: skip
    if results:
        yield {"result": results}
    values = {region.key: _value(region.box, frame) for region in bundle.regions}
    for (annotator, state), phrases in spoken.items():
        results = _boxes(bundle, {phrase.region for phrase in phrases}, frame)
        results += (_said(phrase, values[phrase.region], frame) for phrase in phrases)
        fields = {"annotator": annotator, "state": state, "ground_truth": state == "accepted"}
        yield without_nothing(fields) | {"result": results}


def _boxes(bundle: ImageBundle, keys: set[str], frame: Size) -> list[dict[str, Any]]:
    found = []
    for region in bundle.regions:
        if region.key in keys:
            kind = "rectangle" if region.label is None else "rectanglelabels"
            value = _value(region.box, frame) | ({} if region.label is None else {kind: [region.label]})
            result = _result(region.key, kind, value, frame)
            found.append(result if region.score is None else result | {"score": region.score})
    return found


def _said(phrase: RegionPhrase, value: dict[str, Any], frame: Size) -> dict[str, Any]:
    result = _result(phrase.region, "textarea", value | {"text": [phrase.text]}, frame)
    return result if phrase.seconds is None else result | {"seconds": phrase.seconds}


def _result(key: str, kind: str, value: dict[str, Any], frame: Size) -> dict[str, Any]:
    return {
        "id": key, "from_name": {"textarea": "phrase", "rectanglelabels": "label"}.get(kind, "box"),
        "to_name": "image", "type": kind, "original_width": frame[0], "original_height": frame[1],
        "image_rotation": 0, "value": value,
    }  # fmt: skip


def _value(box: Box, frame: Size) -> dict[str, Any]:
    x, y, width, height = PERCENT.numbers(box, frame)
    return {"x": x, "y": y, "width": width, "height": height, "rotation": 0}


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(LabelStudio)
