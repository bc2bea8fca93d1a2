"""What is asked of an evaluation, and what a protocol is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..metrics.resampling import RESAMPLES
from ..protocols.phrase_scores import Reduce
from ..records import RunInfo
from ..tables import Column, Row

if TYPE_CHECKING:
    from .reader import Evaluated, Reader

Needs = Literal["scores", "word_scores", "captions", "region captions"]
Pool = Literal["grounding", "annotator", "iou"]
Profile = Literal["coco", "multibleu", "sacrebleu", "individual"]

OF_RUNS = frozenset({"runs", "split", "mean_of_seeds"})
"""The options that every table of runs reads."""


def _nothing(*about: object) -> Mapping[Any, str]:
    return {}


@dataclass(frozen=True)
class Request:
    """What to evaluate and how; options that a protocol does not name (`Protocol.options`) do nothing there.

    runs: these ones; empty: the newest finished run of each model on the split.
    val: the split on which weights and β are chosen (grounding; retrieval with combine).
    vectors: a GloVe or word2vec text file for the class names; reduce: how a phrase's words are put together; boxes:
    any of a phrase's boxes counts, or the one around them all; categories: a column for each kind of phrase
    (grounding).
    folds: the mean over that many equal parts of the split, as COCO's 1K figures are; combine: runs whose scores are
    added up for one more row (retrieval).
    profile: which BLEU; leave_one_out: people and models against one reference less (captions).
    pool: which phrases are references of a region (None: spans of one chain, or with a campaign its annotators');
    iou: from which overlap on; campaign: whose phrases (regions, dense, agreement). of: what people agree on; by: a row
    for each annotator or image (agreement).
    likeness: what compares texts (dense). judgements: the folder with the files of people's judgements (judgements).
    """

    protocol: str
    runs: Sequence[int] = ()
    dataset: str | None = None
    split: str = "test"
    seed: int = 0
    resamples: int = RESAMPLES
    published: bool = True
    mean_of_seeds: bool = False
    vectors: Path | None = None
    reduce: Reduce = "sum"
    val: str = "val"
    boxes: Literal["any", "merged"] = "any"
    categories: bool = False
    folds: int = 1
    combine: Sequence[int] = ()
    profile: Profile = "coco"
    leave_one_out: bool = False
    pool: Pool | None = None
    iou: float | None = None
    campaign: str | None = None
    of: Literal["sentences", "phrases", "campaign"] = "sentences"
    by: Literal["campaign", "annotator", "image"] = "campaign"
    likeness: Literal["chrf", "meteor"] = "chrf"
    judgements: Path | None = None


@dataclass(frozen=True)
class Protocol:
    """Which data, metrics and rules make a table.

    rows: what it makes of runs. needs: what a run must have made (None: the table is not about runs); made_by: the
    command that makes it, but for the split. unfit: why some of the runs that made it cannot be in the table, by
    their number. options: the names of `Request` that it reads beyond those that all protocols share; idle: those of
    them that do nothing beside the request's others, and what they need.
    """

    columns: Callable[[Request], Sequence[Column]]
    meaning: str
    rows: Callable[[Reader, Sequence[Evaluated]], list[Row]]
    needs: Needs | None
    options: frozenset[str] = OF_RUNS
    made_by: Callable[[Request], str] = lambda request: "vsa run --backend brnn"
    unfit: Callable[[Reader, Sequence[RunInfo]], Mapping[int, str]] = _nothing
    idle: Callable[[Request], Mapping[str, str]] = _nothing
