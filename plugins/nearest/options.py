"""The options of nearest."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vsa_toolkit.options import Options


class NearestOptions(Options):
    train_on: Literal["frame", "regions"] = Field(
        "frame", description="photos and their sentences, or the regions and snippets of an alignment run (--from-run)"
    )
    consensus: int = Field(
        1, ge=1, description="so many nearest photos; of all their sentences the one that is most like the others"
    )
    most_alike: int | None = Field(
        75, ge=1, description="it is compared with so many of the others, those most like it (none: with all)"
    )
    distance: Literal["l2", "cosine"] = Field("l2", description="between the features of photos")
    min_words: int = Field(2, ge=1, description="shorter snippets are left out (train_on=regions)")
    min_count: int = Field(5, ge=1, description="snippets that came fewer times are left out (train_on=regions)")
    length_power: float = Field(
        0.5, ge=0, description="a snippet's summed score is divided by its words to this power; 0: the plain sum"
    )
