"""Rows of the proxy table: does what ranks well also align well? Between runs, and between the sentences of one."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataError
from ..metrics.resampling import Sampled
from ..protocols import grounding, proxy, retrieval
from ..protocols.phrases import Phrases, read_phrases
from ..tables import Column, Row
from .reader import Evaluated, Reader, naming, sentence_images
from .request import OF_RUNS, Protocol, Request
from .retrieval import COLUMNS


def rows(reader: Reader, runs: Sequence[Evaluated]) -> list[Row]:
    """A row a retrieval figure over all runs (three at least), and a row a run over its sentences."""
    request, inside, judged = reader.request, list[Row](), list[proxy.Judged]()
    phrases: dict[str, Phrases] = {}
    for run in runs:
        scores, words = reader.array(run.info, "scores"), reader.array(run.info, "word_scores")
        if scores is None or words is None:
            continue
        split = reader.split_of(run.info)
        if all(region.is_frame for region in split.regions):
            reader.note(f"Run {run.info.id} is left out: the frame is its only region, so it aligns nothing.")
            continue
        if len(split.images) < 2:
            reader.note(f"Run {run.info.id} is left out: a single photo ranks nothing.")
            continue
        with naming(run.info):
            owner = sentence_images(split)
            if run.info.region_set not in phrases:
                phrases[run.info.region_set] = read_phrases(split, boxes=request.boxes)
            own = phrases[run.info.region_set]
            result = proxy.inside_run(
                scores, owner, words, own, reduce=request.reduce, seed=request.seed, resamples=request.resamples,
                about=run.about(),
            )  # fmt: skip
            found = retrieval.evaluate(scores, owner, seed=request.seed, resamples=max(request.resamples, 2))
            settings = grounding.Settings(request.reduce, seed=request.seed, resamples=max(request.resamples, 2))
            alone = grounding.evaluate(grounding.Aligned(own, words), None, settings)["alone"]
        inside.append(reader.keep(run, f"{run.name}: between its sentences", result))
        judged.append(proxy.Judged(_sampled(found.sampled), _sampled(alone.sampled)))
    if len(judged) < proxy.FEWEST:
        reader.note(
            f"Between runs nothing is shown: {len(judged)} have scores and alignments, {proxy.FEWEST} are needed "
            "(checkpoints of a training or several models, vsa run --produce scores,alignments)."
        )
        return inside
    about = {"dataset": runs[0].info.dataset, "split": runs[0].info.split}
    between = []
    for column in COLUMNS:
        try:
            result = proxy.between_runs(judged, column.key, about, intervals=request.resamples > 0)
        except DataError as error:
            reader.note(f"{column.group} {column.title} is left out: {error}")
            continue
        name = f"{column.group} {column.title} and accuracy, between {len(judged)} runs"
        between.append(Row(name, result.values, "run", signature=result.signature))
    return between + inside


def _sampled(sampled: Sampled | None) -> Sampled:
    assert sampled is not None  # there are resamples
    return sampled


def _columns(request: Request) -> Sequence[Column]:
    return (
        Column("spearman", "Spearman ρ", decimals=2, best=None),
        Column("kendall", "Kendall τ", decimals=2, best=None),
        Column("pearson", "Pearson r", decimals=2, best=None, spare=1),
        Column("runs", "runs", decimals=0, best=None),
        Column("sentences", "sentences", decimals=0, best=None),
    )


PROTOCOL = Protocol(
    _columns,
    "How retrieval goes with grounding. Between runs: a retrieval figure with the share of phrases whose best region "
    "is right, of every run, both on the same resampled images. Between the sentences of a run: how early a sentence "
    "finds its photo with the share of its phrases on the right region. 1: they go together, 0: they do not.",
    rows,
    "word_scores",
    OF_RUNS | {"reduce", "boxes"},
)
