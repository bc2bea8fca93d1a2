from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError
from vsa_toolkit.protocols.descriptions import Said, from_annotators, from_chains, from_overlaps, said_in_sentences
from vsa_toolkit.records import Grounding, Image, Sentence, Split

LEFT, RIGHT = (0.0, 0.0, 40.0, 50.0), (60.0, 0.0, 40.0, 50.0)


def span(number: int, sentence: int, start: int, end: int, chain: str, *boxes) -> Grounding:
    return Grounding(number, sentence, 1, start, end, boxes, chain)


@pytest.fixture
def chained() -> Split:
    sentences = [
        Sentence(1, 1, 0, "A man with a dog"),
        Sentence(2, 1, 1, "The tall man walks"),
        Sentence(3, 1, 2, "Someone and his dog"),
    ]
    groundings = [
        span(1, 1, 0, 5, "7", LEFT), span(2, 2, 0, 12, "7", LEFT), span(3, 3, 0, 7, "7", LEFT),
        span(4, 1, 11, 16, "8", RIGHT), span(5, 3, 12, 19, "8", RIGHT, LEFT),  # a chain with two boxes
        span(6, 2, 13, 18, "9", RIGHT),  # said once
    ]  # fmt: skip
    image = Image(1, "photo", Path("/nowhere"), "", 100, 50, "test")
    return Split("made-up", "test", "frame", [image], sentences, [], groundings, "print")


def test_chains_with_one_box_and_several_phrases_are_described_things(chained):
    found = from_chains(chained)
    assert [d.text for d in found] == ["A man", "The tall man", "Someone"]
    assert found[1].references == ("A man", "Someone")
    assert {d.box for d in found} == {LEFT}
    assert sum(d.weight for d in found) == pytest.approx(1)
    assert len({d.id for d in found}) == 3


def test_a_split_without_such_a_chain_says_what_is_missing(chained):
    with pytest.raises(DataError, match="no chain with one box and two phrases"):
        from_chains(replace(chained, groundings=chained.groundings[3:]))


def test_overlapping_boxes_are_one_thing_whoever_drew_them(chained):
    found = from_overlaps(said_in_sentences(chained))
    assert {d.text for d in found} == {"A man", "The tall man", "Someone", "a dog", "walks"}
    assert next(d for d in found if d.text == "a dog").references == ("walks",)
    assert sum(d.weight for d in found) == pytest.approx(2)
    apart = [replace(s, box=(10.0 * n, 0, 9, 9)) for n, s in enumerate(said_in_sentences(chained))]
    with pytest.raises(DataError, match=r"no two of 5 boxes overlap by 0\.7"):
        from_overlaps(apart)


def said(id: str, annotator: str, box, text: str, image: int = 1) -> Said:
    return Said(id, f"photo{image}", image, box, text, int(id), annotator)


def test_each_phrase_has_those_of_the_others_whose_boxes_are_matched_to_its_own():
    found = from_annotators(
        [
            said("1", "ann", LEFT, "a man"), said("2", "ann", (1, 0, 40, 50), "him"), said("3", "ann", RIGHT, "dog"),
            said("4", "bob", LEFT, "the man"), said("5", "bob", (0, 40, 10, 10), "a shoe"),
            said("6", "cyd", LEFT, "somebody"), said("7", "cyd", RIGHT, "a dog", image=2),
        ]
    )  # fmt: skip
    references = {d.id: set(d.references) for d in found}
    # One box of ann is matched to bob's and cyd's; her other one on the same man stays alone.
    assert references == {"1": {"the man", "somebody"}, "4": {"a man", "somebody"}, "6": {"a man", "the man"}}
    assert {d.region_id for d in found} == {1, 4, 6}
    with pytest.raises(DataError, match="no box of an annotator is matched"):
        from_annotators([said("1", "ann", LEFT, "a man"), said("2", "bob", RIGHT, "a dog")])


@pytest.mark.data
def test_flickr8ks_test_split_has_the_known_number_of_chains(real_data):
    import tarfile

    from vsa_toolkit.protocols.regions import mean_words

    names = {line.split("_")[0] for line in (real_data / "flickr8k/Flickr_8k.testImages.txt").read_text().split()}
    with tarfile.open(real_data / "flickr30k_entities/flickr30k_entities.tar.xz") as archive:
        images, sentences, groundings = _read_entities(archive, names)
    found = from_chains(Split("flickr8k", "test", "frame", images, sentences, [], groundings, ""))
    assert sum(d.weight for d in found) == pytest.approx(2492)
    assert mean_words(found) == pytest.approx(2.4, abs=0.05)


def _read_entities(archive, names):
    """An independent, rough reader of Flickr30k Entities: what the imported data should come to."""
    import re
    import xml.etree.ElementTree as ET

    boxes: dict[str, dict[str, list]] = {}
    texts: dict[str, list[str]] = {}
    for member in archive:
        stem = Path(member.name).stem
        if stem not in names or not member.isfile():
            continue
        content = archive.extractfile(member).read().decode()
        if member.name.endswith(".xml"):
            for thing in ET.fromstring(content).iter("object"):
                corners = thing.find("bndbox")
                if corners is not None:
                    box = tuple(float(corners.findtext(side)) for side in ("xmin", "ymin", "xmax", "ymax"))
                    for name in thing.findall("name"):
                        boxes.setdefault(stem, {}).setdefault(name.text, []).append(box)
        else:
            texts[stem] = content.strip().split("\n")
    images, sentences, groundings = [], [], []
    for number, (stem, lines) in enumerate(sorted(texts.items()), start=1):
        images.append(Image(number, stem, Path("/nowhere"), "", 1000, 1000, "test"))
        for place, line in enumerate(lines):
            plain = ""
            for part in re.split(r"(\[/EN#[^\]]*\])", line):
                tied = re.fullmatch(r"\[/EN#(\d+)\S* ([^\]]*)\]", part)
                start = len(plain)
                plain += tied[2] if tied else part
                if tied:
                    own = tuple(boxes.get(stem, {}).get(tied[1], ()))
                    groundings.append(
                        Grounding(len(groundings), 10 * number + place, number, start, len(plain), own, tied[1])
                    )
            sentences.append(Sentence(10 * number + place, number, place, plain))
    return images, sentences, groundings
