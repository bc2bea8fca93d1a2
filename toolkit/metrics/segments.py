"""What a text metric scores: one hypothesis with its own references, matched by id and never by position.

Lists that are matched by position are cut silently to the shorter one, and a transposed matrix of references gives a
perfect score (mjpost/sacrebleu, issues 220 and 275). Here each segment brings its references, and what does not fit is
refused, saying which and how many.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """A text to be scored, its references, and the image that it is about (the unit of resampling)."""

    id: str
    text: str
    references: tuple[str, ...] = ()
    image: str | None = None


def pair(
    hypotheses: Mapping[str, str], references: Mapping[str, Sequence[str]], images: Mapping[str, str] | None = None
) -> list[Segment]:
    """The segments of plain dicts: id → text, id → references, id → image; in the order of the hypotheses.

    Raises:
        DataError: ids differ, a text is empty, a segment has no reference.
    """
    check_same_ids(hypotheses, references, "hypotheses", "references")
    if images is not None:
        check_same_ids(hypotheses, images, "hypotheses", "images")
    strings = [id for id, texts in references.items() if isinstance(texts, str)]
    if strings:
        raise DataError(f"{some(strings, len(references), 'segments')} one string as references: give a list of them.")
    segments = [
        Segment(str(id), text, tuple(references[id]), None if images is None else str(images[id]))
        for id, text in hypotheses.items()
    ]
    check_segments(segments)
    return segments


def check_segments(segments: Sequence[Segment], references: bool = True) -> None:
    """Refuse what would make a score wrong or meaningless.

    Raises:
        DataError: no segment, an id twice, a text or reference that is empty or no string, no reference.
    """
    if not segments:
        raise DataError("there is no segment to score.")
    check_unique([segment.id for segment in segments])
    total = len(segments)
    for reason, wrong in (
        ("a hypothesis that is no string", [s.id for s in segments if not isinstance(s.text, str)]),
        (
            "a reference that is no string",
            [s.id for s in segments if not all(isinstance(r, str) for r in s.references)],
        ),
    ):
        if wrong:
            raise DataError(f"{some(wrong, total, 'segments')} {reason}.")
    for reason, wrong in (
        ("an empty hypothesis: score them as they should count, or leave them out of both sides",
         [s.id for s in segments if not s.text.strip()]),
        ("no reference", [s.id for s in segments if references and not s.references]),
        ("an empty reference", [s.id for s in segments if not all(r.strip() for r in s.references)]),
    ):  # fmt: skip
        if wrong:
            raise DataError(f"{some(wrong, total, 'segments')} {reason}.")


def check_same_ids(one: Collection[str], other: Collection[str], first: str, second: str) -> None:
    """Refuse two sets of ids that differ, saying which and how many.

    Raises:
        DataError: an id is on one side only.
    """
    left, right = [id for id in one if id not in other], [id for id in other if id not in one]
    parts = [
        f"{len(missing)} of {len(whole)} ids of {names} have no {others} ({_listed(missing)})"
        for missing, whole, names, others in ((left, one, first, second), (right, other, second, first))
        if missing
    ]
    if parts:
        raise DataError(f"ids do not match: {', and '.join(parts)}.")


def check_unique(ids: Iterable[str]) -> None:
    """Refuse ids that come twice.

    Raises:
        DataError: an id is not unique.
    """
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for id in ids:
        if id in seen:
            twice[id] = None
        seen.add(id)
    if twice:
        raise DataError(f"{len(twice)} of {len(seen)} ids have more than one prediction ({_listed(list(twice))}).")


def some(ids: Sequence[str], total: int, what: str) -> str:
    """`3 of 100 segments ('a', 'b', 'c') have`: the beginning of a refusal."""
    verb = "has" if len(ids) == 1 else "have"
    return f"{len(ids)} of {total} {what} ({_listed(ids)}) {verb}"


def reference_counts(segments: Sequence[Segment]) -> str:
    """`5`, or `4–5` where segments have different numbers of references."""
    counts = {len(segment.references) for segment in segments}
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)}–{max(counts)}"


def read_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a JSON lines file with the place of each (`captions.jsonl, line 3`); blank lines are passed over.

    Raises:
        DataError: the file cannot be read, a line is no JSON object.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # splitlines would cut at U+2028 inside a string
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text: {error}.") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{where}: not JSON ({error}); one object a line is expected.") from error
        if not isinstance(record, dict):
            raise DataError(f"{where}: an object was expected, not {type(record).__name__}.")
        found.append((where, record))
    if not found:
        raise DataError(f"{path} has no line to score.")
    return found


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - _SHOWN
    return ", ".join(repr(id) for id in ids[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
