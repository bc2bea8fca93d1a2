"""A check is a sentence about a plugin that either holds or does not; a kit is the checks of one kind, in order.

A check that needs another one to hold is left out where that one failed: so a fault shows up under one name.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

State = Literal["passed", "failed", "left out"]
Subject = TypeVar("Subject")


class CheckFailedError(AssertionError):
    """What a check found, in one sentence."""


class DoesNotApplyError(Exception):
    """Why a check says nothing of this plugin."""


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """`name` is what reports call it, `says` what must hold; `after` names the checks that must have held."""

    name: str
    says: str
    run: Callable[[Subject], None]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a check: `detail` is one sentence, `trace` where an exception came from."""

    name: str
    says: str
    state: State
    detail: str = ""
    trace: str = ""


Decorator = Callable[[Callable[[Any], None]], Callable[[Any], None]]


def add_to(kit: list[Check[Any]]) -> Callable[..., Decorator]:
    """A decorator `says(name, sentence, after=())` that adds functions to a kit, in the order of the file."""

    def says(name: str, text: str, after: Sequence[str] = ()) -> Decorator:
        def add(function: Callable[[Any], None]) -> Callable[[Any], None]:
            kit.append(Check(name, text, function, tuple(after)))
            return function

        return add

    return says


def run_checks(kit: Sequence[Check[Subject]], subject: Subject) -> Iterator[Outcome]:
    """Each check of a kit in order."""
    failed: set[str] = set()
    for one in kit:
        if missing := [name for name in one.after if name in failed]:
            failed.add(one.name)  # what hangs on it is left out as well
            yield Outcome(one.name, one.says, "left out", f"{missing[0]} did not hold")
            continue
        outcome = _run(one, subject)
        if outcome.state == "failed":
            failed.add(one.name)
        yield outcome


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckFailedError(otherwise)


def _run(one: Check[Subject], subject: Subject) -> Outcome:
    try:
        one.run(subject)
    except DoesNotApplyError as reason:
        return Outcome(one.name, one.says, "left out", str(reason))
    except CheckFailedError as error:
        return Outcome(one.name, one.says, "failed", str(error))
    except (Exception, SystemExit) as error:  # whatever a plugin raises is its failure, not ours
        detail = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        return Outcome(one.name, one.says, "failed", detail, traceback.format_exc())
    return Outcome(one.name, one.says, "passed")
