"""SCAN: stacked cross attention between the words of a sentence and the regions of a photo.

`attention` is section 3 of the paper, `network` makes its vectors, `backend` trains it and hands it to the toolkit.
"""

from __future__ import annotations

from collections.abc import Callable

from vsa_toolkit.backend import Backend
from vsa_toolkit.hookspecs import hookimpl

from .backend import Scan
from .options import ScanOptions

__all__ = ["Scan", "ScanOptions", "vsa_backends"]


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Scan)
