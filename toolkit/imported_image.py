"""What a source says of one image, made into what the dataset is to get: the part of an import without a database."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .box_convention import BoxDoubts
from .boxes import clip, scale
from .errors import DataError
from .format import Report
from .imported_phrases import stated_and_new
from .photo_facts import photo_facts, sha256_of
from .photos import read_photo
from .records import (
    Box,
    GroundingSpan,
    ImageBundle,
    ImageFile,
    Problem,
    Region,
    RegionBox,
    SentenceText,
    Size,
)
from .sentence_matching import SpanMap, match_sentences
from .store import ImportedImage, KnownImage, NewBox, NewPhoto, grounding_identity

Spans = dict[int, tuple[int, SpanMap]]
"""For each sentence number of the source: the dataset's number, and the way to its text."""

LARGEST = 2**31 - 1  # what every database keeps as a whole number
MOVED = 0.01  # pixels: a box that clipping moves by less was only rounded


@dataclass
class Tally:
    """What was read, over the whole source, whether it was new or not."""

    images: int = 0
    sentences: int = 0
    exact: int = 0
    by_distance: int = 0
    unmatched: int = 0
    regions: int = 0
    scaled: int = 0
    shared: int = 0
    groundings: int = 0
    phrases: int = 0
    targets: Counter[Size] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        return {
            "images": self.images, "sentences": self.sentences, "regions": self.regions,
            "groundings": self.groundings, "phrases": self.phrases,
        }  # fmt: skip

    def notes(self) -> Iterator[str]:
        if self.exact or self.by_distance or self.unmatched:
            yield (
                f"sentences that the images already had: {self.exact:,} matched by letters and digits, "
                f"{self.by_distance:,} by smallest edit distance, {self.unmatched:,} unmatched and left out"
            )
        if self.scaled:
            width, height = next(iter(self.targets))
            file = f"{width} × {height} file" if len(self.targets) == 1 else "file on disk"
            yield f"{self.scaled:,} boxes scaled from the original photo to the {file}"
        if self.shared:
            yield f"{self.shared:,} boxes are tied to phrases of several chains"


class BundleReader:
    """Prepares bundle after bundle; `report` takes what is left out or mended, `tally` counts, `frames` collects the
    original sizes of images that were there without one.

    `root`: the folder of the photos; `image_keys`: instead, for a source that adds to images, the image of each key.
    `author`: whose phrases are that name no annotator.
    """

    def __init__(
        self,
        root: Path | None,
        image_keys: Mapping[str, str] | None,
        report: Report,
        author: str = "",
        doubts: BoxDoubts | None = None,
    ) -> None:
        self._root = root
        self._image_keys = image_keys
        self._report = report
        self._author = author
        self._doubts = doubts
        self._seen: dict[str, str] = {}  # the suffix of each key's photo
        self.tally = Tally()
        self.frames: dict[int, Size] = {}

    def image_keys_of(self, bundles: Sequence[ImageBundle]) -> list[tuple[str, ImageBundle]]:
        """Each bundle with the key of its image; those given twice or about no image of the dataset are left out."""
        named: list[tuple[str, ImageBundle]] = []
        for bundle in bundles:
            if not _can_be_kept(bundle):
                detail = "left out: a name or text in it is not Unicode, or has a NUL; correct it in the source"
                self._report(Problem("images with text that no database keeps", bundle.key, detail))
                continue
            if bundle.frame is not None and not 0 < min(bundle.frame) <= max(bundle.frame) <= LARGEST:
                self._report(Problem("images whose stated size is none", bundle.key, f"left out: {bundle.frame}"[:80]))
                continue
            key = bundle.key if self._image_keys is None else self._image_keys.get(bundle.key)
            if key is None:
                kind = "images that the dataset does not have"
                self._report(Problem(kind, bundle.key, _what_is_lost(bundle)))
                continue
            suffix = bundle.file.path.suffix if bundle.file else ""
            if self._seen.get(key, suffix) != suffix:
                key += suffix  # dog.png after dog.jpg: it keeps its suffix
            if key in self._seen:
                self._report(Problem("images given twice", bundle.key, "the first is kept"))
            else:
                self._seen[key] = suffix
                named.append((key, bundle))
        return named

    def prepare(self, bundle: ImageBundle, key: str, known: KnownImage | None) -> ImportedImage | None:
        """What the image is to get; None where its photo cannot be used."""
        photo = None
        if bundle.file is not None and self._root is not None:
            file = self._inside(self._root, bundle, bundle.file.path)
            if file is None:
                return None
            if known is None:
                photo = self._new_photo(bundle, key, file)
            else:
                self._check_photo(bundle.file, file, known)
        if known is None and photo is None:
            return None
        self.tally.images += 1
        size = (photo.width, photo.height) if photo else (known.width, known.height)  # type: ignore[union-attr]
        frame = self._frame(bundle, known)
        sentences, spans = self._sentences(bundle, known)
        boxes = self._boxes(bundle, known, frame, size)
        groundings = self._groundings(bundle, known, boxes, spans)
        phrases, new_phrases = stated_and_new(bundle, known, boxes, self._author, self._report)
        self.tally.phrases += phrases
        return ImportedImage(known, photo, tuple(sentences), tuple(boxes), tuple(groundings), new_phrases)

    # Photos
    def _inside(self, root: Path, bundle: ImageBundle, path: Path) -> Path | None:
        """The photo's file; None (and reported) where its path leads out of the folder of the photos."""
        folder = os.fspath(root)  # `importing` gives it without ".."
        file = os.path.join(folder, path)
        if ".." in path.parts:
            file = os.path.normpath(file)
        if file.startswith(os.path.join(folder, "")):
            return Path(file)
        what = "so that no list can name files elsewhere" if not path.is_absolute() else "give the folder it lies in"
        self._report(Problem("photos outside of their folder", f"{bundle.key}: {path}", f"left out, {what}"))
        return None

    def _new_photo(self, bundle: ImageBundle, key: str, file: Path) -> NewPhoto | None:
        assert bundle.file is not None
        try:
            data = read_photo(file)
        except DataError:
            kind = "photos that cannot be opened" if os.path.exists(file) else "photos that do not exist"
            self._report(Problem(kind, str(file), _what_is_lost(bundle)))
            return None
        try:
            facts = photo_facts(data, file)
        except DataError as error:
            self._report(Problem("photos that are damaged or no photos", str(file), str(error)))
            return None
        if facts.turned and bundle.frame == (facts.height, facts.width):
            detail = f"{facts.height} × {facts.width} is stated, people see {facts.width} × {facts.height}"
            self._report(Problem("photos whose boxes may be drawn before EXIF turned them", str(file), detail))
        return NewPhoto(
            key, file, bundle.file.split, facts.sha256, facts.width, facts.height, bundle.frame, facts.bytes
        )

    def _check_photo(self, stated: ImageFile, file: Path, known: KnownImage) -> None:
        """An image that is there stays as it is; what the source now says otherwise is reported."""
        if stated.split != known.split:
            detail = f"{known.split or 'no split'} is kept, the source says {stated.split or 'no split'}"
            self._report(Problem("images whose split differs", known.key, detail))
        try:
            if sha256_of(read_photo(file)) != known.sha256:
                self._report(Problem("photos that changed since they were imported", str(file), "see `vsa db check`"))
        except DataError:
            self._report(Problem("photos that do not exist any more", str(file), "see `vsa db check`"))

    def _frame(self, bundle: ImageBundle, known: KnownImage | None) -> Size | None:
        """The frame in which the source's boxes are drawn; an image that is there without one gets it."""
        if bundle.frame is None or known is None:
            return bundle.frame
        if known.frame is None:
            self.frames[known.id] = bundle.frame
        elif known.frame != bundle.frame:
            detail = (
                f"{known.frame[0]} × {known.frame[1]} is kept, the source says {bundle.frame[0]} × {bundle.frame[1]}"
            )
            self._report(Problem("images whose original size differs", known.key, detail))
        return bundle.frame

    # Sentences
    def _sentences(self, bundle: ImageBundle, known: KnownImage | None) -> tuple[list[SentenceText], Spans]:
        """The sentences to add, and for each number of the source the stored number and the way to its text."""
        stated = list(self._usable_sentences(bundle))
        self.tally.sentences += len(stated)
        there = known.sentences if known else ()
        if not there:
            return stated, {s.number: (s.number, SpanMap(s.text, s.text)) for s in stated}
        spans: Spans = {}
        for match in match_sentences([s.text for s in stated], [s.text for s in there]):
            mine, stored = stated[match.incoming], there[match.stored]
            spans[mine.number] = (stored.number, SpanMap(mine.text, stored.text))
            self.tally.exact += match.exact
            self.tally.by_distance += not match.exact
        for sentence in stated:
            if sentence.number not in spans:
                self.tally.unmatched += 1
                self._report(
                    Problem("sentences that match none of their image's", _where(bundle, sentence), sentence.text)
                )
        return [], spans

    def _usable_sentences(self, bundle: ImageBundle) -> Iterator[SentenceText]:
        numbers: set[int] = set()
        for sentence in bundle.sentences:
            if not sentence.text.strip() or "\0" in sentence.text:
                self._report(Problem("sentences without text", _where(bundle, sentence)))
            elif not 0 <= sentence.number <= LARGEST:
                self._report(Problem("sentences whose number is none", _where(bundle, sentence)[:80], sentence.text))
            elif sentence.number in numbers:
                self._report(Problem("sentences whose number is given twice", _where(bundle, sentence), sentence.text))
            else:
                numbers.add(sentence.number)
                yield sentence

    # Boxes
    def _boxes(self, bundle: ImageBundle, known: KnownImage | None, frame: Size | None, size: Size) -> list[NewBox]:
        there = known.regions if known else {}
        boxes: dict[str, NewBox] = {}
        raw = bundle.raw_boxes
        for region in bundle.regions:
            key = region.key
            if key in boxes:
                self._report(Problem("boxes given twice", _where_box(bundle, region), "the first is kept"))
                continue
            box = self._placed(bundle, region, frame, size)
            if box is None:
                continue
            boxes[key] = NewBox(key, box, region.label, region.score, raw.get(key) if raw else None)
            if key in there and _differ(there[key], box):
                kind = "boxes that differ from those imported before"
                self._report(Problem(kind, _where_box(bundle, region), "the old one is kept"))
        self.tally.regions += len(boxes)
        return [box for box in boxes.values() if box.key not in there] if there else list(boxes.values())

    def _placed(self, bundle: ImageBundle, region: RegionBox, frame: Size | None, size: Size) -> Box | None:
        """A box in pixels of the photo on disk, clipped to it; None where nothing of it is left."""
        box = region.box
        if self._doubts is not None:
            self._doubts.see(box, frame or size)
        try:
            if frame is not None and frame != size:
                box = scale(box, frame, size)
                self.tally.scaled += 1
                self.tally.targets[size] += 1
            clipped = clip(box, size)
        except DataError as error:
            self._report(Problem(_what_is_wrong(box), _where_box(bundle, region), str(error)))
            return None
        if box[2] - clipped[2] > MOVED or box[3] - clipped[3] > MOVED:
            self._report(Problem("boxes clipped to their photo", _where_box(bundle, region), "part of it lay outside"))
        return clipped

    # Groundings
    def _groundings(
        self,
        bundle: ImageBundle,
        known: KnownImage | None,
        boxes: Sequence[NewBox],
        spans: Spans,
    ) -> list[GroundingSpan]:
        """Those that are not there yet, their spans in the stored sentences and their boxes those that were kept."""
        stated = {region.key for region in bundle.regions}
        usable = {box.key for box in boxes} | (known.regions.keys() if known else set())
        there = set(known.groundings) if known else set()
        lengths = {s.number: len(s.text) for s in bundle.sentences}
        chains: dict[str, set[str | None]] = {}
        kept: dict[tuple[str, ...], tuple[str, ...]] = {}  # the phrases of a chain name the same boxes
        new: list[GroundingSpan] = []
        for span in bundle.groundings:
            for key in span.regions:
                chains.setdefault(key, set()).add(span.chain)
            placed = self._placed_span(bundle, span, spans, lengths)
            if placed is None:
                continue
            if span.regions not in kept:
                kept[span.regions] = tuple(key for key in dict.fromkeys(span.regions) if key in usable)
            if not stated.issuperset(span.regions):
                self._report(Problem("groundings that name boxes that are not there", _where_span(bundle, span)))
            self.tally.groundings += 1
            made = GroundingSpan(
                *placed, kept[span.regions], span.chain, span.categories, span.no_box, span.scene
            )  # fmt: skip
            identity = grounding_identity(made)
            if identity not in there:
                there.add(identity)
                new.append(made)
        self.tally.shared += sum(len(names) > 1 for names in chains.values())
        return new

    def _placed_span(
        self, bundle: ImageBundle, span: GroundingSpan, spans: Spans, lengths: dict[int, int]
    ) -> tuple[int, int, int] | None:
        """Sentence number, start and end as the dataset has them; None (and reported) where it has no such words."""
        if span.sentence not in spans:
            self._report(Problem("groundings of sentences that were left out", _where_span(bundle, span)))
            return None
        if not 0 <= span.start < span.end <= lengths[span.sentence]:
            self._report(Problem("groundings outside their sentence", _where_span(bundle, span)))
            return None
        number, to_stored = spans[span.sentence]
        placed = to_stored(span.start, span.end)
        if placed is None:
            self._report(Problem("groundings whose words are not in the dataset's sentence", _where_span(bundle, span)))
            return None
        return (number, *placed)


def _can_be_kept(bundle: ImageBundle) -> bool:
    """Whether all its text is Unicode (JSON may have halves of characters, and so may the names of files), and no name
    has a NUL; a sentence or a phrase that has one is left out alone."""
    file = bundle.file
    names = [bundle.key, str(file.path) if file else "", (file.split if file else None) or ""]
    for region in bundle.regions:
        names += (region.key, region.label or "")
    for span in bundle.groundings:
        names += (span.chain or "", *span.categories)
    said = [sentence.text for sentence in bundle.sentences]
    for phrase in bundle.phrases:
        said += (phrase.text, phrase.annotator or "")
    named = "".join(names)
    if "\0" in named:
        return False
    text = named + "".join(said)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _differ(stored: Region, box: Box) -> bool:
    return max(abs(a - b) for a, b in zip(stored.box, box)) > MOVED


def _what_is_wrong(box: Box) -> str:
    if not all(map(math.isfinite, box)):
        return "boxes with a number that is not finite"
    return "boxes outside their photo" if box[2] > 0 and box[3] > 0 else "boxes that are empty"


def _where_box(bundle: ImageBundle, region: RegionBox) -> str:
    return f"{bundle.key}, box {region.key}"


def _where(bundle: ImageBundle, sentence: SentenceText) -> str:
    return f"{bundle.key}, sentence {sentence.number}"


def _where_span(bundle: ImageBundle, span: GroundingSpan) -> str:
    return f"{bundle.key}, sentence {span.sentence}, characters {span.start} to {span.end}"


def _what_is_lost(bundle: ImageBundle) -> str:
    parts = {"sentences": len(bundle.sentences), "boxes": len(bundle.regions), "phrases": len(bundle.phrases)}
    lost = [f"{count} {name}" for name, count in parts.items() if count]
    return f"its {' and '.join(lost)} are left out" if lost else ""
