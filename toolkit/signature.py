"""The line that says exactly how one row of a table was computed: `protocol:retrieval|images:1000|…|vsa:0.1.0`."""

from __future__ import annotations

from collections.abc import Sequence

from . import __version__

Value = str | int | float | bool | None

_ESCAPES = {"%": "%25", "|": "%7C", "\n": "%0A"}


def signature(**fields: Value) -> str:
    """A signature of `name:value` fields in the order given, ended by the version of vsa; None is left out.

    Everything that changes a figure belongs in it. A name ends at the first colon, so values may hold colons.
    """
    stated = {name: value for name, value in fields.items() if value is not None} | {"vsa": __version__}
    return "|".join(f"{name}:{_text(value)}" for name, value in stated.items())


def read_signature(text: str) -> dict[str, str]:
    """The fields of a signature: the inverse of `signature`, all values as text."""
    fields = dict(part.split(":", 1) for part in text.split("|"))
    return {name: _unescape(value) for name, value in fields.items()}


def stating(text: str, **fields: Value) -> str:
    """A signature that states more."""
    stated: dict[str, Value] = {name: value for name, value in read_signature(text).items() if name != "vsa"}
    return signature(**stated | fields)


def joint_signature(texts: Sequence[str]) -> str:
    """One line for a mean over several rows: fields that differ list all their values."""
    fields = [read_signature(text) for text in texts]
    named = dict.fromkeys(name for row in fields for name in row if name != "vsa")
    joint = {name: ",".join(dict.fromkeys(row.get(name, "none") for row in fields)) for name in named}
    return signature(**joint, mean_of=len(texts))


def shared_and_own(texts: Sequence[str]) -> tuple[str, list[str]]:
    """What all signatures state alike, and what each states beside it; `|` joins the two to the whole again."""
    parts = [text.split("|") for text in texts]
    shared = [part for part in parts[0] if all(part in others for others in parts)] if len(parts) > 1 else []
    return "|".join(shared), ["|".join(part for part in own if part not in shared) for own in parts]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def _unescape(text: str) -> str:
    for character, escape in reversed(_ESCAPES.items()):
        text = text.replace(escape, character)
    return text
