"""Where a result comes from: versions, machine, source, times, memory."""

from __future__ import annotations

import hashlib
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("vsa-toolkit", "torch", "torchvision", "numpy", "pillow", "onnxruntime", "spacy")


class Clock:
    """Started when the work starts; `figures()` says how long it took and how much memory the process used.

    before: seconds that were spent on the same work before it was interrupted.
    """

    def __init__(self, before: float = 0.0) -> None:
        self._started = time.time()
        self._begun = time.monotonic() - before

    def seconds(self) -> float:
        """How long was worked so far."""
        return round(time.monotonic() - self._begun, 2)

    def figures(self) -> dict[str, Any]:
        return {
            "started": _utc(self._started),
            "finished": _utc(time.time()),
            "seconds": self.seconds(),
            "peak_memory_mb": round(peak_memory_mb()),
        }


def surroundings(device: str, dtype: str, seed: int, batch_size: int) -> dict[str, Any]:
    """What a result may depend on beside data and options."""
    import torch

    return {
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "git": _git_commit(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "threads": torch.get_num_threads(),
        "dtype": dtype,
        "batch_size": batch_size,
        "seed": seed,
    }


def file_digest(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def peak_memory_mb() -> float:
    """The most memory this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """The commit of the toolkit's own source, where it runs from a checkout; marked if the tree was changed."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
