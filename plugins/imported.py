"""Features that were computed elsewhere and imported by `vsa features import`, as an encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from pydantic import Field

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.errors import PluginError
from vsa_toolkit.feature_import import read_record
from vsa_toolkit.hookspecs import hookimpl
from vsa_toolkit.options import Options as BaseOptions

if TYPE_CHECKING:
    from PIL.Image import Image as Photo


class Imported(Encoder):
    """`-e name=NAME`: the vectors that were imported under that name. It computes nothing."""

    name = "imported"
    computes = False

    class Options(BaseOptions):
        name: str = Field(description="The name that was given to vsa features import.")

    def __init__(self, options: BaseOptions, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(options, device, dtype)
        self._record: dict[str, Any] = {}

    @classmethod
    def open(cls, options: BaseOptions, device: torch.device, dtype: torch.dtype, folder: Path) -> Self:
        made = cls(options, device, dtype)
        made._record = read_record(folder, str(options.name))  # type: ignore[attr-defined]
        return made

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """The encoder of features that are being imported."""
        made = cls(cls.Options(name=record["name"]), torch.device("cpu"), torch.float32)
        made._record = record
        return made

    @property
    def dimension(self) -> int:
        return int(self._record["dimension"])

    def spec(self) -> dict[str, Any]:
        return dict(self._record)

    def preprocess(self, photo: Photo) -> torch.Tensor:
        raise PluginError("encoder imported computes nothing: its vectors come from vsa features import.")

    def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
        raise PluginError("encoder imported computes nothing: its vectors come from vsa features import.")


@hookimpl
def vsa_encoders(register: Callable[[type[Encoder]], None]) -> None:
    register(Imported)
