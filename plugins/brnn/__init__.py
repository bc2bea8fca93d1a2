"""The bidirectional recurrent alignment model of Karpathy and Li, as in the paper and as one would train it today.

`options` names every choice and holds the two presets; `regions`, `words` and `recurrence` are the equations of
section 3.1; `network` puts them together into a score; `objective` is what a batch costs; `backend` trains it and hands
it to the toolkit. `edges` and `fragment_cost` are what `deptree` and `defrag` have for words and beside ranking.
"""

from __future__ import annotations

from collections.abc import Callable

from vsa_toolkit.backend import Backend
from vsa_toolkit.hookspecs import hookimpl

from .backend import Brnn
from .options import BrnnOptions

__all__ = ["Brnn", "BrnnOptions", "vsa_backends"]


@hookimpl
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    register(Brnn)
