"""Operations as the page sends them: JSON, checked field by field, into a frozen dataclass."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vsa_toolkit.errors import UserError, did_you_mean
from vsa_toolkit.records import Box

NEEDS = {
    "add": ("text", "box"),
    "edit": ("phrase", "text"),
    "move": ("phrase", "box"),
    "delete": ("phrase",),
    "undo": (),
    "submit": (),
    "skip": ("reason",),
}
"""What each kind of operation must say."""

LONGEST_PHRASE = 1000
LONGEST_REASON = 1000
"""Characters."""

_OPERATION_ID = re.compile(r"[\w-]{8,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operation:
    """One change that an annotator made; `op_id` is the client's and makes a repeat harmless."""

    op_id: str
    kind: str
    phrase: int | None = None
    text: str | None = None
    box: Box | None = None
    reason: str | None = None
    seconds: float | None = None


def read_operation(body: bytes) -> Operation:
    """The operation in a request's body.

    Raises:
        UserError: it is no JSON, or a field is missing or of the wrong kind.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UserError("The body must be one JSON object.") from error
    if not isinstance(given, dict):
        raise UserError("The body must be one JSON object.")
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in NEEDS:
        raise UserError(f"There is no operation {kind!r}{did_you_mean(str(kind), NEEDS)}")
    op_id = given.get("op_id")
    if not isinstance(op_id, str) or not _OPERATION_ID.fullmatch(op_id):
        raise UserError("op_id must have 8 to 64 letters, digits, - and _.")
    fields: dict[str, Any] = {name: _FIELDS[name](given.get(name)) for name in NEEDS[kind]}
    return Operation(op_id, kind, **fields, seconds=_seconds(given.get("seconds")))


def _phrase(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise UserError("phrase must be the number of a phrase.")
    return value


def _words(value: Any) -> str:
    words = _text(value).strip()
    if not words:
        raise UserError("A phrase needs words.")
    if len(words) > LONGEST_PHRASE:
        raise UserError(f"A phrase has at most {LONGEST_PHRASE:,} characters; this one has {len(words):,}.")
    return words


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UserError("text must be a string.")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can spell
        raise UserError("text has a character that is none.") from error
    return value


def _reason(value: Any) -> str:
    reason = _text(value).strip()
    if not reason:
        raise UserError("An image is skipped with a reason: say it in a few words.")
    if len(reason) > LONGEST_REASON:
        raise UserError(f"A reason has at most {LONGEST_REASON:,} characters; this one has {len(reason):,}.")
    return reason


def _box(value: Any) -> Box:
    if not isinstance(value, list) or len(value) != 4 or not all(_is_number(side) for side in value):
        raise UserError("box must be four numbers: x, y, width, height.")
    x, y, width, height = (float(side) for side in value)
    return (x, y, width, height)


def _seconds(value: Any) -> float | None:
    """How long it took; a clock that went wrong is no reason to refuse a phrase."""
    return float(value) if _is_number(value) and 0 <= value < 1e6 else None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


_FIELDS: dict[str, Callable[[Any], Any]] = {"phrase": _phrase, "text": _words, "box": _box, "reason": _reason}
