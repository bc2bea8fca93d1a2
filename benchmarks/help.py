"""How long `vsa --help` takes beside `python -c "import click"`, in pairs; prints the median ratio.

python benchmarks/help.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    vsa = [str(Path(sys.executable).with_name("vsa")), "--help"]
    click = [sys.executable, "-c", "import click"]
    seconds(vsa), seconds(click)
    pairs = [(seconds(vsa), seconds(click)) for _ in range(RUNS)]
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    print(f"vsa --help           {1000 * statistics.median(ours for ours, _ in pairs):6.0f} ms (median of {RUNS})")
    print(f"import click         {1000 * statistics.median(theirs for _, theirs in pairs):6.0f} ms")
    print(f"ratio, pair by pair  {statistics.median(ratios):6.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
