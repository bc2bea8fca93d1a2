"""Captions for photos that are in no dataset: whole ones, or boxes on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from . import checkpoint as files
from .boxes import clip
from .captioning import Said, can_describe, describe
from .compute import Compute
from .decoding import Decoding
from .encoder_choice import EncoderChoice
from .errors import DataError, UserError, VsaError
from .examples import build_examples
from .extraction import photo_vectors
from .features import feature_spec
from .photos import open_photo
from .pictures import draw_alignment
from .records import Box, CheckpointInfo, Image, Region, Sentence, SentenceAlignment, Split, WordAlignment
from .registry import registry
from .text import tokenise

if TYPE_CHECKING:
    from PIL.Image import Image as Photo


@dataclass(frozen=True)
class PhotoCaptions:
    """What was said of a photo: of the whole (box None), or of each box, xywh in its pixels as people see it."""

    photo: Photo
    file: Path
    said: Sequence[tuple[Box | None, Said]]

    def picture(self, title: str = "") -> Photo:
        """The photo with its boxes, and what was said of each in its colour."""
        boxes: list[Box] = [(0.0, 0.0, float(self.photo.width), float(self.photo.height))]
        boxes += [box for box, _ in self.said if box is not None]
        regions = [Region(number, 0, box, is_frame=number == 0) for number, box in enumerate(boxes)]
        sentences, alignments, number = [], [], 0
        for place, (box, said) in enumerate(self.said):
            number += box is not None
            sentences.append(Sentence(place, 0, place, said.text))
            tied = [WordAlignment(t.text, t.start, t.end, number if box else 0, 1.0) for t in tokenise(said.text)]
            alignments.append(SentenceAlignment(place, 0, tuple(tied)))
        return draw_alignment(self.photo, regions, sentences, alignments, title=title, legend=False)


class PhotoDescriber:
    """A checkpoint that describes photos, with the encoder that it was trained on."""

    def __init__(self, found: CheckpointInfo, folder: Path, compute: Compute) -> None:
        """
        Raises:
            UserError: it is not finished, its backend describes nothing, its encoder computes nothing from photos.
            DataError: its files are damaged or others, its encoder is not the one that it was trained on.
        """
        files.refuse_unfinished(found)
        files.refuse_other_weights(found)
        device = compute.torch_device()
        kind = registry().get("backends", found.backend)
        self._backend, self._layout = files.load_backend(kind, found.options, found.folder, device)
        if not can_describe(kind):
            raise UserError(f"backend {found.backend!r} describes neither photos nor regions; rnn and nearest do.")
        choice = EncoderChoice(**found.provenance["encoder"])
        self._encoder, self._mode = choice.load(folder, device), choice.mode
        if not self._encoder.computes:
            raise UserError(
                f"checkpoint {found.id} was trained on imported features: nothing computes those of another photo."
            )
        files.refuse_other_features(found, feature_spec(self._encoder, self._mode))
        self._seed = compute.seed

    def captions(self, file: Path, boxes: Sequence[Box] = (), how: Decoding | None = None) -> PhotoCaptions:
        """Of the whole photo, or of each box (xywh, pixels of the photo as people see it).

        Raises:
            UserError: a box that is none, or outside the photo; boxes, where features are of whole photos.
            DataError: the photo cannot be read.
        """
        photo = open_photo(file)
        image = Image(0, file.name, file, "", photo.width, photo.height)
        if boxes and self._mode == "frame":
            raise UserError("this checkpoint was trained on features of whole photos: it cannot describe boxes.")
        try:
            inside = [clip(box, photo.size) for box in boxes]
        except DataError as error:
            raise UserError(f"{file.name}: {error}.") from error
        frame: Box = (0.0, 0.0, float(photo.width), float(photo.height))
        regions = [Region(n, 0, box, is_frame=n == 0) for n, box in enumerate([frame, *inside])]
        vectors = photo_vectors(self._encoder, image, photo, [r.box for r in regions], self._mode)
        split = Split("", "", "", [image], (), regions, (), "")
        features = build_examples(split, vectors[None], torch.tensor([len(regions)]), self._layout).features[0]
        generator = torch.Generator(self._backend.device).manual_seed(self._seed)
        said = describe(self._backend, features[1:] if inside else features[:1], how or Decoding(), generator)
        described: Sequence[Box | None] = inside or [None]
        return PhotoCaptions(photo, file, list(zip(described, said, strict=True)))


def newest_describer(checkpoints: Sequence[CheckpointInfo]) -> CheckpointInfo:
    """The newest finished checkpoint, of those from old to new, whose backend describes photos.

    Raises:
        UserError: there is none.
    """
    for found in reversed(checkpoints):
        if found.state == "finished" and _describes(found.backend):
            return found
    raise UserError("no checkpoint describes photos yet: vsa train --backend rnn makes one.")


def _describes(backend: str) -> bool:
    try:
        return can_describe(registry().get("backends", backend))
    except VsaError:  # a plugin that is no longer installed, or broken
        return False
