"""What a format wrote, it reads back the same: for every two-way format, on made-up images."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from vsa_toolkit.format import Format
from vsa_toolkit.format_head import Head, formats_of
from vsa_toolkit.records import ImageBundle
from vsa_toolkit.registry import registry

from ..format_sources import WRITTEN as NAMES
from .bundles import bundles, essence, written_and_read


def make(name: str) -> Format:
    cls: type[Format] = registry().get("formats", name)
    return cls(cls.Options())


def test_every_two_way_format_is_tested_here() -> None:
    two_way = {
        row.name
        for row in registry().listings("formats")
        if registry().get("formats", row.name).write is not Format.write
    }
    assert two_way == {*NAMES, "flickr30k-entities"}


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=20)
@given(images=bundles())
def test_what_is_written_is_read_back(name: str, images: list[ImageBundle]) -> None:
    target = make(name)
    if name == "flickr30k":  # a photo without sentences has no line, and splits have none at all
        images = [image for image in images if image.sentences]
    if not images:
        return
    with tempfile.TemporaryDirectory() as folder:
        read, problems = written_and_read(target, Path(folder) / NAMES[name], images)
    assert problems == []
    expected = [essence(image, target.holds) for image in images]
    found = [essence(image, target.holds) for image in read]
    if name == "flickr30k":
        expected = [image | {"split": None} for image in expected]
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=5)
@given(images=bundles())
def test_what_is_written_is_recognised_as_this_format_alone(name: str, images: list[ImageBundle]) -> None:
    images = [image for image in images if image.sentences and image.phrases]
    if not images:
        return
    with tempfile.TemporaryDirectory() as folder:
        written_and_read(make(name), Path(folder) / NAMES[name], images)
        assert formats_of(Head(Path(folder) / NAMES[name])) == [name]
