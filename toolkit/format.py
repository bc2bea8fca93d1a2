"""Formats read and write other tools' files: subclass `Format`, bring it with the hook `vsa_formats`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from .errors import UserError
from .options import Options as BaseOptions
from .records import ImageBundle, Problem

if TYPE_CHECKING:
    from .box_convention import BoxConvention
    from .format_head import Head

Report = Callable[[Problem], None]
SPLITS = {"train": "train", "val": "val", "dev": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of folders and files that say a split, as other tools spell them."""


@dataclass(frozen=True)
class Export:
    """What a format is given to write. `root`: the folder that the images' paths are relative to. `target`: the path
    that what is written will have in the end.

    `report` takes what the file cannot hold. The images come once, in order, and are never all in memory.
    """

    dataset: str
    root: Path
    target: Path
    images: Iterable[ImageBundle]
    report: Report


class Format(ABC):
    """Streams a source as one `ImageBundle` an image, and, where it has a `write`, the other way.

    What is wrong with one item is reported and left out; what makes the whole source unusable raises `DataError`
    naming the file and what to do.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    creates_images: ClassVar[bool] = True
    """False for a format that only adds sentences, regions or groundings to images that a dataset already has."""
    boxes: ClassVar[BoxConvention | None] = None
    """What the numbers of its boxes mean; None for a format without boxes."""
    holds: ClassVar[frozenset[str]] = frozenset()
    """Which of sentences, regions, groundings and phrases its files can hold; what an export leaves out is said."""
    writes_folder: ClassVar[bool] = False
    """True where an export is a folder, in which photos may lie too."""
    whole_workspace: ClassVar[bool] = False
    """True for vsa's own file of everything, which the database reads and writes itself."""

    def __init__(self, options: BaseOptions) -> None:
        self.options = options
        self.advance: Callable[[float], None] = lambda fraction: None
        """Called while reading with the fraction of the source that was read, for the progress bar."""

    @classmethod
    def goes_both_ways(cls) -> bool:
        """Whether `vsa export` can write it."""
        return cls.whole_workspace or cls.write is not Format.write

    @classmethod
    def recognises(cls, head: Head) -> bool | None:
        """Whether a file or folder is of this format, by its first bytes or its names; None where that is not said."""
        return None

    def root(self, path: Path) -> Path:
        """The folder that image paths are kept relative to."""
        return path

    def box_convention(self, path: Path) -> BoxConvention | None:
        """`boxes`, unless a file of the format says it itself."""
        return self.boxes

    def dataset_name(self, path: Path) -> str:
        """The dataset that images are put in where `--dataset` does not say."""
        return self.name

    def match_key(self, image_key: str) -> str:
        """What a bundle's key must equal to be about the image with this key, where it adds to images."""
        return image_key

    def count(self, path: Path) -> int | None:
        """How many images `read` will give, for the progress bar; None where that cannot be said cheaply."""
        return None

    @abstractmethod
    def read(self, path: Path, report: Report) -> Iterator[ImageBundle]:
        """The source, image by image; `report` takes what was left out or mended."""

    def write(self, path: Path, export: Export) -> None:
        """Make the file or folder `path`, which is not there yet, and which is renamed when it is whole.

        Raises:
            UserError: the format only reads.
        """
        raise UserError(f"format {self.name!r} reads only: it cannot be exported to.")


class LabelOptions(BaseOptions):
    """Options of a file with labels, whose photos lie elsewhere."""

    images: Path | None = Field(None, description="The folder that photo paths are relative to (default: the file's).")
    split: str | None = Field(None, description="The split of its images that state none.")


class PhraseOptions(LabelOptions):
    """Options of a file with labels that has people's phrases."""

    annotator: str | None = Field(None, description="Whose its phrases are, where it does not say (default: its name).")


class LabelFile(Format):
    """A format whose source is one file, with the photos in a folder beside it or in `images`."""

    Options: ClassVar[type[BaseOptions]] = LabelOptions

    @property
    def label_options(self) -> LabelOptions:
        assert isinstance(self.options, LabelOptions)
        return self.options

    def root(self, path: Path) -> Path:
        return self.label_options.images or (path if path.is_dir() else path.parent)

    @property
    def adds_where_it_can(self) -> bool:
        """Without a folder of photos it adds to the images of a dataset that is named and has its photos elsewhere."""
        return self.label_options.images is None


def image_key(path: str) -> str:
    """The key of an image whose photo has this path below its root: the path without its suffix.

    Formats that give paths agree on it, so that the labels of one tool meet the photos of another.
    """
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def exported_path(bundle: ImageBundle) -> str:
    """The path of an image's photo as exported files name it: from where its key begins, so that a reader gives it the
    same key. (Flickr8k's photos lie in images/, which is no part of their keys.)"""
    if bundle.file is None:
        return bundle.key
    path = bundle.file.path.as_posix()
    short = bundle.key + bundle.file.path.suffix
    return short if path.endswith(f"/{short}") else path
