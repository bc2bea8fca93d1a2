"""What every proposer must keep."""

from __future__ import annotations

import math
from functools import cached_property

from ..options import Options
from ..proposer import Proposer
from ..records import RegionBox
from .checks import Check, add_to, require
from .option_help import check_options
from .photos import odd_photos, photo

PROPOSER_CHECKS: list[Check[ProposerSubject]] = []
says = add_to(PROPOSER_CHECKS)


class ProposerSubject:
    """A proposer class with options."""

    def __init__(self, kind: type[Proposer], options: Options) -> None:
        self.kind, self.options = kind, options

    @cached_property
    def made(self) -> Proposer:
        return self.kind(self.options)


@says("options", "Options have help; unknown ones are refused.")
def _options(subject: ProposerSubject) -> None:
    check_options(subject.kind)


@says("boxes", "It gives at most k boxes, with keys of their own.")
def _boxes(subject: ProposerSubject) -> None:
    for k in (1, 5, 30):
        found = subject.made.propose(photo(), photo().size, k)
        require(len(found) <= k, f"it gave {len(found)} boxes where at most {k} were asked for")
        require(all(isinstance(region, RegionBox) for region in found), "it gave something that is no RegionBox")
        require(len({region.key for region in found}) == len(found), "two boxes have the same key")


@says("inside", "Boxes are x, y, width, height in pixels of the photo, inside it.", ["boxes"])
def _inside(subject: ProposerSubject) -> None:
    for size in ((120, 90), (50, 200)):
        for region in subject.made.propose(photo(size=size), size, 10):
            x, y, w, h = region.box
            require(
                all(math.isfinite(value) for value in region.box), f"box {region.box} has numbers that are not finite"
            )
            require(w > 0 and h > 0, f"box {region.box} has no area")
            inside = x >= -1 and y >= -1 and x + w <= size[0] + 1 and y + h <= size[1] + 1
            require(inside, f"box {region.box} leaves the photo of {size[0]} × {size[1]} pixels")


@says("order", "The first of many are those of few, the most confident first.", ["boxes"])
def _order(subject: ProposerSubject) -> None:
    few, many = (subject.made.propose(photo(), photo().size, k) for k in (3, 12))
    scores = [region.score for region in many if region.score is not None]
    require(scores == sorted(scores, reverse=True), "boxes with scores do not come in their order")
    if len(scores) == len(many):
        require([r.box for r in few] == [r.box for r in many[: len(few)]], "with a smaller k other boxes come first")


@says("determinism", "The same photo gives the same boxes, from another instance too.", ["boxes"])
def _determinism(subject: ProposerSubject) -> None:
    first = list(subject.made.propose(photo(), photo().size, 8))
    require(first == list(subject.made.propose(photo(), photo().size, 8)), "asked twice, it gives other boxes")
    other = subject.kind(subject.options)
    require(first == list(other.propose(photo(), photo().size, 8)), "another instance gives other boxes")
    require(other.digest() == subject.made.digest(), "two instances with the same options have different digests")


@says("frame", "A photo that was resized gets boxes in the pixels that it has now.", ["inside"])
def _frame(subject: ProposerSubject) -> None:
    for region in subject.made.propose(photo(size=(60, 60)), (240, 120), 10):
        x, y, w, h = region.box
        require(x + w <= 61 and y + h <= 61, f"box {region.box} is in the pixels of the frame, not of the photo")


@says("odd-photos", "A photo of one pixel, a long one and a grey one are no trouble.", ["boxes"])
def _odd(subject: ProposerSubject) -> None:
    for one in odd_photos().values():
        found = subject.made.propose(one, one.size, 5)
        require(len(found) <= 5, f"it gave {len(found)} boxes where at most 5 were asked for")


@says("input-unchanged", "The photo that it is given stays as it was.", ["boxes"])
def _unchanged(subject: ProposerSubject) -> None:
    given = photo()
    before = given.tobytes()
    subject.made.propose(given, given.size, 5)
    require(given.tobytes() == before, "it drew on the photo that it was given")
