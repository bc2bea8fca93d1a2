"""What every encoder must keep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..encoder import Encoder
from ..options import Options
from .checks import Check, DoesNotApplyError, add_to, require
from .option_help import check_options
from .photos import odd_photos, photo

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

ENCODER_CHECKS: list[Check[EncoderSubject]] = []
says = add_to(ENCODER_CHECKS)


class EncoderSubject:
    """An encoder class with options, on the CPU."""

    def __init__(self, kind: type[Encoder], options: Options) -> None:
        self.kind, self.options = kind, options

    @cached_property
    def made(self) -> Encoder:
        if not self.kind.computes:
            raise DoesNotApplyError("it computes nothing: its vectors are imported")
        return self.make()

    def make(self, dtype: torch.dtype = torch.float32) -> Encoder:
        return self.kind.open(self.options, torch.device("cpu"), dtype, Path("/nowhere"))

    def maps(self, encoder: Encoder, photos: Sequence[Photo]) -> torch.Tensor:
        with torch.inference_mode():
            return encoder.feature_map(torch.stack([encoder.preprocess(one) for one in photos])).float()


@says("options", "Options have help; unknown ones are refused.")
def _options(subject: EncoderSubject) -> None:
    check_options(subject.kind)


@says("spec", "spec() is JSON, and equal for equal options.")
def _spec(subject: EncoderSubject) -> None:
    first, second = subject.made.spec(), subject.make().spec()
    require(json.loads(json.dumps(first)) == first, "spec() is not JSON as it stands")
    require(first == second, "two encoders with the same options have different specs")
    require(bool(first), "spec() is empty: equal specs must mean equal vectors")


@says("shapes", "A photo of any size becomes one input, a batch one map a photo.")
def _shapes(subject: EncoderSubject) -> None:
    encoder = subject.made
    inputs = [encoder.preprocess(one) for one in (photo(), photo(seed=1, size=(40, 90)))]
    require(
        inputs[0].shape == inputs[1].shape, f"preprocess gave {tuple(inputs[0].shape)} and {tuple(inputs[1].shape)}"
    )
    require(
        inputs[0].dim() == 3 and inputs[0].shape[0] == 3, f"preprocess gave {tuple(inputs[0].shape)}, not (3, S, S)"
    )
    found = subject.maps(encoder, [photo(), photo(seed=1)])
    require(
        found.dim() == 4 and tuple(found.shape[:2]) == (2, encoder.dimension),
        f"feature_map gave {tuple(found.shape)}, not (2, {encoder.dimension}, h, w)",
    )


@says("odd-photos", "A photo of one pixel, a long one and a grey one are encoded.", ["shapes"])
def _odd(subject: EncoderSubject) -> None:
    for name, one in odd_photos().items():
        require(
            bool(torch.isfinite(subject.maps(subject.made, [one])).all()), f"{name} gives numbers that are not finite"
        )


@says("determinism", "The same photo gives the same map, from another instance too.", ["shapes"])
def _determinism(subject: EncoderSubject) -> None:
    first = subject.maps(subject.made, [photo()])
    require(torch.equal(first, subject.maps(subject.made, [photo()])), "asked twice, it gives another map")
    require(torch.equal(first, subject.maps(subject.make(), [photo()])), "another instance gives another map")


@says("batch", "A photo's map does not depend on what else is in the batch.", ["determinism"])
def _batch(subject: EncoderSubject) -> None:
    alone, together = (subject.maps(subject.made, [photo(seed=s) for s in seeds])[-1] for seeds in ([2], [0, 1, 2]))
    scale = float(alone.abs().max()) or 1.0
    require(float((alone - together).abs().max()) <= 1e-3 * scale, "a photo's map depends on what else is in the batch")


@says("sees", "Different photos give different maps.", ["shapes"])
def _sees(subject: EncoderSubject) -> None:
    first, second = (subject.maps(subject.made, [photo(seed=seed)]) for seed in (0, 1))
    require(not torch.allclose(first, second), "two different photos give the same map")


@says("input-unchanged", "The batch that it is given stays as it was.", ["shapes"])
def _unchanged(subject: EncoderSubject) -> None:
    batch = torch.stack([subject.made.preprocess(photo())])
    before = batch.clone()
    with torch.inference_mode():
        subject.made.feature_map(batch)
    require(torch.equal(batch, before), "feature_map changed the batch that it was given")


@says("half", "bfloat16 gives nearly the same map by the same code.", ["shapes"])
def _half(subject: EncoderSubject) -> None:
    full, half = subject.maps(subject.made, [photo()]), subject.maps(subject.make(torch.bfloat16), [photo()])
    both = torch.stack([full.flatten(), half.flatten()])
    alike = float(torch.corrcoef(both)[0, 1]) if full.numel() > 1 and float(full.std()) > 0 else 1.0
    require(alike > 0.98, f"in bfloat16 its map is another (correlation {alike:.2f})")
