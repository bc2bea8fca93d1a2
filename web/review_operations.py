"""A reviewer's acts as the review page sends them: JSON, checked field by field, into a frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vsa_toolkit.errors import UserError, did_you_mean
from vsa_toolkit.records import Box

from .operations import LARGEST_ID, read_box, read_object, read_op_id, read_phrase_text, read_reason

KINDS = ("accept", "reject", "reopen", "adjudicate", "undo", "redo")
MOST_PHRASES = 1000
"""In one act."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One act of a reviewer. `versions`: those of the phrases that the reviewer saw."""

    op_id: str
    kind: str
    phrases: tuple[int, ...] = ()
    sources: tuple[int, ...] = ()
    reason: str | None = None
    text: str | None = None
    box: Box | None = None
    versions: dict[int, int] = field(default_factory=dict)


def read_judgement(body: bytes) -> Judgement:
    """The act in a request's body.

    Raises:
        UserError: it is no JSON, or a field is missing or of the wrong kind.
    """
    given = read_object(body)
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UserError(f"There is no act {kind!r}{did_you_mean(str(kind), KINDS)}")
    fields: dict[str, Any] = {}
    if kind in ("accept", "reject", "reopen"):
        fields["phrases"] = _numbers("phrases", given.get("phrases"))
    if kind == "reject":
        fields["reason"] = read_reason(given.get("reason"))
    if kind == "adjudicate":
        fields["sources"] = _numbers("sources", given.get("sources"))
        fields["text"] = read_phrase_text(given.get("text"))
        fields["box"] = read_box(given.get("box"))
    return Judgement(read_op_id(given), kind, versions=_versions(given.get("versions")), **fields)


def _numbers(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_PHRASES or not all(map(_is_id, value)):
        raise UserError(f"{name} must be a list of phrases' numbers.")
    return tuple(value)


def _versions(value: Any) -> dict[int, int]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_PHRASES:
        raise UserError("versions must be an object: a version by each phrase's number.")
    versions = {}
    for number, version in value.items():
        if not (number.isascii() and number.isdecimal()) or len(number) > 18 or not _is_id(version):
            raise UserError("versions must be an object: a version by each phrase's number.")
        versions[int(number)] = version
    return versions


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID
