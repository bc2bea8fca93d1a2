"""The recurrent sentence encoder beside torch.nn.GRU and LSTM on packed sequences: forward and gradient of a batch.

    python benchmarks/recurrent_sentences.py

Every turn has new sentences, as training has: in bfloat16 a CPU's kernels are made for each shape. Ratios are medians
over turns, one after the other, by processor time; in float32 both sides must give the same states.
"""

from __future__ import annotations

import argparse
import os
import statistics

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from timing import timed
from torch import Tensor, nn

from vsa_toolkit.plugins.recurrent_sentences import Recurrence

WORDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--sentences", type=int, default=640)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.sentences} sentences, {WORDS} → {options.hidden}; ", end="")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("| kind | ours, float32 | ours, bfloat16 | torch, float32 | torch : ours | bfloat16 | largest difference |")
    print("|---|---|---|---|---|---|---|")
    for kind in ("gru", "lstm"):
        print(row(kind, options), flush=True)


def row(kind: str, options: argparse.Namespace) -> str:
    generator = torch.Generator().manual_seed(0)
    net = Recurrence(kind, WORDS, options.hidden)  # type: ignore[arg-type]
    net.reset(generator)
    peer = twin(net)
    seconds: list[tuple[float, float, float]] = []
    difference = 0.0
    for turn in range(options.turns + 2):
        lengths = (10.9 + 3.8 * torch.randn(options.sentences, generator=generator)).round().clamp(2, 36).long()
        x = torch.randn(int(lengths.sum()), WORDS, generator=generator)
        kept: dict[str, Tensor] = {}

        def ours(dtype: torch.dtype, x: Tensor = x, lengths: Tensor = lengths, kept: dict[str, Tensor] = kept) -> None:
            with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
                last = net(x, lengths)[lengths.cumsum(0) - 1]
            last.sum().backward()
            kept[str(dtype)] = last.detach()

        def theirs(x: Tensor = x, lengths: Tensor = lengths, kept: dict[str, Tensor] = kept) -> None:
            packed = nn.utils.rnn.pack_sequence(list(torch.split(x, lengths.tolist())), enforce_sorted=False)
            state = peer(packed)[1]
            last = state[0] if kind == "gru" else state[0][0]
            last.sum().backward()
            kept["peer"] = last.detach().view(len(lengths), -1)

        works = (lambda f=ours: f(torch.float32), lambda f=ours: f(torch.bfloat16), theirs)
        taken = tuple(timed(work)[1] for work in works)
        difference = max(difference, float((kept[str(torch.float32)] - kept["peer"]).abs().max()))
        if turn >= 2:  # the first turns make the kernels
            seconds.append(taken)
    plain, half, other = (statistics.median(turn[side] for turn in seconds) for side in range(3))
    ratios = [statistics.median(turn[2] / turn[side] for turn in seconds) for side in (0, 1)]
    cells = f"{plain:.2f} s | {half:.2f} s | {other:.2f} s | {ratios[0]:.1f} | {ratios[1]:.1f} | {difference:.0e}"
    return f"| {kind} | {cells} |"


def twin(net: Recurrence) -> nn.RNNBase:
    """torch's network with the same weights."""
    peer = (nn.GRU if net.kind == "gru" else nn.LSTM)(WORDS, net.hidden)
    with torch.no_grad():
        peer.weight_ih_l0.copy_(net.inputs[0].t())
        peer.bias_ih_l0.zero_()
        peer.weight_hh_l0.copy_(net.recurrent[0].t())
        peer.bias_hh_l0.copy_(net.bias[0])
    return peer


if __name__ == "__main__":
    main()
