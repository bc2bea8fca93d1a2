"""How fast each backend trains, and what share of that time is matrix products.

    VSA_TEST_DATA=… python benchmarks/training_profile.py
    VSA_TEST_DATA=… python benchmarks/training_profile.py --backends brnn scan rnn --dtype float32

The data are Flickr8k's sentences with simulated features (1,280 numbers a region, 20 regions of which 19 have a class
and a box; bigrams for trees): what is learnt is of no matter, what is computed is. Each backend has its default options
and is stopped after some steps of its `fit`: the first `--warm` are not counted, the next `--steps` are timed, and as
many again are profiled (torch.profiler, own time of operators). A pair is a sentence with its photo. Products are
what `PRODUCTS` names, a fused recurrence's among them; what else an operator of that name does (copies, biases) is in.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from vsa_toolkit.backend import GEOMETRY, Backend, Context, Examples, Layout, Requires
from vsa_toolkit.parse import bigrams
from vsa_toolkit.registry import registry
from vsa_toolkit.text import words

BACKENDS = ("brnn", "deptree", "defrag", "sdt-rnn", "bow", "devise", "uvse", "vsepp", "scan", "rnn", "mrnn")
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "linear", "mkldnn_linear", "mkldnn_rnn_layer", "lstm", "gru")
REGIONS, ENCODER, CLASSES = 20, 1280, 80


class Stopped(Exception):
    """Enough steps were taken."""


@dataclass
class Stopwatch:
    """Counts the steps of a training by its progress, times some and profiles some."""

    warm: int
    steps: int
    done: int = 0
    began: float = 0.0
    processor: float = 0.0
    clock: float = 0.0
    spent: float = 0.0
    profiler: Any = None

    @property
    def last(self) -> int:
        return self.warm + 2 * self.steps

    def step(self, done: int, total: int, keep: bool = False, **figures: float) -> None:
        if keep:
            return
        self.done += 1
        if self.done == self.warm:
            self.began, self.processor = time.perf_counter(), time.process_time()
        elif self.done == self.warm + self.steps:
            self.clock, self.spent = time.perf_counter() - self.began, time.process_time() - self.processor
            self.profiler = profile(activities=[ProfilerActivity.CPU])
            self.profiler.__enter__()
        elif self.done == self.last:
            self.profiler.__exit__(None, None, None)
            raise Stopped


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--steps", type=int, default=5, help="that are timed, and as many that are profiled")
    parser.add_argument("--warm", type=int, default=3, help="steps before, in which kernels are made")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="of products (default: as vsa train chooses)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.threads} threads, torch {torch.__version__}; simulated features")
    print(
        "| backend | photos × sentences a step | seconds a step | of the processor | pairs a second | products | next |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in options.backends:
        print(row(name, options), flush=True)


def row(name: str, options: argparse.Namespace) -> str:
    kind: type[Backend] = registry().get("backends", name)
    chosen: Any = kind.Options()
    watch = Stopwatch(options.warm, options.steps)
    examples = simulated(kind.required(chosen), chosen.images * (watch.last + 1))
    dtype = None if options.dtype is None else getattr(torch, options.dtype)
    with suppress(Stopped):
        kind(chosen).fit(examples, examples, Context(dtype=dtype, progress=watch.step))
    seconds, spent = watch.clock / options.steps, watch.spent / options.steps
    pairs = chosen.images * min(chosen.sentences, 5)
    share, beside = products_of(watch.profiler)
    size = f"{chosen.images} × {chosen.sentences}"
    return f"| {name} | {size} | {seconds:.3f} | {spent:.3f} | {pairs / seconds:,.0f} | {share:.0%} | {beside} |"


def products_of(profiler: Any) -> tuple[float, str]:
    """The share of products in the own time of all operators, and what takes most beside them."""
    own = {event.key: float(event.self_cpu_time_total) for event in profiler.key_averages()}
    total = sum(own.values())
    names = {f"aten::{name}" for name in PRODUCTS}
    beside = sorted(((value, key) for key, value in own.items() if key not in names), reverse=True)[:3]
    listed = ", ".join(f"{key.removeprefix('aten::')} {value / total:.0%}" for value, key in beside)
    return sum(own.get(name, 0.0) for name in names) / total, listed


def simulated(requires: Requires, photos: int) -> Examples:
    """So many photos of random features, each with five sentences of Flickr8k."""
    if "VSA_TEST_DATA" not in os.environ:
        raise SystemExit("skipped: VSA_TEST_DATA names no folder with flickr8k/Flickr8k.token.txt.")
    file = Path(os.environ["VSA_TEST_DATA"]) / "flickr8k" / "Flickr8k.token.txt"
    lines = file.read_text(encoding="utf-8").splitlines()[: 5 * photos]
    sentences: list[Any] = [words(line.split("\t")[1]) for line in lines]
    if requires.parses:
        sentences = [bigrams(sentence) for sentence in sentences]
    generator = torch.Generator().manual_seed(0)
    layout = Layout(
        ENCODER,
        GEOMETRY if requires.geometry else 0,
        tuple(f"class{number}" for number in range(CLASSES)) if requires.labels else (),
    )
    most = REGIONS if requires.features == "regions" else 1
    features = torch.randn(photos, most, layout.dimension, generator=generator)
    features[..., ENCODER:] = 0.0
    if requires.geometry:
        x, y, w, h = (torch.rand(4, photos, most, generator=generator) * 0.45 + 0.05).unbind(0)
        features[..., ENCODER : ENCODER + GEOMETRY] = torch.stack([x, y, x + w, y + h, w, h, w * h], dim=2)
    if requires.labels:
        classes = torch.randint(CLASSES, (photos, most, 1), generator=generator)
        features[..., ENCODER + layout.geometry :].scatter_(2, classes, 0.5)
        features[:, 0, ENCODER + layout.geometry :] = 0.0
    owner = torch.arange(photos).repeat_interleave(5)
    return Examples(features.half(), torch.full((photos,), most), layout, sentences, owner)


if __name__ == "__main__":
    main()
