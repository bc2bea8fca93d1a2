"""Where and how to compute."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .errors import UserError


@dataclass(frozen=True)
class Compute:
    """Where and how to compute. `dtype` is that of matrix products in training; scoring is always in float32."""

    device: str = "auto"
    dtype: str = "auto"
    batch_size: int = 32
    seed: int = 0

    def torch_device(self) -> torch.device:
        if self.device == "cuda" and not torch.cuda.is_available():
            raise UserError("--device cuda: there is no usable GPU here; --device auto takes the CPU.")
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)

    def torch_dtype(self) -> torch.dtype | None:
        dtype: torch.dtype | None = None if self.dtype == "auto" else getattr(torch, self.dtype)
        return dtype
