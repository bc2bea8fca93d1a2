from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.errors import DataError

from .conftest import Read

# As CVAT 2 exports it, cut down.
FILE = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>4</id><name>dogs</name><owner><username>boss</username><email></email></owner>
    <assignee><username>ann</username><email>a@example.org</email></assignee></task><dumped>now</dumped></meta>
  <image id="0" name="train/dog.jpg" subset="train" width="600" height="400">
    <box label="dog" source="manual" occluded="0" xtl="60.50" ytl="100.00" xbr="360.50" ybr="150.25" z_order="0">
      <attribute name="phrase">a brown &lt;dog&gt;</attribute>
      <attribute name="age"></attribute>
    </box>
    <polygon label="cat" points="1.0,2.0;9.0,2.0;5.0,7.5" z_order="0"></polygon>
    <ellipse label="ball" cx="50" cy="60" rx="10" ry="20" z_order="0"></ellipse>
    <box label="dog" xtl="90" ytl="95" xbr="110" ybr="105" rotation="90.00"></box>
    <tag label="sentence" source="manual"><attribute name="text">A dog and a cat.</attribute></tag>
  </image>
  <image id="1" name="empty.jpg" width="600" height="400"></image>
</annotations>
"""


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_boxes_attributes_and_tags(tmp_path: Path, read: Read) -> None:
    (image, empty), problems = read("cvat", write(tmp_path / "a.xml", FILE))
    assert image.file
    assert (image.key, image.file.split, image.frame) == ("train/dog", "train", (600, 400))
    assert [s.text for s in image.sentences] == ["A dog and a cat."]
    assert [(r.key, r.label) for r in image.regions] == [("0", "dog"), ("1", "cat"), ("2", "ball"), ("3", "dog")]
    boxes = [region.box for region in image.regions]
    assert boxes[0] == (60.5, 100, 300, 50.25)
    assert boxes[1:3] == [(1, 2, 8, 5.5), (40, 40, 20, 40)]
    assert boxes[3] == pytest.approx((95, 90, 10, 20))
    assert [(p.region, p.text, p.annotator) for p in image.phrases] == [("0", "a brown <dog>", "ann")]
    assert empty.regions == ()
    assert [(p.kind, p.where) for p in problems] == [
        ("shapes other than upright boxes", f"a.xml, line {line}") for line in (11, 12, 13)
    ]


def test_what_cannot_be_read_is_named_by_its_line(tmp_path: Path, read: Read) -> None:
    images = """
  <image id="0" name="a.jpg" width="10" height="10">
    <box label="dog" xtl="one" ytl="1" xbr="2" ybr="2"></box>
    <points label="dog" points="1,2"></points>
    <tag label="blurred"></tag>
  </image>
  <image id="1" width="10" height="10"></image>
  <image id="2" name="b.jpg" width="-1" height="10"></image>"""
    (image,), problems = read("cvat", write(tmp_path / "a.xml", f"<annotations>{images}</annotations>"))
    assert image.regions == ()
    assert [(p.where, p.detail) for p in problems] == [
        ("a.xml, line 3", "xtl is 'one', not a number"), ("a.xml, line 4", "<points> has no box"),
        ("a.xml, line 5", "blurred"), ("a.xml, line 7", ""),
        ("a.xml, line 8", "width and height are -1 and 10: both must be above 0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (FILE[: len(FILE) // 2], r"a\.xml, line \d+, is no valid XML: it is truncated"),
        ("", "is no valid XML: it is truncated"),
        (FILE.replace("</polygon>", "</box>"), r"a\.xml, line 11, is no valid XML: mismatched tag"),
        (f'<!DOCTYPE a [<!ENTITY b "cc">]>{FILE.partition("?>")[2]}', "has a DTD: it is refused, for safety"),
        ("<annotations></annotations>", "has no images: it is no file of CVAT for images 1.1"),
        ("<annotations><track id='0'></track></annotations>", "line 1, is of a video"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_sentence(
    tmp_path: Path, read: Read, content: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read("cvat", write(tmp_path / "a.xml", content))


def test_an_element_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsa_toolkit.plugins.formats import xml_stream

    monkeypatch.setattr(xml_stream, "LARGEST", 1000)
    with pytest.raises(DataError, match=r"<image> has more than 0 MB, which no such file has"):
        read("cvat", write(tmp_path / "a.xml", f"<annotations><image name='a'>{'<box/>' * 1000}"))
