from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsa_toolkit.errors import DataError
from vsa_toolkit.plugins.formats.flickr30k_entities import Flickr30kEntities, parse_sentence
from vsa_toolkit.records import ImageBundle, Problem

HEAD = "<annotation><size><width>100</width><height>80</height></size>"
BOX = (
    "<object><name>{names}</name>"
    "<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"
)
UNBOXED = "<object><name>{name}</name><scene>{scene}</scene><nobndbox>{nobox}</nobndbox></object>"
SENTENCE = "[/EN#18/people A child] near [/EN#0/notvisual it] .\n"


def box(*corners: int, names: str = "18") -> str:
    return BOX.format(*corners, names="</name><name>".join(names.split()))


def make_source(folder: Path, objects: str = "", sentences: str = SENTENCE, id_: str = "7") -> Path:
    for part in ("Annotations", "Sentences"):
        (folder / part).mkdir(exist_ok=True, parents=True)
    (folder / "Annotations" / f"{id_}.xml").write_text(f"{HEAD}{objects}</annotation>", encoding="utf-8")
    (folder / "Sentences" / f"{id_}.txt").write_text(sentences, encoding="utf-8")
    return folder


def read(path: Path) -> tuple[list[ImageBundle], list[Problem]]:
    problems: list[Problem] = []
    return list(Flickr30kEntities(Flickr30kEntities.Options()).read(path, problems.append)), problems


def test_one_based_inclusive_boxes_become_half_open_and_the_integers_are_kept(tmp_path: Path) -> None:
    (bundle,), problems = read(make_source(tmp_path, box(1, 1, 100, 80)))
    assert bundle.frame == (100, 80)
    assert bundle.regions[0].box == (0, 0, 100, 80)
    assert bundle.raw_boxes == {bundle.regions[0].key: (1, 1, 100, 80)}
    assert problems == []


def test_one_box_may_carry_several_chains_and_one_chain_several_boxes(tmp_path: Path) -> None:
    source = make_source(
        tmp_path,
        box(1, 1, 10, 10, names="18 19") + box(20, 20, 30, 30, names="18"),
        "[/EN#18/people Two men] and [/EN#19/people/scene a crowd] .\n",
    )
    (bundle,), _ = read(source)
    first, second = (region.key for region in bundle.regions)
    assert [(g.chain, g.regions) for g in bundle.groundings] == [("18", (first, second)), ("19", (first,))]
    assert bundle.groundings[1].categories == ("people", "scene")


def test_flags_say_why_a_phrase_has_no_box(tmp_path: Path) -> None:
    objects = UNBOXED.format(name=5, scene=0, nobox=1) + UNBOXED.format(name=6, scene=1, nobox=0)
    sentences = "[/EN#5/other a dream] in [/EN#6/scene the park] with [/EN#0/notvisual it] .\n"
    (bundle,), problems = read(make_source(tmp_path, objects, sentences))
    assert [(g.no_box, g.scene, g.regions) for g in bundle.groundings] == [
        (True, False, ()),
        (False, True, ()),
        (True, False, ()),
    ]
    assert problems == []


def test_spans_point_into_the_sentence_without_its_markup(tmp_path: Path) -> None:
    (bundle,), _ = read(make_source(tmp_path, box(1, 1, 5, 5)))
    text = bundle.sentences[0].text
    assert text == "A child near it ."
    assert [text[g.start : g.end] for g in bundle.groundings] == ["A child", "it"]


_words = st.text(alphabet="abc xyz.,'()", min_size=1, max_size=12).filter(lambda s: s == s.strip())


@settings(deadline=None)
@given(st.lists(st.tuples(_words, st.one_of(st.none(), st.integers(0, 999))), min_size=1, max_size=6))
def test_markup_and_plain_text_are_inverse(parts: list[tuple[str, int | None]]) -> None:
    line = " ".join(text if chain is None else f"[/EN#{chain}/people {text}]" for text, chain in parts)
    plain, spans = parse_sentence(line)
    assert plain == " ".join(text for text, _ in parts)
    assert [(plain[a:b], int(chain)) for a, b, chain, _ in spans] == [p for p in parts if p[1] is not None]


def test_empty_boxes_and_boxes_outside_are_reported_by_file_and_object(tmp_path: Path) -> None:
    (bundle,), problems = read(make_source(tmp_path, box(9, 9, 5, 20) + box(101, 1, 110, 5) + box(1, 1, 5, 5)))
    assert [(p.kind, p.where) for p in problems] == [
        ("boxes that are empty", "Annotations/7.xml, object 1"),
        ("boxes outside the photo", "Annotations/7.xml, object 2"),
    ]
    assert len(bundle.regions) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("this is no XML", "annotation files that are not XML"),
        (f"{HEAD}<object>", "annotation files that are not XML"),
        ("<annotation></annotation>", "annotation files that cannot be read"),
        (f"{HEAD}{box(1, 1, 5, 5).replace('>5<', '>five<')}</annotation>", "annotation files that cannot be read"),
        (f'<!DOCTYPE a [<!ENTITY b "c">]>{HEAD}</annotation>', "annotation files with a DTD"),
    ],
)
def test_a_bad_annotation_file_is_named_and_the_others_are_read(tmp_path: Path, content: str, kind: str) -> None:
    source = make_source(make_source(tmp_path), id_="8", objects=box(1, 1, 5, 5))
    (source / "Annotations" / "7.xml").write_text(content, encoding="utf-8")
    bundles, problems = read(source)
    assert [bundle.key for bundle in bundles] == ["8"]
    assert [(p.kind, p.where) for p in problems] == [(kind, "Annotations/7.xml")]


def test_annotations_without_sentences_are_reported(tmp_path: Path) -> None:
    source = make_source(tmp_path)
    (source / "Sentences" / "7.txt").unlink()
    bundles, problems = read(source)
    assert bundles == []
    assert [p.kind for p in problems] == ["annotation files without sentences"]


def test_a_chain_that_the_xml_does_not_have_is_reported(tmp_path: Path) -> None:
    _, problems = read(make_source(tmp_path, ""))
    assert [(p.kind, p.where) for p in problems] == [("chains that the XML does not have", "Sentences/7.txt, line 1")]


def test_a_chain_that_no_sentence_has_is_reported_and_its_box_kept(tmp_path: Path) -> None:
    marked = "[/EN#18/people Two men] .\n"
    (bundle,), problems = read(make_source(tmp_path, box(1, 1, 10, 10, names="18 19"), marked))
    assert len(bundle.regions) == 1
    assert [(p.kind, p.where) for p in problems] == [
        ("chains of the XML that no sentence has", "Annotations/7.xml, chain 19")
    ]


def test_a_folder_and_archives_of_it_give_the_same(tmp_path: Path) -> None:
    folder = make_source(tmp_path / "entities", box(1, 1, 5, 5))
    files = [path for path in folder.rglob("*") if path.is_file()]
    with tarfile.open(tmp_path / "e.tar.xz", "w:xz") as tar:
        for path in files:
            tar.add(path, Path("top") / path.relative_to(folder))
    with zipfile.ZipFile(tmp_path / "annotations.zip", "w") as zipped:
        for path in files:
            zipped.write(path, path.relative_to(folder))
    expected = read(folder)
    assert read(tmp_path / "e.tar.xz") == expected
    assert read(tmp_path / "annotations.zip") == expected


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        for name in ("../../Annotations/7.xml", "Sentences/7.txt"):
            content = f"{HEAD}</annotation>".encode() if name.endswith("xml") else b"plain .\n"
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    bundles, _ = read(tmp_path / "bad.tar")
    assert [bundle.key for bundle in bundles] == ["7"]
    assert not (tmp_path.parent / "Annotations").exists()


def test_a_truncated_archive_and_a_wrong_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no Annotations/ and Sentences/"):
        read(tmp_path)
    with tarfile.open(tmp_path / "e.tar.xz", "w:xz") as tar:
        tar.add(make_source(tmp_path / "entities"), "e")
    whole = (tmp_path / "e.tar.xz").read_bytes()
    (tmp_path / "e.tar.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"e.tar.xz is damaged"):
        read(tmp_path / "e.tar.xz")


def test_a_flickr8k_key_and_a_flickr30k_key_match_the_same_annotations() -> None:
    source = Flickr30kEntities(Flickr30kEntities.Options())
    assert source.match_key("1000268201_693b08cb0e") == source.match_key("1000268201") == "1000268201"
    assert source.match_key("train/1000268201_693b08cb0e") == "1000268201"


def test_the_real_entities_are_read_whole_from_their_archive(real_data: Path) -> None:
    bundles, problems = read(real_data / "flickr30k_entities")
    assert len(bundles) == 8091
    assert sum(len(bundle.regions) for bundle in bundles) == 52311
    assert sum(len(bundle.sentences) for bundle in bundles) == 40455
    assert sum(len(bundle.groundings) for bundle in bundles) == 125930
    several = sum(
        len({g.chain for g in bundle.groundings if region.key in g.regions}) > 1
        for bundle in bundles
        for region in bundle.regions
    )
    assert several == 4895  # of 4,897 that name several chains; in photo 1227655020 two name one that nobody says
    assert {problem.kind for problem in problems} == {"chains of the XML that no sentence has"}
    assert len(problems) == 39
    assert any("1227655020.xml, chain 5649" in problem.where for problem in problems)
    for bundle in bundles:
        for grounding in bundle.groundings:
            assert "[" not in bundle.sentences[grounding.sentence].text[grounding.start : grounding.end]
