"""Means over the seeds of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..metrics.resampling import Estimate
from ..signature import joint_signature
from ..tables import Row
from .reader import Evaluated


def means_of_seeds(rows: Iterable[Row], runs: Sequence[Evaluated]) -> list[Row]:
    """For each model with several seeds, the mean and the sample standard deviation of each of its rows."""
    by_run = {run.info.id: run for run in runs}
    groups: dict[tuple[str, int | None, str], list[tuple[Evaluated, Row]]] = {}
    for row in rows:
        if row.run is None:
            continue
        run = by_run[row.run]
        groups.setdefault((run.model, run.epoch, row.name.removeprefix(run.name)), []).append((run, row))
    means = []
    for (_, epoch, variant), members in groups.items():
        members = list({run.seed: (run, row) for run, row in members}.values())  # of two runs of a seed the later
        if len(members) < 2:
            continue
        values = {
            key: Estimate(
                float(np.mean([row.values[key].value for _, row in members])),
                deviation=float(np.std([row.values[key].value for _, row in members], ddof=1)),
            )
            for key in members[0][1].values
            if all(key in row.values for _, row in members)
        }
        run = members[0][0]
        of_epoch = "" if epoch is None else f", epoch {epoch}"
        name = f"{run.short_name}{of_epoch}, mean of {len(members)} seeds{variant}"
        listed = ", ".join(str(run.info.id) for run, _ in members)
        signatures = [row.signature for _, row in members if row.signature]
        remarks = dict.fromkeys(remark for run, _ in members for remark in run.remarks)
        notes = (f"Mean of runs {listed}.", *remarks)
        means.append(Row(name, values, "run", None, run.info.backend, joint_signature(signatures), notes))
    return means
