"""Every backend keeps to its device, watched on a make-believe one. This file, run as a program, makes all trials in
one process and prints what was mixed in each; the tests read that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from vsa_toolkit import checkpoint as files
from vsa_toolkit.backend import Backend, Context, Examples, abilities
from vsa_toolkit.captioning import can_describe, describe, split_perplexity
from vsa_toolkit.decoding import Decoding
from vsa_toolkit.options import parse_options
from vsa_toolkit.registry import registry
from vsa_toolkit.scorer import make_scorer
from vsa_toolkit.testing.world import make_world

from .pretend_device import DeviceTensor, line_of, missing, register, watching
from .test_conformance import OPTIONS

ROOT = Path(__file__).parents[2]
FILE = "WORDS"  # stands for a file of word vectors
OWN = {name: pairs for (kind, name), pairs in OPTIONS.items() if kind == "backends"}
VARIANTS: dict[str, list[str]] = {
    "brnn": ["", "recurrence=lstm", "preset=paper", "frame_only=true", "shuffle_regions=true", "loss=hardest"],
    "deptree": ["", "fragments=bigrams", "preset=paper"],
    "defrag": ["", "preset=paper instances_after=0.5"],
    "sdt-rnn": ["", "matrices=positions", "preset=paper"],
    "bow": ["", f"vectors={FILE}"],
    "devise": ["", "linear=false", f"vectors={FILE}"],
    "uvse": ["", "preset=paper calibrate=true"],
    "vsepp": ["hardest_after=1 both_directions=true", "preset=paper"],
    "scan": ["hardest_after=1", "pool=logsumexp", "direction=i2t", "preset=paper direction=i2t pool=logsumexp"],
    "rnn": ["", "recurrence=gru", "preset=paper", "train_on=regions"],
    "mrnn": ["", "preset=paper", "train_on=regions"],
    "nearest": ["consensus=3", "distance=cosine", "train_on=regions min_count=1"],
}
CASES = [f"{name} {variant}".strip() for name, variants in VARIANTS.items() for variant in variants]

PLANTED: dict[str, tuple[Callable[[torch.Tensor, torch.Tensor], object], str | None]] = {
    "a sum over both": (lambda here, there: here + there, "mixes"),
    "a product of both": (lambda here, there: here @ there, "mixes"),
    "a list of both": (lambda here, there: torch.cat([here, there]), "mixes"),
    "a CPU number in a list": (lambda here, there: torch.stack([here[0, 0], there[0, 0]]), "mixes"),
    "a CPU total that is added to": (lambda here, there: here[0, 0].add_(there[0, 0]), "mixes"),
    "a CPU index": (lambda here, there: there.index_select(0, torch.tensor([1])), "mixes"),
    "an index of the device in CPU values": (lambda here, there: here[there[0].long()], "mixes"),
    "CPU values put at an index": (lambda here, there: there.index_put_((torch.tensor([1, 0]),), here), "mixes"),
    "a CPU generator": (lambda here, there: torch.rand_like(there).normal_(generator=torch.Generator()), "generator"),
    "a CPU generator for new numbers": (
        lambda here, there: torch.rand(3, device=there.device, generator=torch.Generator()),
        "generator",
    ),
    "a generator of the device": (
        lambda here, there: torch.randperm(3, generator=torch.Generator("pretend")),
        "generator",
    ),
    "a gradient": (lambda here, there: _Careless.apply(there.requires_grad_()).sum().backward(), "mixes"),
    "an array": (lambda here, there: there.numpy(), "raised"),
    "a CPU number in a sum": (lambda here, there: there + here[0, 0], None),
    "a CPU index in brackets": (lambda here, there: there[torch.tensor([1])], None),
    "a copy there and back": (lambda here, there: there.copy_(here).cpu().numpy(), None),
    "an own generator": (
        lambda here, there: torch.rand(3, device=there.device, generator=torch.Generator(there.device)).tolist(),
        None,
    ),
}


class _Careless(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return grad * torch.ones(2)


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """The problems of each trial."""
    if lacking := missing():
        pytest.skip(f"torch {torch.__version__} has no {', '.join(lacking)}: no device can be pretended")
    command = [sys.executable, "-m", f"tests.plugins.{Path(__file__).stem}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", CASES)
def test_it_keeps_to_its_device(found: dict[str, list[str]], case: str) -> None:
    assert found[case] == []


@pytest.mark.parametrize(("mistake", "word"), [(name, word) for name, (_, word) in PLANTED.items()])
def test_a_planted_mistake_is_found_and_what_is_none_is_not(
    found: dict[str, list[str]], mistake: str, word: str | None
) -> None:
    assert len(found[mistake]) == (word is not None)
    assert all(word in problem and Path(__file__).name in problem for problem in found[mistake])


def test_no_backend_of_ours_is_forgotten() -> None:
    assert set(VARIANTS) == set(OWN)


def make_all_trials() -> dict[str, list[str]]:
    device = register()
    outcomes: dict[str, list[str]] = {}
    for name, (mistake, _) in PLANTED.items():
        here = torch.arange(4.0).view(2, 2) % 2
        with _outcome(outcomes, name):
            mistake(here, here.clone().to(device))
    for case in CASES:
        with _outcome(outcomes, case), tempfile.TemporaryDirectory() as folder:
            try_backend(case, device, Path(folder))
    return outcomes


def try_backend(case: str, device: torch.device, folder: Path) -> None:
    """All that `vsa train` and `vsa run` ask of a backend; after its first epoch the training is interrupted."""
    name, *pairs = case.split()
    kind: type[Backend] = registry().get("backends", name)
    pairs = [*OWN[name], *([] if name == "nearest" else ["epochs=2"]), *pairs]
    (folder / FILE).write_text("".join(f"{word} 0.1 {i} 0.3\n" for i, word in enumerate(("cat", "dog", "red", "hat"))))
    options = parse_options(kind.Options, [pair.replace(FILE, str(folder / FILE)) for pair in pairs], owner=name)
    world = make_world(kind.required(options))
    aligner = aligner_of(world.train, device, folder) if kind.required(options).aligner else None
    for interrupted in (True, False):
        ctx = context(world.train, device, folder, aligner)
        if interrupted:
            ctx.cancelled = (folder / files.RESUME_VALUES).exists
        kind(options, device).fit(world.train, world.val, ctx)
    backend, _ = files.load_backend(kind, options.model_dump(mode="json"), folder, device)
    assert any(isinstance(tensor, DeviceTensor) for tensor in backend.state()[0].values())
    answer(backend, world.test)


def context(train: Examples, device: torch.device, folder: Path, aligner: Backend | None = None) -> Context:
    """As the toolkit gives it: a CPU generator, everything kept in files."""
    return Context(
        device=device,
        dtype=torch.float32,
        generator=torch.Generator().manual_seed(0),
        save=lambda backend: files.save_backend(backend, train.layout, folder),
        save_progress=lambda tensors, values: files.save_resume(folder, tensors, values),
        load_progress=lambda: files.load_resume(folder),
        aligner=aligner,
    )


def aligner_of(train: Examples, device: torch.device, folder: Path) -> Backend:
    """A brnn for features of that layout."""
    kind: type[Backend] = registry().get("backends", "brnn")
    options = parse_options(kind.Options, [*OWN["brnn"], "geometry=false", "labels=false", "epochs=1"], owner="brnn")
    world = make_world(kind.required(options))
    assert world.train.layout == train.layout
    backend = kind(options, device)
    backend.fit(world.train, world.val, context(world.train, device, folder))
    files.clear_resume(folder)
    return backend


def answer(backend: Backend, test: Examples) -> None:
    """Scores, scores of words with regions, descriptions in every way, perplexity."""
    kinds = abilities(type(backend))
    if kinds != ["captioner"]:
        scorer = make_scorer(backend, test.sentences)
        scorer.scores(test, [0, 2, 3])
        if scorer.aligns:
            scorer.word_scores(test, [0, 2, 3])
    if not can_describe(type(backend)):
        return
    for how in (Decoding(beam=3, max_words=5), Decoding(beam=1, max_words=5), Decoding(temperature=1.0, max_words=5)):
        describe(backend, test.features[:, 0], how, torch.Generator(backend.device).manual_seed(1))
    split_perplexity(backend, test)


@contextmanager
def _outcome(outcomes: dict[str, list[str]], name: str) -> Iterator[None]:
    """Keeps what was mixed within, each place once, and what was raised."""
    with watching() as problems:
        try:
            yield
        except Exception as error:
            lines = [line_of(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
            problems.append(f"raised {type(error).__name__}: {error}, at {' < '.join(reversed(lines[-4:]))}")
    outcomes[name] = list(dict.fromkeys(problems))


if __name__ == "__main__":
    print(json.dumps(make_all_trials()))
