"""The hooks a plugin may implement, one a kind of thing it brings.

A plugin is a module (or one file, `vsa --plugin ./mine.py`) with functions marked `@hookimpl`. Each is given
`register`, and calls it once for each class that it brings; the toolkit owns names, order and duplicates.

A distribution announces its plugins by entry points, a group for each kind: in `vsa.backends`, the line
`brnn = "vsa_toolkit.plugins.brnn"` says that the module brings a backend named brnn. Listing reads this metadata
only; a module is imported when one of its names is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from .backend import Backend
    from .encoder import Encoder
    from .executor import Executor
    from .format import Format
    from .metrics.metric import Metric
    from .proposer import Proposer

API_VERSION = 1
"""Raised when a change of these hooks breaks plugins; a plugin may state `VSA_API = 1` to be checked against it."""

hookspec = pluggy.HookspecMarker("vsa")
hookimpl = pluggy.HookimplMarker("vsa")


@hookspec
def vsa_backends(register: Callable[[type[Backend]], None]) -> None:
    """Bring model backends: subclasses of `vsa_toolkit.Backend` that align, rank or describe."""


@hookspec
def vsa_encoders(register: Callable[[type[Encoder]], None]) -> None:
    """Bring encoders: subclasses of `vsa_toolkit.Encoder` that turn pixels into feature maps."""


@hookspec
def vsa_proposers(register: Callable[[type[Proposer]], None]) -> None:
    """Bring proposers: subclasses of `vsa_toolkit.Proposer` that make regions for an image."""


@hookspec
def vsa_formats(register: Callable[[type[Format]], None]) -> None:
    """Bring formats: subclasses of `vsa_toolkit.Format` that read or write other tools' files."""


@hookspec
def vsa_metrics(register: Callable[[type[Metric[Any]]], None]) -> None:
    """Bring metrics: subclasses of `vsa_toolkit.Metric` or `TextMetric` that score texts beside references."""


@hookspec
def vsa_executors(register: Callable[[type[Executor]], None]) -> None:
    """Bring executors: subclasses of `vsa_toolkit.Executor` that carry out vsa command lines, on a cluster say."""
