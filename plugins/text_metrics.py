"""The metrics that come with vsa: what each is stands with its class in `vsa_toolkit.metrics`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vsa_toolkit import Metric, hookimpl
from vsa_toolkit.metrics.bleu import Bleu
from vsa_toolkit.metrics.chrf import Chrf
from vsa_toolkit.metrics.cider import Cider
from vsa_toolkit.metrics.diversity import Copied, Distinct
from vsa_toolkit.metrics.perplexity import Perplexity
from vsa_toolkit.metrics.rouge import RougeL


@hookimpl
def vsa_metrics(register: Callable[[type[Metric[Any]]], None]) -> None:
    for metric in (Bleu, Chrf, Cider, Copied, Distinct, Perplexity, RougeL):
        register(metric)
