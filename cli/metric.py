"""`vsa metric`: a metric of plain files, without a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsa_toolkit.errors import DataError, UserError

from . import options as shared

if TYPE_CHECKING:
    import numpy as np

    from vsa_toolkit.metrics.metric import Counted, Metric, Score
    from vsa_toolkit.tables import Table

RETRIEVAL = "retrieval"


@click.command("metric")
@click.argument("name", metavar="NAME")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", metavar="PROFILE", help="bleu: coco, multibleu, sacrebleu or individual.  [default: coco]")
@click.option(
    "--groups", metavar="G.npy", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="retrieval: the image row of each sentence (default: n consecutive sentences an image).",
)  # fmt: skip
@click.option("-o", "pairs", metavar="NAME=VALUE", multiple=True, help="An option of the metric; may be repeated.")
@click.option(
    "--options", "options_file", metavar="FILE.toml", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Options of the metric, from a file.",
)  # fmt: skip
@click.option("--segments", is_flag=True, help="The scores of each line instead of those of all together.")
@click.option(
    "--resamples", type=click.IntRange(0, 1_000_000), default=1000, show_default=True,
    help='Resamples by image for the intervals, where every line has an "image"; 0: no intervals.',
)  # fmt: skip
@shared.seed_option
@shared.format_option
def command(
    name: str, file: Path, profile: str | None, groups: Path | None, pairs: tuple[str, ...],
    options_file: Path | None, segments: bool, resamples: int, seed: int, output: str,
) -> None:  # fmt: skip
    """Score a file by the metric NAME: bleu, rouge, cider, chrf, meteor, distinct, copied, perplexity or retrieval.

    FILE holds one JSON object a line: {"id": …, "text": …, "references": ["…", …]}, and "image" in every line where
    intervals by image are wanted; distinct and copied need no references. perplexity reads {"id": …,
    "log_probability": …, "tokens": …} (natural logarithm, summed over the tokens) and "unknown". retrieval reads a
    matrix of scores, images × sentences, as .npy.

    Values are in percent, but for ranks, bits and perplexity. `vsa plugins show metrics NAME` lists the options of -o.
    meteor needs Java and pycocoevalcap; nothing else does.

    \b
    Examples:
      vsa metric bleu captions.jsonl --profile coco --format json
      vsa metric cider captions.jsonl --segments --format csv
      vsa metric perplexity sentences.jsonl -o vocabulary=2538 -o oov=removed
      vsa metric copied captions.jsonl -o training=training.txt
      vsa metric retrieval scores.npy --groups image_of_sentence.npy
    """
    if profile is not None and name != "bleu":
        raise UserError(f"--profile is an option of bleu; {name} has none.")
    if groups is not None and name != RETRIEVAL:
        raise UserError(f"--groups is an option of retrieval; {name} has none.")
    if name == RETRIEVAL:
        if segments or pairs or options_file:
            raise UserError("retrieval has no scores of segments and no options of its own.")
        _print_score(_retrieval(file, groups, seed, resamples), name, file, output)
        return
    pairs = (*pairs, f"profile={profile}") if profile else pairs
    counted = _count(_metric(name, pairs, options_file), file)
    if segments:
        _print_segments(counted, output)
        return
    _print_score(counted.score(seed=seed, resamples=resamples), name, file, output)


def _metric(name: str, pairs: tuple[str, ...], file: Path | None) -> Metric[Any]:
    from vsa_toolkit.errors import did_you_mean
    from vsa_toolkit.options import parse_options
    from vsa_toolkit.registry import registry

    known = [RETRIEVAL, *(row.name for row in registry().listings("metrics"))]
    if name not in known:
        raise UserError(f"there is no metric {name!r}{did_you_mean(name, known)}")
    found: type[Metric[Any]] = registry().get("metrics", name)
    return found(parse_options(found.Options, pairs, file, owner=f"metric {name}"))


def _count(metric: Metric[Any], file: Path) -> Counted:
    from vsa_toolkit.metrics.segments import read_lines

    items = [metric.read(line, where) for where, line in read_lines(file)]
    try:
        return metric.count(items)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _retrieval(file: Path, groups: Path | None, seed: int, resamples: int) -> Score:
    from vsa_toolkit.metrics.retrieval import retrieval

    scores, rows = _array(file), None if groups is None else _array(groups)
    try:
        return retrieval(scores, rows, seed=seed, resamples=resamples)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _array(file: Path) -> np.ndarray:
    import numpy as np

    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{file} is no .npy file of numbers, or not all of one (numpy.save writes them).") from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{file} holds several arrays (.npz); a single one (.npy) is expected.")
    return array


def _print_score(score: Score, name: str, file: Path, output: str) -> None:
    from vsa_toolkit import tables

    if output == "json":
        shown: dict[str, Any] = {"schema": 1, "signature": score.signature, "values": score.values_as_json()}
        if score.counts:
            shown["counts"] = dict(score.counts)
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False))
        return
    table = _table(score, name, file)
    if output != "rich":
        click.echo(tables.render(table, output), nl=False)
        return
    from rich.console import Console

    console = Console()
    console.print(tables.as_rich(table, console.width))


def _table(score: Score, name: str, file: Path) -> Table:
    """One row; of retrieval one for each direction."""
    from vsa_toolkit.tables import Column, Row, Table

    title = f"{name} of {file.name}"
    if name == RETRIEVAL:
        keys = [key.removeprefix("i2t_") for key in score.values if key.startswith("i2t_")]
        rows = [
            Row(direction, {key: score.values[f"{direction}_{key}"] for key in keys}, signature=score.signature)
            for direction in ("i2t", "t2i")
        ]
        return Table(title, f"metric {name}", [Column(key, key, best=None) for key in keys], rows)
    columns = [Column(key, key, decimals=2) for key in score.values]
    notes = [", ".join(f"{key} {value:g}" for key, value in score.counts.items())] if score.counts else []
    return Table(title, f"metric {name}", columns, [Row(file.name, score.values, signature=score.signature)], notes)


def _print_segments(counted: Counted, output: str) -> None:
    from .output import print_rows

    scores = counted.segment_scores()
    rows = [{"id": id, **{key: float(scores[key][i]) for key in scores}} for i, id in enumerate(counted.ids)]
    print_rows(rows, output)
