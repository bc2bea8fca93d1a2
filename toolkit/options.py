"""Typed options: each plugin declares a pydantic model; `-o name=value` and `--options FILE.toml` fill it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import UserError, did_you_mean


class Options(BaseModel):
    """Base class of a plugin's options: unknown names are refused, values are validated, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, protected_namespaces=())


T = TypeVar("T", bound=Options)


def parse_options(model: type[T], pairs: Sequence[str] = (), file: Path | None = None, owner: str = "this plugin") -> T:
    """Options from `name=value` pairs, over those of a TOML file, over the defaults.

    Raises:
        UserError: an unknown name (with a suggestion), a value of the wrong type, a pair without `=`.
    """
    values: dict[str, Any] = read_options_file(file) if file else {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UserError(f"option {pair!r} must have the form name=value.")
        values[name.strip()] = None if value.strip().lower() in ("none", "null") else value.strip()
    return validate_options(model, values, owner)


def validate_options(model: type[T], values: Mapping[str, Any], owner: str) -> T:
    """The options that a mapping states; one clear sentence where it does not fit the model."""
    for name in values:
        if name not in model.model_fields:
            raise UserError(f"{owner} has no option {name!r}{did_you_mean(name, model.model_fields)}")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "options"
        raise UserError(f"option {where} of {owner}: {first['msg']} (got {first['input']!r}).") from error


def read_options_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"options file {path} cannot be read: {error}.") from error
