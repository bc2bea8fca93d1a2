"""Flickr30k's token file (Young et al. 2014), which Flickr8k has too: a line `photo.jpg#number`, a tab, a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from vsa_toolkit.errors import DataError
from vsa_toolkit.format import Export, Format, LabelFile, Report, exported_path, image_key
from vsa_toolkit.format_head import Head
from vsa_toolkit.grouping import Grouping
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.records import ImageBundle, ImageFile, Problem, SentenceText

from .text_lines import text_lines

_LINE = re.compile(r"(?P<photo>[^\t#]+)#(?P<number>\d+)\t(?P<text>.*\S.*)")


class Flickr30k(LabelFile):
    """Reads and writes results_20130124.token and the like. Splits are not in it (dataset_flickr30k.json has them)."""

    name = "flickr30k"
    holds = frozenset({"sentences"})

    @classmethod
    def recognises(cls, head: Head) -> bool:
        return bool(_LINE.fullmatch(head.first_line))

    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        with Grouping() as photos:
            for line, content in text_lines(path, self.advance):
                found = _LINE.fullmatch(content)
                if found:
                    photos.add(found["photo"], (line, int(found["number"]), found["text"].strip()))
                else:
                    detail = "a line must be photo.jpg#number, a tab, a sentence"
                    report(Problem("malformed lines", f"{path.name}, line {line}", detail))
            if not len(photos):
                raise DataError(f"{path} has no line such as photo.jpg#0, a tab, a sentence: it is no token file.")
            for photo, lines in photos:
                yield self._bundle(path, photo, lines, report)

    def _bundle(self, path: Path, photo: str, lines: list[tuple[int, int, str]], report: Report) -> ImageBundle:
        sentences: dict[int, SentenceText] = {}
        for line, number, text in lines:
            if number in sentences:
                detail = f"{photo}#{number} has a sentence already"
                report(Problem("sentences given twice", f"{path.name}, line {line}", detail))
            else:
                sentences[number] = SentenceText(number, text)
        key = image_key(photo)
        file = ImageFile(key, Path(photo), self.label_options.split)
        return ImageBundle(key, file, sentences=tuple(sentences[number] for number in sorted(sentences)))

    def write(self, path: Path, export: Export) -> None:
        with path.open("w", encoding="utf-8") as file:
            for bundle in export.images:
                photo = exported_path(bundle)
                if "#" in photo or "\t" in photo:
                    detail = "a token file takes no # or tab in it"
                    export.report(Problem("photos whose name cannot be written", photo, detail))
                    continue
                if not bundle.sentences:
                    export.report(Problem("images without a sentence", photo, "a token file has no line for them"))
                for sentence in bundle.sentences:
                    file.write(f"{photo}#{sentence.number}\t{' '.join(sentence.text.split())}\n")


@hookimpl
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    register(Flickr30k)
