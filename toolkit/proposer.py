"""Proposers make regions: subclass `Proposer`, bring it with the hook `vsa_proposers`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from .options import Options as BaseOptions
from .records import RegionBox, Size

if TYPE_CHECKING:
    from PIL.Image import Image as Photo


class Proposer(ABC):
    """Makes up to `k` boxes for a photo. The frame region is the toolkit's to add, never a proposer's."""

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions

    def __init__(self, options: BaseOptions) -> None:
        self.options = options

    def digest(self) -> str:
        """What beside the options decides the boxes (a weights file's sha256); part of the region set's identity."""
        return ""

    @abstractmethod
    def propose(self, photo: Photo, frame: Size, k: int) -> list[RegionBox]:
        """At most `k` boxes in pixels of `photo`, best first, all inside it.

        `photo` is RGB, EXIF applied. `frame` is the width and height that the photo had before its file was
        resized (its own size where nothing else is known): a detector should see the photo in that aspect.
        """
