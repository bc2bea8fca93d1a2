"""METEOR 1.5 by the Java program that pycocoevalcap carries: optional, and the only part of vsa that needs Java.

Denkowski and Lavie 2014, "Meteor Universal: language specific translation evaluation for any target language". There
is no Python version of it that gives the published figures: its paraphrases and its stemmer are the program's own.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vsa_toolkit import Metric, TextMetric, UserError, hookimpl
from vsa_toolkit.errors import PluginError
from vsa_toolkit.metrics.segments import Segment
from vsa_toolkit.metrics.tokenisers import tokens_of
from vsa_toolkit.signature import Value

_SEPARATOR = " ||| "


class Meteor(TextMetric):
    """METEOR 1.5 in percent, as coco-caption runs it: English, normalised, over Penn Treebank tokens.

    Statistics of a segment are the 23 counts that the program itself adds up.
    """

    name = "meteor"

    @property
    def keys(self) -> tuple[str, ...]:
        return ("meteor",)

    def fields(self) -> dict[str, Value]:
        return {"metric": "meteor-1.5", "language": "en", "normalise": True, "tokenise": "ptb", "case": "lower"}

    def statistics(self, items: Sequence[Segment]) -> np.ndarray:
        tokens = tokens_of("ptb")

        def joined(text: str) -> str:
            return " ".join(token for token in tokens(text) if token != "|||")

        program = _program()
        return np.array(
            [program.statistics(joined(s.text), [joined(reference) for reference in s.references]) for s in items]
        )

    def values(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        return {"meteor": 100 * np.array(_program().scores(sums), dtype=float)}


class Program:
    """The Java program, which answers one line with one or more; it loads its paraphrases once (seconds, 1–2 GB)."""

    def __init__(self, java: str, folder: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [java, "-Xmx2G", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def statistics(self, hypothesis: str, references: Sequence[str]) -> list[float]:
        with self._lock:
            line = self._ask(_SEPARATOR.join(["SCORE", *references, hypothesis]), 1)[0]
        return [float(number) for number in line.split()]

    def scores(self, sums: np.ndarray) -> list[float]:
        """The score of each summed row (n, 23)."""
        rows = [" ".join(map(repr, row)) for row in sums.tolist()]
        with self._lock:
            answers = self._ask(_SEPARATOR.join(["EVAL", *rows]), len(rows) + 1)
        return [float(answer) for answer in answers[:-1]]  # the last one is that of all rows together

    def _ask(self, line: str, answers: int) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            found = [self._process.stdout.readline() for _ in range(answers)]
        except BrokenPipeError:
            found = [""]
        if "" in found:
            raise PluginError(f"METEOR's Java program ended (exit {self._process.poll()}); it needs 2 GB of memory.")
        return [answer.strip() for answer in found]


@lru_cache(maxsize=1)
def _program() -> Program:
    """The one program of this process; it ends with it, when its input is closed.

    Raises:
        UserError: Java or pycocoevalcap is not installed.
    """
    spec = importlib.util.find_spec("pycocoevalcap")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("METEOR needs pycocoevalcap, which carries the Java program: pip install pycocoevalcap.")
    java = shutil.which("java")
    if java is None:
        raise UserError("METEOR needs Java, and there is no java on the path; chrf needs none and is close in spirit.")
    return Program(java, Path(spec.submodule_search_locations[0]) / "meteor")


@hookimpl
def vsa_metrics(register: Callable[[type[Metric[Any]]], None]) -> None:
    register(Meteor)
