from __future__ import annotations

import pytest

from vsa_toolkit import Backend
from vsa_toolkit.testing import check_plugin, conformance

from . import small_backends as small

FAULTS = {
    small.LeaksBatchStatistics: "batch",
    small.TransposesScores: "score-matrix",
    small.IgnoresTheMask: "padding",
    small.ForgetsTheEnd: "end",
    small.DropsUnknownWords: "unknown-words",
    small.IsNotDeterministic: "seed",
    small.StaysOnItsDevice: "device",
    small.MutatesItsInput: "input-unchanged",
    small.LosesState: "round-trip",
    small.ReadsOtherSentences: "no-leakage",
}


@pytest.mark.parametrize(
    "sound",
    [small.SmallEncoder, small.SmallAligner, small.SmallRanker, small.SmallLanguageModel],
    ids=lambda b: b.__name__,
)
def test_a_sound_backend_fails_nothing(sound: type[Backend]) -> None:
    outcomes = list(check_plugin("backends", "small", thing=sound))
    assert [(o.name, o.detail, o.trace) for o in outcomes if o.state == "failed"] == []
    assert sum(o.state == "passed" for o in outcomes) >= 14


@pytest.mark.parametrize("broken", FAULTS, ids=lambda b: b.__name__)
def test_each_fault_is_found_by_its_check_and_by_no_other(broken: type[Backend]) -> None:
    outcomes = list(check_plugin("backends", "small", thing=broken))
    assert [o.name for o in outcomes if o.state == "failed"] == [FAULTS[broken]]


test_one_line_in_a_plugins_tests_is_a_test_for_each_check = conformance("backends", "small", thing=small.SmallEncoder)
