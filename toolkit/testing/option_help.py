"""What the options of a plugin of any kind must keep."""

from __future__ import annotations

from typing import Any

from ..errors import UserError
from ..options import parse_options
from .checks import CheckFailedError, require


def check_options(kind: type[Any]) -> None:
    """Every option has a help text, and a name that is no option is refused."""
    silent = [name for name, field in kind.Options.model_fields.items() if not field.description]
    require(not silent, f"without help, Field(…, description=…): {', '.join(silent)}")
    try:
        parse_options(kind.Options, ["no_such_option=1"])
    except UserError:
        return
    raise CheckFailedError("Options accept a name that they do not have: subclass vsa_toolkit.Options")
