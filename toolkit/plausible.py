"""What the values of one row of a table cannot be, whoever printed it: a checker for published rows and for our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

ROUNDING = 0.05  # percentages are printed with one decimal
_MEAN_MARGIN = 1.0
_CUTS = (1, 5, 10)
_PERCENT = ("i2t_r", "t2i_r", "bleu", "precision", "accuracy", "pointing", "upper_bound", "r5", "r10", "map", "box_f1")
_RISING = (
    tuple((f"i2t_r{k}", f"i2t R@{k}") for k in _CUTS),
    tuple((f"t2i_r{k}", f"t2i R@{k}") for k in _CUTS),
    (("accuracy", "accuracy"), ("r5", "R@5"), ("r10", "R@10"), ("upper_bound", "the upper bound")),
)
_ORDERS = 4


def impossible(
    values: Mapping[str, float], averaged: int = 1, rounding: float = ROUNDING, words: float | None = None
) -> list[str]:
    """Why the values of a row cannot all be right; empty where nothing speaks against them.

    - A percentage is between 0 and 100, a perplexity and a number of references at least 1.
    - A recall never falls with the cut; a median is at most K exactly where the recall at K is 50 or more (at 50.0 as
      printed, either may hold). Where the figures are means over several evaluations (`averaged`), recalls within one
      point of 50 say nothing of the mean of the medians.
    - With texts of `words` words on average: the n-grams that cumulative BLEU says were matched do not rise with n, for
      a matched trigram contains two matched bigrams. (With several references a handful of texts can break this, a test
      set cannot.) The figures were rounded by up to `rounding`.
    """
    reasons = _out_of_range(values)
    for names in _RISING:
        reasons += _falling(values, names, rounding)
    for direction in ("i2t", "t2i"):
        reasons += _contradicting_median(values, direction, averaged, rounding)
    if words is not None:
        reasons += _rising_matches(values, rounding, words)
    return reasons


def _out_of_range(values: Mapping[str, float]) -> list[str]:
    reasons = [
        f"{name} = {value:g} is no percentage"
        for name, value in values.items()
        if name.startswith(_PERCENT) and not 0 <= value <= 100 + 1e-9
    ]
    reasons += [f"{name} = {value:g} is below 1" for name, value in values.items()
                if name in ("perplexity", "nrefs") and not value >= 1]  # fmt: skip
    return reasons


def _falling(values: Mapping[str, float], names: Sequence[tuple[str, str]], rounding: float) -> list[str]:
    known = [(title, values[name]) for name, title in names if name in values]
    return [
        f"{title} = {recall:g} is below {before} = {earlier:g}"
        for (before, earlier), (title, recall) in pairwise(known)
        if recall < earlier - 2 * rounding
    ]


def _contradicting_median(
    values: Mapping[str, float], direction: str, averaged: int, rounding: float
) -> list[str]:  # fmt: skip
    median = values.get(f"{direction}_medr")
    if median is None:
        return []
    reasons = [f"{direction} median rank {median:g} is below 1: ranks count from 1"] if median < 1 else []
    margin = _MEAN_MARGIN if averaged > 1 else rounding
    for k in _CUTS:
        recall = values.get(f"{direction}_r{k}")
        if recall is None:
            continue
        if recall > 50 + margin and median > k:
            reasons.append(f"{direction} R@{k} = {recall:g} makes the median at most {k}, but {median:g} is given")
        if recall < 50 - margin and median <= k:
            reasons.append(f"{direction} R@{k} = {recall:g} puts the median above {k}, but {median:g} is given")
    return reasons


def _rising_matches(values: Mapping[str, float], rounding: float, words: float) -> list[str]:
    """B_n is the penalty times the geometric mean of the first n precisions p, so that
    p_(n+1) / p_n = B_(n+1)^(n+1) · B_(n−1)^(n−1) / B_n^(2n), whatever the penalty; and of texts of w words there are
    (w − n + 1) / (w − n) as many n-grams as (n+1)-grams. Texts too short for (n+1)-grams are not judged."""
    reasons = []
    for n in range(1, _ORDERS):
        if not all(f"bleu{k}" in values for k in range(1, n + 2)) or words <= n:
            continue
        low = max(values[f"bleu{n + 1}"] - rounding, 0) / 100
        high = (values[f"bleu{n}"] + rounding) / 100
        before = max(values[f"bleu{n - 1}"] - rounding, 0) / 100 if n > 1 else 1.0
        least = low ** (n + 1) * before ** (n - 1) / high ** (2 * n)
        if least > (words - n + 1) / (words - n):
            reasons.append(
                f"bleu{n + 1} = {values[f'bleu{n + 1}']:g} after bleu{n} = {values[f'bleu{n}']:g} needs more matched "
                f"{n + 1}-grams than {n}-grams"
            )
    return reasons
