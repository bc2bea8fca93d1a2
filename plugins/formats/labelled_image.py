"""One image of a file with labels, put together item by item; and taken apart again into boxes with one text each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vsa_toolkit.format import image_key
from vsa_toolkit.records import Box, ImageBundle, ImageFile, RegionBox, RegionPhrase, SentenceText, Size


class LabelledImage:
    """`path`: of its photo, below the folder of the photos; its key is that without the suffix."""

    def __init__(self, path: str, frame: Size | None = None, split: str | None = None) -> None:
        self.path = path.replace("\\", "/")
        self.frame = frame
        self.split = split
        self.sentences: list[SentenceText] = []
        self.regions: dict[str, RegionBox] = {}
        self.phrases: list[RegionPhrase] = []

    def add_sentence(self, text: str) -> None:
        """The next sentence."""
        self.sentences.append(SentenceText(len(self.sentences), text))

    def add_region(self, key: str, box: Box, label: str | None = None, score: float | None = None) -> bool:
        """A region, once: with several phrases it may come several times. False where another box has its key."""
        there = self.regions.setdefault(key, RegionBox(key, box, label, score))
        return there.box == box

    def bundle(self) -> ImageBundle:
        key = image_key(self.path)
        return ImageBundle(
            key,
            ImageFile(key, Path(PurePosixPath(self.path)), self.split),
            frame=self.frame,
            sentences=tuple(self.sentences),
            regions=tuple(self.regions.values()),
            phrases=tuple(self.phrases),
        )


def regions_and_phrases(bundle: ImageBundle) -> Iterator[tuple[RegionBox, RegionPhrase | None]]:
    """Each region with each of its phrases; once, with None, where it has none."""
    said: dict[str, list[RegionPhrase]] = {}
    for phrase in bundle.phrases:
        said.setdefault(phrase.region, []).append(phrase)
    for region in bundle.regions:
        if region.key in said:
            yield from ((region, phrase) for phrase in said[region.key])
        else:
            yield region, None


def frame_of(bundle: ImageBundle) -> Size:
    """The width and height of the frame in which an exported image's boxes are."""
    frame = bundle.frame or bundle.size
    assert frame is not None, "exporters are given the size of each photo"
    return frame
