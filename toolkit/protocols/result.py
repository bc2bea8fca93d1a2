"""What a protocol gives for one row: values with intervals, and the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..metrics.resampling import Estimate


@dataclass(frozen=True)
class Result:
    """One row of a table, before it has a name; `values` in percent, but for ranks."""

    values: Mapping[str, Estimate]
    signature: str

    def values_as_json(self) -> dict[str, dict[str, Any]]:
        return {name: estimate.as_json() for name, estimate in self.values.items()}
