"""Formats read (and write) other tools' files: subclass `Format`, bring it with the hook `vsa_formats`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from .options import Options as BaseOptions
from .records import ImageBundle, Problem

Report = Callable[[Problem], None]


class Format(ABC):
    """Streams a source as one `ImageBundle` an image.

    What is wrong with one item is reported and left out; what makes the whole source unusable raises `DataError`
    naming the file and what to do.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    creates_images: ClassVar[bool] = True
    """False for a format that only adds sentences, regions or groundings to images that a dataset already has."""

    def __init__(self, options: BaseOptions) -> None:
        self.options = options

    def root(self, path: Path) -> Path:
        """The folder that image paths are kept relative to."""
        return path

    def dataset_name(self, path: Path) -> str:
        """The dataset that images are put in where `--dataset` does not say."""
        return self.name

    def match_key(self, image_key: str) -> str:
        """What a bundle's key must equal to be about the image with this key; for a format that creates no images."""
        return image_key

    def count(self, path: Path) -> int | None:
        """How many images `read` will give, for the progress bar; None where that cannot be said cheaply."""
        return None

    @abstractmethod
    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        """The source, image by image; `report` takes what was left out or mended."""
