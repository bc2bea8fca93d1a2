"""Reading and writing of formats by name, and a workspace to do it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vsa_toolkit.db.workspace import Workspace, create_workspace
from vsa_toolkit.format import Format
from vsa_toolkit.records import ImageBundle, Problem
from vsa_toolkit.registry import registry

Read = Callable[..., tuple[list[ImageBundle], list[Problem]]]


@pytest.fixture
def make() -> Callable[..., Format]:
    """A format by its name, with options."""

    def act(name: str, **options: Any) -> Format:
        cls: type[Format] = registry().get("formats", name)
        return cls(cls.Options(**options))

    return act


@pytest.fixture
def read(make: Callable[..., Format]) -> Read:
    """What a format reads of a file, and what it reports."""

    def act(name: str, path: Path, **options: Any) -> tuple[list[ImageBundle], list[Problem]]:
        problems: list[Problem] = []
        return list(make(name, **options).read(path, problems.append)), problems

    return act


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One for all tests of a file: each uses datasets of its own."""
    with create_workspace(tmp_path_factory.mktemp("formats") / "workspace") as made:
        yield made


def write_photo(path: Path, size: tuple[int, int], number: int) -> None:
    """A photo that no other number has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (number % 256, number // 256 % 256, 99)).save(path)
