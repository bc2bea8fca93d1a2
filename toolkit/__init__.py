"""vsa: visual-semantic alignment. Collect region phrases, align words with regions, evaluate both.

The names below are what plugins and notebooks need; each is imported when it is first used, so that
`import vsa_toolkit` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Aligner": "backend",
    "Backend": "backend",
    "Captioner": "backend",
    "Context": "backend",
    "DataError": "errors",
    "DualEncoder": "backend",
    "Encoder": "encoder",
    "Examples": "backend",
    "Executor": "executor",
    "Format": "format",
    "Fragments": "backend",
    "LanguageModel": "backend",
    "Layout": "backend",
    "Metric": "metrics.metric",
    "Options": "options",
    "ParsedSentence": "parse",
    "PluginError": "errors",
    "Proposer": "proposer",
    "Ranker": "backend",
    "Requires": "backend",
    "Scoring": "backend",
    "TextMetric": "metrics.metric",
    "UserError": "errors",
    "VsaError": "errors",
    "hookimpl": "hookspecs",
    "open_workspace": "db.workspace",
    "score_matrix": "alignment",
}

__all__ = [
    "Aligner",
    "Backend",
    "Captioner",
    "Context",
    "DataError",
    "DualEncoder",
    "Encoder",
    "Examples",
    "Executor",
    "Format",
    "Fragments",
    "LanguageModel",
    "Layout",
    "Metric",
    "Options",
    "ParsedSentence",
    "PluginError",
    "Proposer",
    "Ranker",
    "Requires",
    "Scoring",
    "TextMetric",
    "UserError",
    "VsaError",
    "hookimpl",
    "open_workspace",
    "score_matrix",
    "__version__",
]

if TYPE_CHECKING:
    from vsa_toolkit.db.workspace import open_workspace

    from .alignment import score_matrix
    from .backend import (
        Aligner,
        Backend,
        Captioner,
        Context,
        DualEncoder,
        Examples,
        Fragments,
        LanguageModel,
        Layout,
        Ranker,
        Requires,
        Scoring,
    )
    from .encoder import Encoder
    from .errors import DataError, PluginError, UserError, VsaError
    from .executor import Executor
    from .format import Format
    from .hookspecs import hookimpl
    from .metrics.metric import Metric, TextMetric
    from .options import Options
    from .parse import ParsedSentence
    from .proposer import Proposer


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vsa_toolkit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vsa_toolkit.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
