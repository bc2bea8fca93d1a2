"""rnn: sentences word by word from a photo or a region, the image added at the first step (Karpathy and Li 2015)."""

from __future__ import annotations

from collections.abc import Callable

from vsa_toolkit.backend import Backend
from vsa_toolkit.hookspecs import hookimpl

from .backend import Rnn


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Rnn)
