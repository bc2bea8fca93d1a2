"""BLEU with paired resamples beside sacrebleu, CIDEr-D and ROUGE-L beside pycocoevalcap, and what the cache saves.

    VSA_TEST_DATA=… python benchmarks/text_metrics.py

COCO val2017 (text only): 5,000 images with four references each. System A is a fifth caption, system B the same with a
third of its words replaced by words of other captions (made up, so that there is something to compare). Each figure
comes from processes of their own, so that no side finds texts tokenised already; the times are those of the work
without imports, the smallest of the turns. pycocoevalcap is given tokens, for its tokeniser is a Java program; ours
tokenises within the time that is shown.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timing import timed

RESAMPLES = 1000
Texts = dict[str, str]
References = dict[str, list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=5000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(SIDES[options.only](*captions(options.segments))))
        return
    found = {side: best(side, options.segments, options.turns) for side in SIDES}
    print(f"{options.segments:,} segments, 4 references, 2 systems, {RESAMPLES:,} paired resamples")
    row("BLEU, sacrebleu profile, by image", found["bleu"], "sacrebleu, by segment", found["sacrebleu"])
    row("BLEU, coco profile, by image", found["bleu_coco"], "sacrebleu, by segment", found["sacrebleu"])
    row("CIDEr-D, one system", found["cider"], "pycocoevalcap", found["coco_cider"])
    row("ROUGE-L, one system", found["rouge"], "pycocoevalcap", found["coco_rouge"])
    first, second = found["cached"][:2]
    print(f"a second comparison from cached statistics: {second:.3f} s of {first:.3f} s: {second / first:.3f}")


def row(name: str, ours: list[float], peer_name: str, peer: list[float]) -> None:
    equal = f"values {ours[1]:.6f} and {peer[1]:.6f}"
    print(f"{name}: {ours[0]:.2f} s, {peer_name} {peer[0]:.2f} s: {peer[0] / ours[0]:.1f} ×; {equal}")


def best(side: str, segments: int, turns: int) -> list[float]:
    command = [sys.executable, __file__, "--only", side, "--segments", str(segments)]
    return min(json.loads(subprocess.check_output(command)) for _ in range(turns))


def captions(segments: int) -> tuple[Texts, Texts, References]:
    if "VSA_TEST_DATA" not in os.environ:
        raise SystemExit("skipped: VSA_TEST_DATA names no folder with coco/captions_val2017.json.")
    file = Path(os.environ["VSA_TEST_DATA"]) / "coco" / "captions_val2017.json"
    of_image: References = {}
    for annotation in json.loads(file.read_text(encoding="utf-8"))["annotations"]:
        of_image.setdefault(str(annotation["image_id"]), []).append(annotation["caption"].strip())
    chosen = dict(list(of_image.items())[:segments])
    generator = random.Random(0)
    words = [word for texts in chosen.values() for word in texts[0].split()]
    first = {id: texts[0] for id, texts in chosen.items()}
    second = {
        id: " ".join(generator.choice(words) if generator.random() < 1 / 3 else word for word in text.split())
        for id, text in first.items()
    }
    return first, second, {id: texts[1:5] for id, texts in chosen.items()}


# Each side: seconds, and a value that its peer must share ----------------------------------------------------------


def ours_paired(profile: str) -> Callable[[Texts, Texts, References], list[float]]:
    def side(first: Texts, second: Texts, references: References) -> list[float]:
        from vsa_toolkit.metrics.bleu import Bleu, BleuOptions
        from vsa_toolkit.metrics.paired import differences
        from vsa_toolkit.metrics.segments import pair

        metric = Bleu(BleuOptions(profile=profile))  # type: ignore[arg-type]
        values = []

        def work() -> None:
            counted = [metric.count(pair(system, references)) for system in (first, second)]
            one, other = (c.statistics() for c in counted)
            differences({"bleu4": one["bleu4"]}, {"bleu4": other["bleu4"]}, len(first), 0, RESAMPLES)
            values.append(float(metric.values(counted[1].rows.sum(axis=0)[None])["bleu4"][0]))

        return [timed(work)[0], values[0]]

    return side


def sacrebleu_paired(first: Texts, second: Texts, references: References) -> list[float]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.significance import PairedTest

    systems = [("A", list(first.values())), ("B", list(second.values()))]
    columns = [[texts[i] for texts in references.values()] for i in range(4)]
    values = []

    def work() -> None:
        test = PairedTest(systems, {"BLEU": BLEU()}, columns, test_type="bs", n_samples=RESAMPLES)
        values.append(test()[1]["BLEU"][1].score)

    return [timed(work)[0], values[0]]


def ours_cider(first: Texts, second: Texts, references: References) -> list[float]:
    from vsa_toolkit.metrics import cider

    values = []
    seconds = timed(lambda: values.append(cider(second, references, resamples=0).values["cider"].value))[0]
    return [seconds, values[0]]


def ours_rouge(first: Texts, second: Texts, references: References) -> list[float]:
    from vsa_toolkit.metrics import rouge

    values = []
    seconds = timed(lambda: values.append(rouge(second, references, resamples=0).values["rouge_l"].value))[0]
    return [seconds, values[0]]


def coco(module: str, name: str) -> Callable[[Texts, Texts, References], list[float]]:
    def side(first: Texts, second: Texts, references: References) -> list[float]:
        import importlib

        from vsa_toolkit.metrics.ptb import ptb_tokens

        scorer = getattr(importlib.import_module(f"pycocoevalcap.{module}.{module}"), name)()
        hypotheses = {id: [" ".join(ptb_tokens(text))] for id, text in second.items()}
        tokenised = {id: [" ".join(ptb_tokens(text)) for text in texts] for id, texts in references.items()}
        values = []
        with contextlib.redirect_stdout(io.StringIO()):
            seconds = timed(lambda: values.append(100 * float(scorer.compute_score(tokenised, hypotheses)[0])))[0]
        return [seconds, values[0]]

    return side


def cached(first: Texts, second: Texts, references: References) -> list[float]:
    from vsa_toolkit.metrics.bleu import Bleu
    from vsa_toolkit.metrics.cache import StatisticsCache
    from vsa_toolkit.metrics.chrf import Chrf
    from vsa_toolkit.metrics.cider import Cider
    from vsa_toolkit.metrics.metric import TextMetric
    from vsa_toolkit.metrics.paired import differences
    from vsa_toolkit.metrics.rouge import RougeL
    from vsa_toolkit.metrics.segments import pair

    metrics: list[TextMetric] = [Bleu(), RougeL(), Cider(), Chrf()]
    with tempfile.TemporaryDirectory() as folder:

        def work() -> None:
            cache = StatisticsCache(Path(folder))
            for metric in metrics:
                one, other = (metric.count(pair(s, references), cache).statistics() for s in (first, second))
                differences(one, other, len(first), 0, RESAMPLES)

        return [timed(work)[0], timed(work)[0]]


SIDES = {
    "bleu": ours_paired("sacrebleu"),
    "bleu_coco": ours_paired("coco"),
    "sacrebleu": sacrebleu_paired,
    "cider": ours_cider,
    "coco_cider": coco("cider", "Cider"),
    "rouge": ours_rouge,
    "coco_rouge": coco("rouge", "Rouge"),
    "cached": cached,
}


if __name__ == "__main__":
    main()
