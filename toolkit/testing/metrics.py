"""What every metric of texts must keep."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import DataError
from ..metrics.metric import Metric, TextMetric
from ..metrics.segments import Segment
from ..options import Options
from ..signature import read_signature
from .checks import Check, CheckFailedError, DoesNotApplyError, add_to, require
from .option_help import check_options

METRIC_CHECKS: list[Check[MetricSubject]] = []
says = add_to(METRIC_CHECKS)

TEXTS = (
    ("a dog runs on the grass", ("a brown dog runs over green grass", "a dog is running on grass")),
    ("two children play with a ball", ("two kids play ball", "children are playing with a red ball")),
    ("a man", ("a man in a blue shirt climbs a rock", "someone climbs")),
    ("snow", ("a skier jumps in the snow", "a person skis down a hill")),
    ("a cat sits on a car", ("a cat sits on a car", "a cat on top of a car")),
)


class MetricSubject:
    """A metric class with options."""

    def __init__(self, kind: type[Metric[Any]], options: Options) -> None:
        self.kind, self.options = kind, options

    @cached_property
    def made(self) -> TextMetric:
        if not issubclass(self.kind, TextMetric):
            raise DoesNotApplyError("it does not score texts beside references")
        return self.kind(self.options)

    def segments(self, order: Sequence[int] = range(len(TEXTS))) -> list[Segment]:
        return [Segment(str(i), TEXTS[i][0], TEXTS[i][1], f"photo {i // 2}") for i in order]


@says("options", "Options have help; unknown ones are refused.")
def _options(subject: MetricSubject) -> None:
    check_options(subject.kind)


@says("values", "It gives its values, finite, for texts with references.")
def _values(subject: MetricSubject) -> None:
    score = subject.made.score(subject.segments(), resamples=20)
    require(tuple(score.values) == subject.made.keys, f"values are {tuple(score.values)}, keys say {subject.made.keys}")
    require(all(np.isfinite(e.value) for e in score.values.values()), "a value is not finite")


@says("statistics", "The sum of its rows gives the value of all of them.", ["values"])
def _statistics(subject: MetricSubject) -> None:
    if not subject.made.additive:
        raise DoesNotApplyError("it is a figure of all texts together")
    segments = subject.segments()
    rows = subject.made.statistics(segments)
    require(rows.shape[0] == len(segments), f"{len(segments)} texts gave {rows.shape[0]} rows")
    both = np.vstack([rows[:2].sum(axis=0) + rows[2:].sum(axis=0), rows.sum(axis=0)])
    for name, values in subject.made.values(both).items():
        require(bool(np.isclose(values[0], values[1])), f"{name} of two parts is not {name} of the whole")


@says("order", "The order of the texts is of no matter.", ["values"])
def _order(subject: MetricSubject) -> None:
    first, second = (subject.made.score(subject.segments(o), resamples=0).values for o in (range(5), (3, 0, 4, 1, 2)))
    for name in first:
        require(bool(np.isclose(first[name].value, second[name].value)), f"{name} depends on the order of the texts")


@says("direction", "A reference itself scores no worse than other words.", ["values"])
def _direction(subject: MetricSubject) -> None:
    if not subject.made.needs_references:
        raise DoesNotApplyError("it does not look at references")
    right = [Segment(str(i), refs[0], refs) for i, (_, refs) in enumerate(TEXTS)]
    wrong = [Segment(str(i), "zzyx wvut", refs) for i, (_, refs) in enumerate(TEXTS)]
    better, worse = (subject.made.score(texts, resamples=0).values for texts in (right, wrong))
    for name in better:
        gain = better[name].value - worse[name].value
        require(gain >= 0 if subject.kind.higher_is_better else gain <= 0, f"{name} likes other words better")


@says("empty-text", "An empty text is scored or refused by name, never left out.", ["values"])
def _empty(subject: MetricSubject) -> None:
    segments = [*subject.segments(), Segment("empty", "", TEXTS[0][1], "photo 9")]
    try:
        counted = subject.made.count(segments)
    except DataError as error:
        require("empty" in str(error), f"the error does not name the text: {error}")
        return
    require(len(counted.rows) == len(segments), "an empty text was left out")


@says("duplicates", "Two texts with one id are refused.", ["values"])
def _duplicates(subject: MetricSubject) -> None:
    try:
        subject.made.score([*subject.segments(), subject.segments()[0]], resamples=0)
    except DataError:
        return
    raise CheckFailedError("two texts with the id '0' were both scored")


@says("signature", "The signature names the metric, and tells each switch among its options.", ["values"])
def _signature(subject: MetricSubject) -> None:
    line = subject.made.score(subject.segments(), resamples=0).signature
    require("metric" in read_signature(line), f"it does not name the metric: {line}")
    for option, value in subject.options:
        if isinstance(value, bool):
            other = subject.kind(subject.options.model_copy(update={option: not value}))
            turned = other.score(subject.segments(), resamples=0).signature
            require(turned != line, f"it is the same whether {option} is on or off")
