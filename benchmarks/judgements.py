"""Kendall's τ of our metrics with Flickr8k's judgements of captions, beside the published ones.

    VSA_TEST_DATA=… python benchmarks/judgements.py

Expert: τ-c, each of three experts a row, captions of the image's own left out. CrowdFlower: τ-b over all pairs, an
image's own judged sentences removed from its references. In a workspace: vsa eval --protocol judgements.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from vsa_toolkit.metrics.bleu import Bleu
from vsa_toolkit.metrics.cider import Cider
from vsa_toolkit.metrics.rouge import RougeL
from vsa_toolkit.protocols.judgements import evaluate

PUBLISHED = {"bleu1": (32.3, 17.9), "bleu4": (30.8, 16.9), "rouge_l": (32.3, 19.9), "cider": (43.9, 24.6)}


def main() -> None:
    data = os.environ.get("VSA_TEST_DATA")
    if not data:
        sys.exit("VSA_TEST_DATA is not set: it names the folder with flickr8k/.")
    folder = Path(data) / "flickr8k"
    sentences: dict[str, list[str]] = {}
    for line in (folder / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines():
        place, text = line.split("\t")
        sentences.setdefault(place.partition(".")[0], []).append(text)
    began = time.perf_counter()
    rows = evaluate(folder, sentences, metrics=(Bleu(), RougeL(), Cider()))
    seconds = time.perf_counter() - began
    print(f"{'':8} {'expert τ-c':>20} {'CrowdFlower τ-b':>22}")
    for key, row in rows.items():
        values = [row.values[name].value for name in ("expert", "crowd")]
        beside = [f"(published {value})" if value else "" for value in PUBLISHED.get(key, (None, None))]
        print(f"{key:8}" + "".join(f"{value:8.2f} {text:<16}" for value, text in zip(values, beside, strict=True)))
    print(f"{seconds:.1f} s for 16,992 expert judgements and 47,830 pairs")


if __name__ == "__main__":
    main()
