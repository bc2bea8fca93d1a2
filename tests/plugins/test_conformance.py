"""Everything that comes with the toolkit keeps what the toolkit counts on: each check of the kit is a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsa_toolkit.registry import registry
from vsa_toolkit.testing.checks import Outcome
from vsa_toolkit.testing.conformance import check_plugin, kit

from .format_sources import NAMES, make_source

QUICK = ("epochs=2", "min_count=2", "images=8")
SMALL = (*QUICK, "dimension=16")
OPTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("backends", "brnn"): (*SMALL, "global_dimension=16", "bottleneck=16"),
    ("backends", "deptree"): SMALL,
    ("backends", "defrag"): SMALL,
    ("backends", "sdt-rnn"): SMALL,
    ("backends", "bow"): SMALL,
    ("backends", "devise"): (*SMALL, "word_dimension=8"),
    ("backends", "uvse"): (*SMALL, "word_dimension=8"),
    ("backends", "vsepp"): (*SMALL, "word_dimension=8"),
    ("backends", "rnn"): (*QUICK, "hidden=16", "word_dimension=8"),
    ("backends", "mrnn"): (*QUICK, "epochs=20", "rate=0.01", "hidden=16", "word_dimension=8", "multimodal=16"),
    ("backends", "nearest"): ("consensus=3",),
    ("backends", "scan"): (*SMALL, "word_dimension=8"),
    ("encoders", "colour-texture"): (),
    ("encoders", "efficientnet-lite0"): ("size=64",),
    ("proposers", "grid"): (),
    ("proposers", "blobs"): (),
    ("proposers", "selective-search"): (),
    ("metrics", "bleu"): (),
    ("metrics", "chrf"): (),
    ("metrics", "cider"): (),
    ("metrics", "rouge"): (),
    ("metrics", "distinct"): (),
    ("metrics", "perplexity"): ("vocabulary=10",),
    ("executors", "here"): (),
    ("executors", "processes"): ("workers=2",),
    **{("formats", name): () for name in NAMES},
}
ELSEWHERE = {
    "imported": "it computes nothing",
    "torchvision": "needs weights: tests/plugins/test_torchvision_network.py",
    "faster-rcnn": "needs weights: tests/plugins/test_torchvision_detectors.py",
    "retinanet": "needs weights: tests/plugins/test_torchvision_detectors.py",
    "yolox-onnx": "needs a detector: tests/plugins/test_yolox_onnx.py",
    "copied": "needs training sentences: tests/toolkit/metrics",
    "meteor": "needs Java",
    "vsa-jsonl": "the database reads and writes it: tests/db",
    "release": "vsa release makes it: tests/db/test_release.py",
}
CASES = [
    pytest.param(plugin, check.name, id=f"{plugin[1]}-{check.name}") for plugin in OPTIONS for check in kit(plugin[0])
]
_FOUND: dict[tuple[str, str], dict[str, Outcome]] = {}


@pytest.mark.parametrize(("plugin", "name_of_check"), CASES)
def test_it_conforms(plugin: tuple[str, str], name_of_check: str, tmp_path: Path) -> None:
    if plugin not in _FOUND:
        source = make_source(plugin[1], tmp_path) if plugin[0] == "formats" else None
        _FOUND[plugin] = {outcome.name: outcome for outcome in check_plugin(*plugin, OPTIONS[plugin], source)}
    found = _FOUND[plugin][name_of_check]
    assert found.state != "failed", f"{found.says} {found.detail}\n{found.trace}"


def test_no_plugin_of_ours_is_forgotten() -> None:
    ours = {(row.kind, row.name) for row in registry().listings() if row.distribution == "vsa-toolkit"}
    tried = set(OPTIONS) | {(kind, name) for kind, name in ours if name in ELSEWHERE}
    assert ours - tried == set()
