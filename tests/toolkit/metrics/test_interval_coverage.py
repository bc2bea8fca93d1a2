"""The benchmark of interval coverage, small: simulated data sets whose images are clusters."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[3] / "benchmarks" / "interval_coverage.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("interval_coverage", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_intervals_by_image_cover_the_truth_and_those_by_segment_are_too_narrow(benchmark):
    found = benchmark.coverage(sets=150, images=120, resamples=400, seed=5)
    for name, (by_image, by_segment) in found.items():
        if name.endswith("covered"):
            assert 0.90 <= by_image <= 0.99  # 95 % with a standard error of 1.8
            assert by_segment < 0.8
        else:
            assert by_image <= 0.12
            assert by_segment > 0.2
