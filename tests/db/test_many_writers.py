"""The benchmark of many writers, small: nobody is turned away and nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_writers_in_many_processes_lose_nothing(engine: str, request: pytest.FixtureRequest) -> None:
    if engine == "postgresql":
        request.getfixturevalue("postgres_server")  # skips where none can start
    command = [sys.executable, "many_writers.py", "--writers", "5", "--seconds", "1", "--engine", engine]
    done = subprocess.run([*command, "--no-peer", "--json"], cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["operations"] > 5
    assert (row["lost"], row["refused"]) == (0, 0)
