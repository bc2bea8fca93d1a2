"""Writing Flickr30k Entities: `Annotations/ID.xml` and `Sentences/ID.txt` of one image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vsa_toolkit.box_convention import INCLUSIVE
from vsa_toolkit.format import Report
from vsa_toolkit.records import GroundingSpan, ImageBundle, Problem, RegionBox, SentenceText, Size

from .labelled_image import frame_of

NOT_VISUAL = "0"
_FILE_NAME = re.compile(r"[\w.\-]{1,200}")
_NO_CATEGORY = re.compile(r"[\s/\[\]]+")


class EntitiesFolder:
    """A folder that grows image by image."""

    def __init__(self, path: Path, report: Report) -> None:
        self._annotations, self._sentences = path / "Annotations", path / "Sentences"
        self._annotations.mkdir(parents=True)
        self._sentences.mkdir()
        self._report = report

    def add(self, id_: str, bundle: ImageBundle) -> None:
        if not _FILE_NAME.fullmatch(id_) or id_ in (".", ".."):
            self._report(Problem("images whose key makes no file name", bundle.key, "left out"))
            return
        file = self._annotations / f"{id_}.xml"
        if file.exists():
            self._report(Problem("images that share an id", bundle.key, f"{id_} is there already; left out"))
            return
        spans = list(_Chains(bundle, self._report).spans())
        file.write_text("".join(_xml(id_, bundle, spans, self._report)), encoding="utf-8")
        lines = (_marked_up(bundle, sentence, spans, self._report) for sentence in bundle.sentences)
        (self._sentences / f"{id_}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


Chained = tuple[str, GroundingSpan]
"""A chain's number, and a span of it."""


class _Chains:
    """A chain is a number, and all its phrases have the same boxes: spans that differ get numbers of their own."""

    def __init__(self, bundle: ImageBundle, report: Report) -> None:
        self._bundle = bundle
        self._report = report
        stated = [int(g.chain) for g in bundle.groundings if g.chain and g.chain.isdecimal()]
        self._next = max(stated, default=0) + 1
        self._numbers: dict[tuple[object, ...], str] = {}

    def spans(self) -> Iterator[Chained]:
        for place, span in enumerate(self._bundle.groundings):
            if span.chain == NOT_VISUAL and not span.regions:
                yield NOT_VISUAL, span
                continue
            alone = place if span.chain is None and not span.regions else None
            what = (span.chain, frozenset(span.regions), span.no_box, span.scene, alone)
            if what not in self._numbers:
                self._numbers[what] = self._number(span)
            yield self._numbers[what], span

    def _number(self, span: GroundingSpan) -> str:
        chain = span.chain
        if chain and chain.isdecimal() and chain != NOT_VISUAL and chain not in self._numbers.values():
            return chain
        if chain in self._numbers.values():
            where = f"{self._bundle.key}, chain {chain}"
            self._report(Problem("chains whose phrases have different boxes", where, f"split off as {self._next}"))
        self._next += 1
        return str(self._next - 1)


def _xml(id_: str, bundle: ImageBundle, spans: list[Chained], report: Report) -> Iterator[str]:
    width, height = frame_of(bundle)
    yield f"<annotation>\n\t<filename>{id_}.jpg</filename>\n"
    yield f"\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
    chains: dict[str, list[str]] = {}
    for chain, span in spans:
        for key in span.regions:
            if chain not in chains.setdefault(key, []):
                chains[key].append(chain)
    for region in bundle.regions:
        yield "\t<object>\n" + "".join(f"\t\t<name>{chain}</name>\n" for chain in chains.get(region.key, ()))
        yield f"\t\t<bndbox>\n{_corners(bundle, region, (width, height), report)}\t\t</bndbox>\n\t</object>\n"
    flags = {chain: (span.scene, span.no_box) for chain, span in spans if chain != NOT_VISUAL}
    for chain, (scene, no_box) in flags.items():
        if scene or no_box:
            said = f"\t\t<scene>{scene:d}</scene>\n\t\t<nobndbox>{no_box:d}</nobndbox>\n"
            yield f"\t<object>\n\t\t<name>{chain}</name>\n{said}\t</object>\n"
    yield "</annotation>\n"


def _corners(bundle: ImageBundle, region: RegionBox, frame: Size, report: Report) -> str:
    """The source's own integers where they are known, else the box to whole pixels."""
    raw = bundle.raw_boxes.get(region.key)
    if raw is None:
        exact = INCLUSIVE.numbers(region.box)
        xmin, ymin = (min(max(round(side), 1), limit) for side, limit in zip(exact[:2], frame))
        raw = (xmin, ymin, min(max(round(exact[2]), xmin), frame[0]), min(max(round(exact[3]), ymin), frame[1]))
        if max(abs(a - b) for a, b in zip(raw, exact)) > 1e-3:
            report(Problem("boxes rounded to whole pixels", f"{bundle.key}, box {region.key}"))
    return "".join(f"\t\t\t<{name}>{side}</{name}>\n" for name, side in zip(("xmin", "ymin", "xmax", "ymax"), raw))


def _marked_up(bundle: ImageBundle, sentence: SentenceText, spans: list[Chained], report: Report) -> str:
    """A sentence with its phrases in brackets, which cannot overlap."""
    text = " ".join(sentence.text.splitlines())
    parts: list[str] = []
    done = 0
    mine = [(chain, span) for chain, span in spans if span.sentence == sentence.number]
    for chain, span in sorted(mine, key=lambda one: (one[1].start, -one[1].end)):
        phrase = text[span.start : span.end]
        where = f"{bundle.key}, sentence {sentence.number}: {phrase}"
        if span.start < done:
            report(Problem("phrases that overlap another", where, "left out"))
        elif "[" in phrase or "]" in phrase or not phrase.strip():
            report(Problem("phrases with brackets in them", where, "left out"))
        else:
            categories = "/".join(_NO_CATEGORY.sub("_", name) for name in span.categories if name) or "other"
            parts += (text[done : span.start], f"[/EN#{chain}/{categories} {phrase}]")
            done = span.end
    return "".join((*parts, text[done:]))
