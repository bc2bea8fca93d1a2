"""The errors that vsa raises on purpose; everything else is a bug."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VsaError(Exception):
    """The work failed. The message names the thing, the place and the way out (exit code 1)."""

    exit_code = 1


class UserError(VsaError):
    """Wrong use: an unknown name, an option out of range (exit code 2)."""

    exit_code = 2


class DataError(VsaError):
    """A file, a photo or a record that cannot be used as it is."""


class PluginError(VsaError):
    """A plugin that cannot be loaded or breaks its contract."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`". Did you mean 'brnn'?"` or the list of known names; made to end an error sentence."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f". Did you mean {close[0]!r}?"
    return f". Known: {', '.join(names)}." if names else "."
