"""The kits of encoders, proposers, formats and metrics find what is wrong, under its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vsa_toolkit.encoder import Encoder
from vsa_toolkit.format import Format
from vsa_toolkit.metrics.metric import MeanMetric
from vsa_toolkit.proposer import Proposer
from vsa_toolkit.records import GroundingSpan, ImageBundle, RegionBox, SentenceText
from vsa_toolkit.testing import check_plugin


class Means(Encoder):
    """The colours of a photo's quarters."""

    name = "means"

    @property
    def dimension(self) -> int:
        return 3

    def spec(self) -> dict[str, Any]:
        return {"code": 1}

    def preprocess(self, photo: Any) -> torch.Tensor:
        return torch.from_numpy(np.array(photo.resize((8, 8)))).permute(2, 0, 1)

    def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(batch.to(self.dtype), 4)


class DependsOnTheBatch(Means):
    def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
        return super().feature_map(batch) - batch.float().mean()


class IsBlind(Means):
    def feature_map(self, batch: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(batch), 3, 2, 2, dtype=self.dtype)


class Corners(Proposer):
    """Boxes in the upper left, ever smaller."""

    name = "corners"

    def propose(self, photo: Any, frame: tuple[int, int], k: int) -> list[RegionBox]:
        width, height = photo.size
        return [RegionBox(str(n), (0, 0, width / (n + 1), height / (n + 1))) for n in range(k)]


class TooMany(Corners):
    def propose(self, photo: Any, frame: tuple[int, int], k: int) -> list[RegionBox]:
        return super().propose(photo, frame, k + 1)


class InFramePixels(Corners):
    def propose(self, photo: Any, frame: tuple[int, int], k: int) -> list[RegionBox]:
        return [RegionBox(str(n), (0, 0, frame[0] / (n + 1), frame[1] / (n + 1))) for n in range(k)]


class Lines(Format):
    """An image a line: its key, its sentence."""

    name = "lines"

    def read(self, path: Path, report: Any) -> Iterator[ImageBundle]:
        from vsa_toolkit.errors import DataError

        try:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read: {error}.") from error
        for number, line in enumerate(lines, start=1):
            key, tab, text = line.partition("\t")
            if not tab or not text.endswith("\n"):
                raise DataError(f"{path}, line {number}: it is not whole.")
            yield ImageBundle(key, sentences=(SentenceText(0, text.strip()),))


class HalfLines(Lines):
    def read(self, path: Path, report: Any) -> Iterator[ImageBundle]:
        yield from (
            ImageBundle(line.partition("\t")[0], sentences=(SentenceText(0, line.partition("\t")[2]),))
            for line in path.read_text(encoding="utf-8", errors="ignore").splitlines()
        )


class RefersElsewhere(Lines):
    def read(self, path: Path, report: Any) -> Iterator[ImageBundle]:
        for bundle in super().read(path, report):
            span = GroundingSpan(0, 0, 1, ("no such region",))
            yield ImageBundle(bundle.key, sentences=bundle.sentences, groundings=(span,))


class SameFirst(MeanMetric):
    """Whether the first word is that of a reference."""

    name = "same-first"
    value = "same_first"

    def scores(self, items: Any) -> np.ndarray:
        return np.array([item.text.split()[:1] in [r.split()[:1] for r in item.references] for item in items], float)


class LikesOtherWords(SameFirst):
    def scores(self, items: Any) -> np.ndarray:
        return 1 - super().scores(items)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "lines.tsv").write_text(
        "".join(f"photo{n}.jpg\ta dog number {n}\n" for n in range(9)), encoding="utf-8"
    )
    return tmp_path / "lines.tsv"


@pytest.mark.parametrize(
    ("kind", "thing", "expected"),
    [
        ("encoders", Means, []),
        ("encoders", DependsOnTheBatch, ["batch"]),
        ("encoders", IsBlind, ["sees"]),
        ("proposers", Corners, []),
        ("proposers", TooMany, ["boxes"]),
        ("proposers", InFramePixels, ["frame"]),
        ("formats", Lines, []),
        ("formats", HalfLines, ["refuses", "truncated"]),
        ("formats", RefersElsewhere, ["refers"]),
        ("metrics", SameFirst, []),
        ("metrics", LikesOtherWords, ["direction"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_fault_is_found_under_its_name(kind: str, thing: type, expected: list[str], source: Path) -> None:
    outcomes = list(check_plugin(kind, thing.name, source=source if kind == "formats" else None, thing=thing))
    assert [(o.name, o.detail) for o in outcomes if o.state == "failed" and o.name not in expected] == []
    assert [o.name for o in outcomes if o.state == "failed"] == expected
