"""In which type matrix products are made while training, and where a sum over many words needs no more."""

from __future__ import annotations

import torch


def precision(wanted: torch.dtype | None, device: torch.device) -> torch.dtype:
    """What was asked for, else bfloat16 where the processor has products of it (AVX-512 BF16, and AMX, on a CPU)."""
    if wanted is not None:
        return wanted
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def products(dtype: torch.dtype, device: torch.device) -> torch.autocast:
    """A context in which matrix products are made in `dtype`."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)
