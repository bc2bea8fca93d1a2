"""Beam search over many images at once, beside one image at a time and one sentence at a time.

    VSA_TEST_DATA=… python benchmarks/decoding.py
    python benchmarks/decoding.py --checkpoint flickr/checkpoints/31
    python benchmarks/decoding.py --checkpoint flickr/checkpoints/31 --workspace flickr --split test

Without a checkpoint of `rnn` (its folder) a model of the same size is trained for a minute on Flickr8k's sentences with
simulated vectors of photos: what it says is of no matter, how long its sentences are is. With a workspace the features
are those that it keeps of a split's photos, else they are drawn by the mean and deviation of the training photos.

The peers keep the same beam: one image at a time with its beams in one batch, and one row at a time (as neuraltalk's
decoder works). Both describe a part of the images; their time is stated for all. All must say the same. Times are by
the clock and, in brackets, of the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from timing import timed
from torch import Tensor

from vsa_toolkit.backend import Context, Examples, Layout
from vsa_toolkit.decoding import Decoded, beam_search, decode, greedy
from vsa_toolkit.decoding import Decoding as Settings
from vsa_toolkit.plugins.rnn.backend import Rnn
from vsa_toolkit.text import words

SIZE = 1280


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--alone", type=int, default=100, help="images that are described one at a time")
    parser.add_argument("--rows", type=int, default=20, help="images that are described row by row")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=150, help="of training, without a checkpoint")
    parser.add_argument("--checkpoint", type=Path, metavar="FOLDER")
    parser.add_argument("--workspace", type=Path, metavar="FOLDER", help="whose features of photos are described")
    parser.add_argument("--split", default="test", help="of the workspace")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = read(options.checkpoint) if options.checkpoint else trained(options.steps)
    features = kept(options.workspace, options.split) if options.workspace else drawn(model, options.images)
    features = features[: options.images]
    together: list[Decoded] = []
    alone: list[Decoded] = []
    by_row: list[tuple[int, ...]] = []
    some, few = features[: options.alone], features[: options.rows]
    with torch.inference_mode():
        fast = best(options.turns, lambda: together.__setitem__(slice(None), decode(model, features, Settings(7))))
        quick = best(options.turns, lambda: greedy(model, features))
        one = timed(lambda: alone.extend(found for row in some for found in single(model, row)))
        slow = timed(lambda: by_row.extend(row_by_row(model, row) for row in few))
    one = tuple(seconds * len(features) / len(some) for seconds in one)
    slow = tuple(seconds * len(features) / len(few) for seconds in slow)
    said = [d.words for d in together]
    length = sum(map(len, said)) / len(said)
    print(f"{len(features):,} images, beam 7, {len(model.words):,} words, captions of {length:.1f} words, ", end="")
    print(f"{options.threads} threads; {'features of photos' if options.workspace else 'drawn features'}")
    print(f"all together            {seconds(fast)}")
    for what, peer, same in (
        ("one image at a time", one, said[: len(some)] == [d.words for d in alone]),
        ("one row at a time", slow, said[: len(few)] == by_row),
    ):
        print(f"{what:23} {seconds(peer)}, {times(peer, fast)}; the same captions: {same}")
    print(f"greedy, all together    {seconds(quick)}; the beam takes {times(fast, quick)}")


def seconds(taken: tuple[float, ...]) -> str:
    return f"{taken[0]:8.2f} s ({taken[1]:8.2f} s)"


def times(taken: tuple[float, ...], of: tuple[float, ...]) -> str:
    return f"{taken[0] / of[0]:5.1f} × ({taken[1] / of[1]:5.1f} ×)"


def best(turns: int, work: Callable[[], object]) -> tuple[float, ...]:
    """The least of the clock's and of the processor's seconds."""
    return tuple(map(min, zip(*(timed(work) for _ in range(turns)), strict=True)))


def drawn(model: Rnn, images: int) -> Tensor:
    photos = model.fitted.images
    noise = torch.randn(images, len(photos.mean), generator=torch.Generator().manual_seed(5))
    return photos.mean + photos.deviation * noise


def kept(folder: Path, split_name: str) -> Tensor:
    """(images, d) float32, the frames of a split's photos."""
    from vsa_toolkit.db.workspace import open_workspace
    from vsa_toolkit.encoder_choice import EncoderChoice
    from vsa_toolkit.features import gather

    with open_workspace(folder) as workspace:
        store = workspace.store
        split = store.read_split(store.dataset_name(None), split_name, "frame")
        chosen = EncoderChoice()
        encoder = chosen.load(store.folder, torch.device("cpu"))
        features, _ = gather(store.folder, encoder, split.images, split.regions, mode=chosen.mode)
    return features[:, 0].float()


def single(model: Rnn, row: Tensor) -> Sequence[Decoded]:
    return beam_search(model, row[None], 7)


def row_by_row(model: Rnn, item: Tensor, width: int = 7, longest: int = 20) -> tuple[int, ...]:
    """Each unfinished sentence of the beam is a step of its own."""
    pool = [(0.0, (), model.start(item[None]), False)]
    while any(not done for *_, done in pool):
        candidates = [entry for entry in pool if entry[3]]
        for total, said, state, done in pool:
            if done:
                continue
            logits, after = model.step(state, torch.tensor([said[-1] if said else 0]))
            values = logits[0].log_softmax(dim=0)
            if not said:
                values[0] = -torch.inf
            if len(said) == longest:
                values[1:] = -torch.inf
            top = values.topk(width)
            for value, token in zip(top.values.tolist(), top.indices.tolist()):
                candidates.append((total + value, said if token == 0 else (*said, token), after, token == 0))
        pool = sorted(candidates, key=lambda entry: -entry[0])[:width]
    return pool[0][1]


def read(folder: Path) -> Rnn:
    from safetensors.torch import load_file

    tensors = load_file(folder / "weights.safetensors")
    hidden, gates = tensors["network.cell.recurrent"].shape
    kind = {1: "rnn", 3: "gru", 4: "lstm"}[gates // hidden]
    size = tensors["network.table"].shape[1]
    values = json.loads((folder / "values.json").read_text())["backend"]
    chosen = Rnn.Options.model_validate({"recurrence": kind, "hidden": hidden, "word_dimension": size})
    return Rnn.from_state(chosen, tensors, values, torch.device("cpu"))


def trained(steps: int) -> Rnn:
    """A model of the usual size after some steps on real sentences."""
    if "VSA_TEST_DATA" not in os.environ:
        raise SystemExit("skipped: VSA_TEST_DATA names no folder with flickr8k/Flickr8k.token.txt; or --checkpoint.")
    file = Path(os.environ["VSA_TEST_DATA"]) / "flickr8k" / "Flickr8k.token.txt"
    sentences = [words(line.split("\t")[1]) for line in file.read_text(encoding="utf-8").splitlines()]
    photos = torch.randn(len(sentences) // 5, 1, SIZE, generator=torch.Generator().manual_seed(1))
    owner = torch.arange(len(photos)).repeat_interleave(5)
    train = Examples(photos, torch.ones(len(photos), dtype=torch.int64), Layout(SIZE), sentences[: len(owner)], owner)
    few = Examples(
        train.features[:20], train.counts[:20], train.layout, train.sentences[:100], train.sentence_image[:100]
    )
    left = iter(range(steps))
    model = Rnn(Rnn.Options.model_validate({"images": 64}))
    model.fit(train, few, Context(cancelled=lambda: next(left, None) is None))
    model.fitted.eval()
    return model


if __name__ == "__main__":
    main()
