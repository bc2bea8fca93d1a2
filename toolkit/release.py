"""A release: a frozen snapshot of a dataset or a campaign, as files that anybody can read and check.

    images.jsonl       image, file, split, width, height, frame (of the photo that boxes were drawn on), sha256, bytes
    sentences.jsonl    image, number, text
    regions.jsonl      image, region, set, box [x, y, width, height], label, score, raw_box
    groundings.jsonl   image, sentence, start, end, regions, chain, categories, no_box, scene
    phrases.jsonl      image, region, text, annotator (a pseudonym), state, seconds, campaign
    README.md          the data card
    release.json       what it is, its counts and parts, and the sha256 of each file above
    SHA256SUMS         all of it for `sha256sum -c`

One object a line, without the members that are nothing. `image` is the image's key, `region` unique within its image.
The digest of a release is the sha256 of its release.json.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .errors import DataError, UserError
from .format import exported_path
from .provenance import file_digest
from .records import ImageBundle
from .text import tokenise

SCHEMA = 1
MANIFEST, SUMS, CARD = "release.json", "SHA256SUMS", "README.md"
TABLES = ("images", "sentences", "regions", "groundings", "phrases")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True)
class Part:
    """Where some of a release comes from: an import or a campaign, with its source and licence (None: not stated)."""

    name: str
    kind: str
    brought: dict[str, int]
    source: str | None = None
    licence: str | None = None


@dataclass(frozen=True)
class About:
    """What a release says of itself; `how` are sentences on how its phrases came about, `description` is its makers'
    own markdown."""

    name: str
    dataset: str
    campaign: str | None
    created: str
    vsa: str
    parts: tuple[Part, ...]
    fingerprints: dict[str, str]
    how: tuple[str, ...] = ()
    description: str = ""


@dataclass
class Counts:
    """Figures of a release; `annotations`: sentences, groundings and phrases. `overlap`: how many annotators an image
    that has phrases has of them, on average."""

    images: int = 0
    sentences: int = 0
    regions: int = 0
    groundings: int = 0
    phrases: int = 0
    words: int = 0
    annotators: set[str] = field(default_factory=set)
    splits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    described: int = 0
    describers: int = 0

    def figures(self) -> dict[str, Any]:
        return {
            "images": self.images, "sentences": self.sentences, "regions": self.regions, "groundings": self.groundings,
            "phrases": self.phrases, "annotations": self.sentences + self.groundings + self.phrases,
            "annotators": len(self.annotators),
            "words_a_phrase": round(self.words / self.phrases, 3) if self.phrases else None,
            "overlap": round(self.describers / self.described, 3) if self.described else None,
            "splits": dict(sorted(self.splits.items())),
        }  # fmt: skip


class ReleaseWriter:
    """Writes the tables of a release image by image into an empty folder, then closes it with card and checksums."""

    def __init__(self, folder: Path, pseudonym: Callable[[str], str]) -> None:
        self._folder = folder
        self._pseudonym = pseudonym
        self._files: dict[str, IO[str]] = {
            name: (folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n") for name in TABLES
        }
        self.counts = Counts()

    def add(self, bundle: ImageBundle, sha256: str, size: int | None) -> None:
        """An image with all that is chosen of it; the digest and size in bytes of its photo's file."""
        key, counts = bundle.key, self.counts
        width, height = bundle.size or (None, None)
        file = bundle.file
        self._line(
            "images", image=key, file=_file(bundle), split=file.split if file else None, width=width, height=height,
            frame=bundle.frame, sha256=sha256, bytes=size,
        )  # fmt: skip
        for sentence in bundle.sentences:
            self._line("sentences", image=key, number=sentence.number, text=sentence.text)
        for region in bundle.regions:
            self._line(
                "regions", image=key, region=region.key, set=bundle.origins.get(region.key), box=region.box,
                label=region.label, score=region.score, raw_box=bundle.raw_boxes.get(region.key),
            )  # fmt: skip
        for span in bundle.groundings:
            self._line(
                "groundings", image=key, sentence=span.sentence, start=span.start, end=span.end, regions=span.regions,
                chain=span.chain, categories=span.categories or None, no_box=span.no_box or None,
                scene=span.scene or None,
            )  # fmt: skip
        people = set()
        for phrase in bundle.phrases:
            who = self._pseudonym(phrase.annotator) if phrase.annotator else None
            people.add(who or "")
            counts.words += len(tokenise(phrase.text))
            self._line(
                "phrases", image=key, region=phrase.region, text=phrase.text, annotator=who, state=phrase.state,
                seconds=phrase.seconds, campaign=phrase.campaign,
            )  # fmt: skip
        counts.images += 1
        counts.sentences += len(bundle.sentences)
        counts.regions += len(bundle.regions)
        counts.groundings += len(bundle.groundings)
        counts.phrases += len(bundle.phrases)
        counts.annotators |= people
        counts.described += bool(people)
        counts.describers += len(people)
        counts.splits[(file.split if file else None) or "no split"] += 1

    def finish(self, about: About, card: str) -> str:
        """Write card and checksums; the release's digest."""
        self.close()
        (self._folder / CARD).write_text(card, encoding="utf-8")
        names = [*(f"{name}.jsonl" for name in TABLES), CARD]
        manifest = {
            "schema": SCHEMA, **asdict(about), "counts": self.counts.figures(),
            "files": {name: _facts(self._folder / name) for name in names},
        }  # fmt: skip
        (self._folder / MANIFEST).write_text(
            json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        digests = {name: file_digest(self._folder / name) for name in [*names, MANIFEST]}
        sums = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
        (self._folder / SUMS).write_text(sums, encoding="utf-8")
        return digests[MANIFEST]

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _line(self, table: str, **values: Any) -> None:
        kept = {name: value for name, value in values.items() if value is not None}
        self._files[table].write(_encode(kept) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a release says of itself.

    Raises:
        UserError: the folder is no release.
        DataError: its release.json cannot be read, or a newer vsa wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(f"{folder} is no release: it has no {MANIFEST}.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = manifest["files"]
        well_formed = all(isinstance(facts["sha256"], str) for facts in files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error
    if not well_formed or not isinstance(manifest.get("schema"), int):
        raise DataError(f"{path} is damaged: it does not say what a release says.")
    if manifest["schema"] > SCHEMA:
        raise DataError(f"{folder} was made by a newer vsa ({manifest.get('vsa')}): upgrade vsa.")
    return dict(manifest)


def check_release(folder: Path) -> list[str]:
    """What is wrong with the files of a release, a sentence each; none where all are as they were released."""
    manifest = read_manifest(folder)
    wrong = []
    expected: Mapping[str, Mapping[str, Any]] = manifest["files"]
    for name, facts in expected.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            wrong.append(f"{name} is missing.")
        elif file_digest(path) != facts["sha256"]:
            wrong.append(f"{name} was changed: its sha256 is not the released one.")
    known = {*expected, MANIFEST, SUMS}
    wrong += (f"{path.name} is no part of the release." for path in sorted(folder.iterdir()) if path.name not in known)
    sums = folder / SUMS
    digest = file_digest(folder / MANIFEST)
    if not sums.is_file():
        wrong.append(f"{SUMS} is missing.")
    elif f"{digest}  {MANIFEST}" not in sums.read_text(encoding="utf-8", errors="replace").splitlines():
        wrong.append(f"{MANIFEST} was changed: its sha256 is not the one in {SUMS}.")
    return wrong


def read_table(folder: Path, table: str) -> Iterator[dict[str, Any]]:
    """The rows of a table of a release, in order.

    Raises:
        DataError: a line cannot be read.
    """
    path = folder / f"{table}.jsonl"
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}, line {number}, cannot be read: {error}.") from error
            if not isinstance(row, dict) or not isinstance(row.get("image"), str):
                raise DataError(f"{path}, line {number}, is no row of a release.")
            yield row


def _file(bundle: ImageBundle) -> str:
    """The photo's path as others may have it: never where it lies on this machine."""
    path = exported_path(bundle)
    return PurePosixPath(path).name if PurePosixPath(path).is_absolute() else path


def _facts(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def release_digest(folder: Path) -> str:
    """What cites a release: the sha256 of its release.json."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
