"""A plugin by kind and name through the checks of its kind: as outcomes, or as a test function for pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..options import parse_options
from ..registry import KINDS, registry
from .checks import Check, Outcome, run_checks


def check_plugin(
    kind: str, name: str, pairs: Sequence[str] = (), source: Path | None = None, thing: type[Any] | None = None
) -> Iterator[Outcome]:
    """The checks of a plugin, one after the other.

    kind: "backends", "encoders", "proposers", "formats", "metrics" or "executors". pairs: options as `name=value`; for
    a backend such that it trains in seconds. source: a small source for a format. thing: the class, where it is not
    registered.

    Raises:
        UserError: no such kind or name, an option that it does not have.
    """
    checks, subject = _subject(kind, name, pairs, source, thing)
    yield from run_checks(checks, subject)


def conformance(
    kind: str, name: str, *pairs: str, source: Path | None = None, thing: type[Any] | None = None
) -> Callable[..., None]:
    """A test function that pytest runs once for each check; arguments as those of `check_plugin`.

    A check that does not apply, or hangs on one that failed, is skipped with its reason.
    """
    import pytest

    outcomes: dict[str, Outcome] = {}

    @pytest.mark.parametrize("name_of_check", [check.name for check in kit(kind)])
    def test_conforms(name_of_check: str) -> None:
        if not outcomes:
            outcomes.update({found.name: found for found in check_plugin(kind, name, pairs, source, thing)})
        found = outcomes[name_of_check]
        if found.state == "left out":
            pytest.skip(found.detail)
        if found.state == "failed":
            pytest.fail(f"{found.says} {found.detail}\n{found.trace}", pytrace=False)

    return test_conforms


def kit(kind: str) -> Sequence[Check[Any]]:
    """The checks of a kind."""
    if kind == "backends":
        from .backend_answers import ANSWERS
        from .backend_fitting import FITTING

        return [*FITTING, *ANSWERS]
    if kind == "encoders":
        from .encoders import ENCODER_CHECKS

        return ENCODER_CHECKS
    if kind == "proposers":
        from .proposers import PROPOSER_CHECKS

        return PROPOSER_CHECKS
    if kind == "formats":
        from .formats import FORMAT_CHECKS

        return FORMAT_CHECKS
    if kind == "metrics":
        from .metrics import METRIC_CHECKS

        return METRIC_CHECKS
    if kind == "executors":
        from .executors import EXECUTOR_CHECKS

        return EXECUTOR_CHECKS
    raise UserError(f"there are no checks for {kind!r}: {', '.join(KINDS)} have some.")


def _subject(
    kind: str, name: str, pairs: Sequence[str], source: Path | None, thing: type[Any] | None
) -> tuple[Sequence[Check[Any]], Any]:
    from .backend_subject import BackendSubject
    from .encoders import EncoderSubject
    from .executors import ExecutorSubject
    from .formats import FormatSubject
    from .metrics import MetricSubject
    from .proposers import ProposerSubject

    checks = kit(kind)
    found = thing or registry().get(kind, name)
    options = parse_options(found.Options, pairs, owner=f"{KINDS[kind].singular} {name}")
    if kind == "formats":
        return checks, FormatSubject(found, options, source)
    subjects: dict[str, Callable[..., Any]] = {
        "backends": BackendSubject,
        "encoders": EncoderSubject,
        "proposers": ProposerSubject,
        "metrics": MetricSubject,
        "executors": ExecutorSubject,
    }
    return checks, subjects[kind](found, options)
