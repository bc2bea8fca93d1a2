"""What the annotators of a campaign said of regions, as evaluation reads it, and the store that gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .records import Box, Image, Region
from .store import Store


@dataclass(frozen=True, slots=True)
class PersonPhrase:
    """A person's words for a box of theirs, in pixels of the photo on disk.

    `suggestion`: what a machine's suggestion had to do with it (accepted, edited), None where nothing had.
    """

    id: int
    annotator: str
    image_id: int
    region_id: int
    box: Box
    text: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The counted phrases of a campaign on one split: submitted and accepted ones, without practice images and without
    adjudicated phrases, which nobody wrote by themselves.

    done: (annotator, image id) of every image that was finished, one without any phrase too. shown: those of them on
    which the annotator saw suggestions. images: those that somebody has finished, in the split's order.
    """

    campaign: str
    dataset: str
    split: str
    images: Sequence[Image]
    phrases: Sequence[PersonPhrase]
    done: frozenset[tuple[str, int]]
    shown: frozenset[tuple[str, int]]
    fingerprint: str


class CollectedStore(Store, Protocol):
    """A store that also has people's phrases: what evaluation asks for."""

    def read_collected(self, dataset: str, split: str, campaign: str | None) -> Collected:
        """The phrases of a campaign; with None those of the only one that has any on this split. UserError where there
        is none, or several to choose from."""

    def read_regions(self, region_ids: Sequence[int]) -> dict[int, Region]:
        """Regions by id, of any region set, replaced ones too: runs keep the ids that they used."""
