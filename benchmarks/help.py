"""How long `vsa --help` takes, in pairs: beside `python -c "import click"`, or with plugins installed beside none.

python benchmarks/help.py
python benchmarks/help.py --plugins 30   # each of them imports torch
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VSA = [str(Path(sys.executable).with_name("vsa")), "--help"]


def seconds(command: list[str], path: Path | None = None) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = str(path)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def install_dummies(folder: Path, count: int) -> None:
    """Distributions as pip leaves them, each with one backend whose module imports torch."""
    for number in range(count):
        name = f"dummy_{number}"
        (folder / f"{name}.py").write_text("import torch\n")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vsa.backends]\ndummy-{number} = {name}\n")


def are_seen(folder: Path, count: int) -> bool:
    """Whether vsa lists them: what is not found costs nothing either."""
    shown = subprocess.run(
        [VSA[0], "plugins", "list", "--format", "csv"], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    ).stdout  # fmt: skip
    return sum(",dummy-" in line for line in shown.splitlines()) == count


def compare(ours: tuple[str, list[str], Path | None], theirs: tuple[str, list[str], Path | None], runs: int) -> None:
    seconds(*ours[1:]), seconds(*theirs[1:])
    pairs = [(seconds(*ours[1:]), seconds(*theirs[1:])) for _ in range(runs)]
    ratios = sorted(first / second for first, second in pairs)
    for (name, *_), times in zip((ours, theirs), zip(*pairs, strict=True), strict=True):
        print(f"{name:24} {1000 * statistics.median(times):6.0f} ms (median of {runs})")
    print(f"ratio, pair by pair      {statistics.median(ratios):6.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", type=int, metavar="N", help="with N installed plugins beside none")
    parser.add_argument("--runs", type=int, default=15)
    given = parser.parse_args()
    if not given.plugins:
        compare(("vsa --help", VSA, None), ("import click", [sys.executable, "-c", "import click"], None), given.runs)
        return
    with tempfile.TemporaryDirectory() as folder:
        install_dummies(Path(folder), given.plugins)
        if not are_seen(Path(folder), given.plugins):
            sys.exit("vsa does not list the plugins: nothing was measured")
        compare((f"with {given.plugins} plugins", VSA, Path(folder)), ("with none", VSA, None), given.runs)


if __name__ == "__main__":
    main()
