"""METEOR needs Java and 2 GB of memory: these tests run where VSA_TEST_JAVA=1."""

from __future__ import annotations

import os
import shutil

import pytest

from vsa_toolkit.errors import UserError
from vsa_toolkit.metrics.segments import Segment
from vsa_toolkit.plugins import meteor

SEGMENTS = [
    Segment("1", "A dog is running .", ("a dog runs fast", "the dog is running quickly"), "a"),
    Segment("2", "a cat sleeps on the red mat", ("two cats sit here", "two cats sleep on it"), "b"),
    Segment("3", "someone rides", ("a man rides a horse",), "c"),
]


@pytest.fixture
def _java() -> None:
    if os.environ.get("VSA_TEST_JAVA") != "1":
        pytest.skip("VSA_TEST_JAVA is not 1: METEOR's Java program is not run")


@pytest.mark.usefixtures("_java")
def test_it_scores_as_pycocoevalcap_does():
    from pycocoevalcap.meteor.meteor import Meteor as Peer

    texts = {s.id: [s.text.lower().replace(" .", "")] for s in SEGMENTS}
    whole, parts = Peer().compute_score({s.id: list(s.references) for s in SEGMENTS}, texts)
    counted = meteor.Meteor().count(SEGMENTS)
    assert counted.segment_scores()["meteor"] == pytest.approx([100 * part for part in parts])
    value = counted.score(resamples=50).values["meteor"]
    assert value.value == pytest.approx(100 * whole)
    assert value.low < value.value < value.high


def test_without_java_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pycocoevalcap", reason="pycocoevalcap is not installed")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    meteor._program.cache_clear()
    with pytest.raises(UserError, match="METEOR needs Java"):
        meteor.Meteor().count(SEGMENTS)


def test_without_pycocoevalcap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(meteor.importlib.util, "find_spec", lambda name: None)
    meteor._program.cache_clear()
    with pytest.raises(UserError, match="pip install pycocoevalcap"):
        meteor.Meteor().count(SEGMENTS)
