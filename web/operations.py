"""Operations as the page sends them: JSON, checked field by field, into frozen dataclasses."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vsa_toolkit.errors import UserError, did_you_mean
from vsa_toolkit.records import Box

NEEDS: dict[str, tuple[str, ...]] = {
    "add": ("text", "box"),
    "edit": ("phrase", "text"),
    "move": ("phrase", "box"),
    "delete": ("phrase",),
    "undo": (),
    "redo": (),
    "submit": (),
    "skip": ("reason",),
    "seen": ("suggestions",),
    "ignore": ("suggestion",),
}
"""What each kind of operation must say."""

MAY_SAY: dict[str, tuple[str, ...]] = {
    "add": ("suggestion",), "edit": ("version",), "move": ("version",), "delete": ("version",), "submit": ("reason",),
}  # fmt: skip

LONGEST_PHRASE = 1000
LONGEST_REASON = 1000
"""Characters."""

MOST_OPERATIONS = 100
"""In one request."""

_ID = re.compile(r"[\w-]{8,64}", re.ASCII)
_ID_RULE = "must have 8 to 64 letters, digits, - and _."
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Operation:
    """One change that an annotator made; `op_id` is the client's and makes a repeat harmless.

    `phrase` is a phrase's number, or the op_id of the `add` that made it.
    """

    op_id: str
    kind: str
    phrase: int | str | None = None
    text: str | None = None
    box: Box | None = None
    reason: str | None = None
    seconds: float | None = None
    version: int | None = None
    suggestion: int | None = None
    suggestions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An operation of a batch that says something wrong; the others are carried out."""

    op_id: Any
    sentence: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations in the order in which they are to be done, each with its image."""

    operations: tuple[tuple[int, Operation] | Unreadable, ...]
    scope: str | None = None
    client: str | None = None
    next: bool = False


def read_operation(body: bytes, version: str | None = None) -> Operation:
    """The operation in a request's body; `version` is its If-Match header.

    Raises:
        UserError: it is no JSON, or a field is missing or of the wrong kind.
    """
    given = read_object(body)
    if version is not None:
        given.setdefault("version", _tag(version))
    return _operation(given)


def read_batch(body: bytes) -> Batch:
    """The batch in a request's body.

    Raises:
        UserError: it is none, or it is too long.
    """
    given = read_object(body)
    operations = given.get("operations")
    if not isinstance(operations, list):
        raise UserError("operations must be a list.")
    if len(operations) > MOST_OPERATIONS:
        raise UserError(f"A request has at most {MOST_OPERATIONS} operations; this one has {len(operations)}.")
    scope = given.get("scope")
    if scope is not None and not isinstance(scope, str):
        raise UserError("scope must be a string.")
    return Batch(tuple(map(_item, operations)), scope, read_client(given.get("client")), given.get("next") is True)


def read_client(value: Any) -> str | None:
    """The id of a browser tab, if one is given."""
    if value is None:
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UserError(f"client {_ID_RULE}")
    return value


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body. Raises UserError where it is none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UserError("The body must be one JSON object.") from error
    if not isinstance(given, dict):
        raise UserError("The body must be one JSON object.")
    return given


def _item(given: Any) -> tuple[int, Operation] | Unreadable:
    if not isinstance(given, dict):
        return Unreadable(None, "An operation must be a JSON object.")
    try:
        return _number("image", given.get("image")), _operation(given)
    except UserError as error:
        op_id = given.get("op_id")
        return Unreadable(op_id if isinstance(op_id, str) else None, str(error))


def _operation(given: dict[str, Any]) -> Operation:
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in NEEDS:
        raise UserError(f"There is no operation {kind!r}{did_you_mean(str(kind), NEEDS)}")
    op_id = read_op_id(given)
    fields: dict[str, Any] = {name: _FIELDS[name](given.get(name)) for name in NEEDS[kind]}
    for name in MAY_SAY.get(kind, ()):
        if given.get(name) is not None:
            fields[name] = _FIELDS[name](given[name])
    return Operation(op_id, kind, **fields, seconds=_seconds(given.get("seconds")))


def read_op_id(given: dict[str, Any]) -> str:
    """The client's own id of an operation. Raises UserError where it is none."""
    op_id = given.get("op_id")
    if not isinstance(op_id, str) or not _ID.fullmatch(op_id):
        raise UserError(f"op_id {_ID_RULE}")
    return op_id


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_ID:
        raise UserError(f"{name} must be the number of {'an' if name[0] in 'aiou' else 'a'} {name}.")
    return value


def _phrase(value: Any) -> int | str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    if isinstance(value, str):
        raise UserError("phrase must be the number of a phrase, or the op_id of the add that made it.")
    return _number("phrase", value)


def _numbers(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= 500:
        raise UserError("suggestions must be a list of 1 to 500 numbers.")
    return tuple(_number("suggestion", each) for each in value)


def _tag(value: str) -> int:
    digits = value.strip().removeprefix("W/").strip('"')
    if not digits.isdecimal() or len(digits) > 18:
        raise UserError('If-Match must be a version in quotation marks, like "2".')
    return int(digits)


def read_phrase_text(value: Any) -> str:
    """A phrase's words. Raises UserError where there are none, or too many."""
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


def read_reason(value: Any) -> str:
    """Why an image is skipped or a phrase rejected."""
    reason = _text(value).strip()
    if not reason:
        raise UserError("An image is skipped with a reason: say it in a few words.")
    if len(reason) > LONGEST_REASON:
        raise UserError(f"A reason has at most {LONGEST_REASON:,} characters; this one has {len(reason):,}.")
    return reason


def read_box(value: Any) -> Box:
    """Four finite numbers; whether they are a box on the image is seen later."""
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


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "phrase": _phrase,
    "text": read_phrase_text,
    "box": read_box,
    "reason": read_reason,
    "version": lambda value: _number("version", value),
    "suggestion": lambda value: _number("suggestion", value),
    "suggestions": _numbers,
}
