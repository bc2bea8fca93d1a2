"""What every backend that is trained says of data and checkpoints that are no good."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vsa_toolkit.backend import Backend, Context
from vsa_toolkit.checkpoint import load_backend, save_backend
from vsa_toolkit.errors import DataError
from vsa_toolkit.options import parse_options
from vsa_toolkit.registry import registry
from vsa_toolkit.testing.backend_subject import BackendSubject, copied, same_outputs

from .test_conformance import OPTIONS

TRAINED = [name for kind, name in OPTIONS if kind == "backends" and name != "nearest"]
every_backend = pytest.mark.parametrize("name", TRAINED)


def subject(name: str, *more: str) -> BackendSubject:
    kind: type[Backend] = registry().get("backends", name)
    return BackendSubject(kind, parse_options(kind.Options, [*OPTIONS["backends", name], *more], owner=name))


@cache
def fitted(name: str) -> Backend:
    return subject(name).fitted


@every_backend
@pytest.mark.parametrize("texts", [[], ["", ""]])
def test_a_split_without_sentences_is_refused_as_such(name: str, texts: Sequence[str]) -> None:
    tried = subject(name)
    sentences = tried.sentences(texts)
    owner = torch.arange(len(sentences))
    train = replace(tried.world.train, sentences=sentences, sentence_image=owner)
    with pytest.raises(DataError, match="the training split has no sentences"):
        tried.kind(tried.options).fit(train, tried.world.val, Context())


@every_backend
def test_sentences_of_rare_words_alone_are_refused_as_such(name: str) -> None:
    tried = subject(name, "min_count=1000")
    with pytest.raises(DataError, match="no word occurs 1000 times in the training sentences"):
        tried.kind(tried.options).fit(tried.world.train, tried.world.val, Context())


@every_backend
def test_a_loss_that_explodes_names_its_step_and_keeps_the_last_good_checkpoint(name: str) -> None:
    tried = subject(name, "epochs=3", "average=0")
    kept: list[tuple[dict[str, Tensor], dict[str, Any]]] = []
    steps = 0

    def progress(done: int, total: int, keep: bool = False, **figures: float) -> None:
        nonlocal steps
        steps = done
        if done == 5:  # in the second epoch of three steps each
            with torch.no_grad():
                for parameter in made.fitted.parameters() if hasattr(made, "fitted") else made._fitted().parameters():
                    parameter.mul_(float("nan"))

    made: Any = tried.kind(tried.options)
    ctx = Context(progress=progress, save=lambda backend: kept.append(copied(backend.state())))
    with pytest.raises(DataError, match=r"the loss became nan at step 6 \(epoch 2\).*checkpoint of epoch 1 .* is kept"):
        made.fit(tried.world.train, tried.world.val, ctx)
    assert steps == 5
    assert len(kept) == 1
    again = tried.from_state(*kept[0])
    assert all(torch.isfinite(tensor).all() for tensor in again.state()[0].values())


@every_backend
def test_a_checkpoint_in_files_answers_as_before(name: str, tmp_path: Path) -> None:
    tried, backend = subject(name), fitted(name)
    save_backend(backend, tried.world.train.layout, tmp_path)
    again, layout = load_backend(tried.kind, tried.options.model_dump(mode="json"), tmp_path, torch.device("cpu"))
    assert layout == tried.world.train.layout
    same_outputs(tried, backend, again, "loaded from files it answers differently:", exact=True)


@every_backend
def test_weights_of_another_vocabulary_are_refused_naming_both(name: str, tmp_path: Path) -> None:
    tried, backend = subject(name), fitted(name)
    save_backend(backend, tried.world.train.layout, tmp_path)
    values = json.loads((tmp_path / "values.json").read_text())
    words = values["backend"]["words"]
    values["backend"]["words"] = words[:-2]
    (tmp_path / "values.json").write_text(json.dumps(values))
    both = f"{name}.*vocabulary has {len(words) - 2} words, its weights are of a vocabulary of {len(words)}"
    with pytest.raises(DataError, match=both):
        load_backend(tried.kind, tried.options.model_dump(mode="json"), tmp_path, torch.device("cpu"))
