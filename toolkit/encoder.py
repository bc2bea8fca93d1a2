"""Encoders turn pixels into vectors: subclass `Encoder`, bring it with the hook `vsa_encoders`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .options import Options as BaseOptions

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from PIL.Image import Image as Photo


class Encoder(ABC):
    """A convolutional network up to its last feature map.

    The toolkit pools the map: over a whole photo, over regions (roi-align), or over crops of regions (crop).
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    computes: ClassVar[bool] = True
    """False where the vectors come from elsewhere (`vsa features import`): then nothing is pooled or computed here."""

    @classmethod
    def open(cls, options: BaseOptions, device: torch.device, dtype: torch.dtype, folder: Path) -> Self:
        """The encoder for the workspace at `folder`; override where it needs to look there."""
        return cls(options, device, dtype)

    def __init__(self, options: BaseOptions, device: torch.device, dtype: torch.dtype) -> None:
        self.options = options
        self.device = device
        self.dtype = dtype

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length of a feature vector."""

    @abstractmethod
    def spec(self) -> dict[str, Any]:
        """Everything that decides the vectors: weights digest, layer, input size, resize filter, normalisation,
        code version. JSON values only; two encoders with equal specs give equal vectors."""

    @abstractmethod
    def preprocess(self, photo: Photo) -> torch.Tensor:
        """A photo (RGB, EXIF applied, any size) → (3, S, S) uint8 or float32. Runs in a worker thread on a
        CPU that the network keeps busy: leave arithmetic on pixels to `feature_map`."""

    @abstractmethod
    def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
        """(n, 3, S, S) as `preprocess` made them, on the encoder's device → (n, dimension, h, w)."""
