"""Checks of how a backend learns, keeps what it learned, and treats what it is given."""

from __future__ import annotations

import json
import warnings
from typing import cast

import numpy as np
import torch
from torch import Tensor

from ..backend import Captioner, Context, Examples, LanguageModel, Ranker
from .backend_subject import BackendSubject, cloned, copied, expect_close, same_outputs
from .checks import Check, CheckFailedError, add_to, require
from .option_help import check_options
from .world import UNKNOWN, VAL_WORD

FITTING: list[Check[BackendSubject]] = []
says = add_to(FITTING)


@says("options", "Options have defaults and help; unknown ones are refused.")
def _options(subject: BackendSubject) -> None:
    for name, field in subject.kind.Options.model_fields.items():
        require(not field.is_required(), f"option {name} has no default")
    check_options(subject.kind)


@says("fit", "It can be fitted on small data and keeps something.")
def _fit(subject: BackendSubject) -> None:
    require(bool(subject.can), "it has no ability: implement the methods of one (vsa_toolkit.backend)")
    tensors, values = subject.fitted.state()
    require(bool(tensors or values), "state() is empty after fit")


@says("state", "state() is tensors and JSON values.", ["fit"])
def _state(subject: BackendSubject) -> None:
    tensors, values = subject.fitted.state()
    for name, tensor in tensors.items():
        require(isinstance(name, str) and isinstance(tensor, Tensor), f"{name!r} is {type(tensor).__name__}, no tensor")
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckFailedError(f"its values are no JSON: {error}") from error


@says("progress", "Progress never falls and never passes its total.", ["fit"])
def _progress(subject: BackendSubject) -> None:
    assert subject.fitted is not None
    steps = subject.progress
    require(bool(steps), "fit never called ctx.progress")
    done = [step[0] for step in steps]
    require(done == sorted(done), "ctx.progress went back")
    over = [(n, total) for n, total in steps if total is not None and n > total]
    require(not over, f"ctx.progress said {over[0][0]} of {over[0][1]}" if over else "")


@says("cancel", "When it is cancelled, fit returns.", ["fit"])
def _cancel(subject: BackendSubject) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return True

    steps: list[tuple[int, int | None]] = []
    subject.fit(steps, cancelled=cancelled)
    require(asked > 0, "fit never asked ctx.cancelled")
    require(asked < 20, f"fit went on after it was cancelled ({asked} times asked)")


@says("seed", "The same seed gives the same state, whatever the global generators are at.", ["fit", "state"])
def _seed(subject: BackendSubject) -> None:
    first, of_numpy = subject.fitted.state(), np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(12345)
        np.random.seed(12345)  # the global one is what a backend must not use
        second = subject.fit().state()
    np.random.set_state(of_numpy)
    require(first[1] == second[1], "two fits with one seed differ in their values")
    for name, tensor in first[0].items():
        other = second[0].get(name)
        require(other is not None and torch.equal(tensor, other), f"two fits with one seed differ in {name!r}")


@says("input-unchanged", "What it is given stays as it was.", ["fit"])
def _unchanged(subject: BackendSubject) -> None:
    def same(before: Examples, now: Examples, where: str) -> None:
        require(torch.equal(before.features, now.features), f"{where} changed the features that it was given")
        require(torch.equal(before.counts, now.counts), f"{where} changed the counts that it was given")
        require([list(s) for s in before.sentences] == [list(s) for s in now.sentences], f"{where} changed sentences")

    train, val = cloned(subject.world.train), cloned(subject.world.val)
    subject.kind(subject.options, torch.device("cpu")).fit(
        train, val, Context(generator=torch.Generator().manual_seed(3))
    )
    same(subject.world.train, train, "fit")
    same(subject.world.val, val, "fit")
    test = cloned(subject.world.test)
    backend = subject.fitted
    for method in ("embed_images", "embed_regions"):
        if hasattr(backend, method):
            getattr(backend, method)(test.features, test.counts)
    for method in ("embed_sentences", "embed_fragments"):
        if hasattr(backend, method):
            getattr(backend, method)(test.sentences)
    if "ranker" in subject.can:
        cast(Ranker, backend).score(test.features, test.counts, test.sentences)
    if "language-model" in subject.can:
        cast(LanguageModel, backend).start(test.features[:, 0])
    same(subject.world.test, test, "scoring")


@says("round-trip", "from_state(state()) answers as before.", ["determinism", "state"])
def _round_trip(subject: BackendSubject) -> None:
    fitted = subject.fit(as_it_is=True)
    again = subject.from_state(*copied(fitted.state()))
    same_outputs(subject, fitted, again, "after state() and from_state it answers differently:", exact=True)
    if "captioner" in subject.can:
        features = subject.world.test.features[:, 0]
        before, after = (list(cast(Captioner, one).caption(features.clone())) for one in (fitted, again))
        require(before == after, "after state() and from_state it captions differently")


@says("device", "from_state puts everything on the device that it is given.", ["state"])
def _device(subject: BackendSubject) -> None:
    """The device "meta" stands for any other: its tensors have shapes but no numbers."""
    tensors, values = copied(subject.fitted.state())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no numbers are copied to it is what it is for
        moved = subject.from_state(tensors, values, "meta")
    require(moved.device.type == "meta", "from_state does not hand the device on to __init__")
    left = [
        name for name, tensor in moved.state()[0].items() if tensor.is_floating_point() and tensor.device.type != "meta"
    ]
    require(not left, f"{left[0]!r} stays on the CPU" if left else "")


@says("no-leakage", "fit takes no words from the validation sentences.", ["fit", "state"])
def _leakage(subject: BackendSubject) -> None:
    require(
        VAL_WORD not in json.dumps(subject.fitted.state()[1]),
        f"its state has the word {VAL_WORD!r}, which only validation has",
    )
    known, unknown = (subject.sentences([f"a red {word}"]) for word in (VAL_WORD, UNKNOWN))
    test = subject.world.test
    first = subject.outputs(subject.fitted, test.features, test.counts, known)
    second = subject.outputs(subject.fitted, test.features, test.counts, unknown)
    for name in {"embed_sentences", "score"} & set(first):
        expect_close(first[name], second[name], f"{name} knows the word {VAL_WORD!r}, which only validation has")
