"""Which encoder a piece of work uses: its name, options, how regions are pooled, and in which type it computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from .encoder import Encoder
from .options import parse_options
from .registry import registry


@dataclass(frozen=True)
class EncoderChoice:
    """Which encoder, with which options, pooled how (`roi-align` or `crop`), computed in which type."""

    name: str = "efficientnet-lite0"
    options: dict[str, Any] = field(default_factory=dict)
    mode: str = "roi-align"
    dtype: str = "float32"

    def load(self, folder: Path, device: torch.device) -> Encoder:
        """The encoder on a device, for the workspace at `folder`."""
        kind = registry().get("encoders", self.name)
        pairs = [f"{name}={value}" for name, value in self.options.items()]
        options = parse_options(kind.Options, pairs, owner=f"encoder {self.name}")
        encoder: Encoder = kind.open(options, device, getattr(torch, self.dtype), folder)
        return encoder

    def __str__(self) -> str:
        options = "".join(f" {name}={value}" for name, value in sorted(self.options.items()))
        dtype = "" if self.dtype == "float32" else f" {self.dtype}"
        return f"{self.name}{options} {self.mode}{dtype}"
