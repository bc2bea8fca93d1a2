"""nearest: what people said of the most similar training photo, or the training snippet that fits a region best."""

from __future__ import annotations

from collections.abc import Callable

from vsa_toolkit.backend import Backend
from vsa_toolkit.hookspecs import hookimpl

from .backend import Nearest


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Nearest)
